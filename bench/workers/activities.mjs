// What the cases run in workers of systole. Imported by nothing else.
export const noop = () => 1;

export function beats(ctx, count) {
  const start = performance.now();
  for (let n = 0; n < count; n++) ctx.heartbeat(n);
  return ((performance.now() - start) * 1e6) / count;
}

export function hangsOnce(ctx) {
  if (ctx.info.attempt > 1) return Date.now();
  for (;;);
}

/** About 50 ms of computing. */
export function computes() {
  let sum = 0;
  for (let n = 0; n < 5e7; n++) sum = (sum * 31 + n) | 0;
  return sum;
}
