/** The end of a worker process that has no program any more. */

/** Also kills the processes that the function has started, because they are in the same group. */
export function killProcess(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL'); // Windows has no process groups
  }
}
