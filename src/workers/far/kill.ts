/** The end of a worker process that has no program any more. */

/** Kills this process and those that the function has started, which are in the same group. */
export function killProcess(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL'); // Windows has no process groups
  }
}
