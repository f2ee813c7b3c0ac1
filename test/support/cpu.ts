/** The CPU time of this process in milliseconds: unlike the clock, it does not see a busy machine. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
