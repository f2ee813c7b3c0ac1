/** The two calls most users need, on a runtime that needs no set-up. */
import type { ActivityContext } from './context.js';
import { ActivityRuntime, type RunParameters } from './runtime.js';

// One per process, although the ES module and the CommonJS build are two copies of this file.
const KEY = 'systole.defaultRuntime';

/** The runtime of `runActivity`, made at first use. */
export function defaultRuntime(): ActivityRuntime {
  const holder = globalThis as unknown as Record<symbol, ActivityRuntime | undefined>;
  return (holder[Symbol.for(KEY)] ??= new ActivityRuntime());
}

/**
 * Runs an async function as an activity: with heartbeats, timeouts, retries and cancellation.
 * Resolves to its result. See `ActivityRuntime.run`.
 *
 * @example
 * const rows = await runActivity(importRows, {
 *   args: ['big.csv'],
 *   heartbeatTimeout: '10s',
 *   retryPolicy: { maximumAttempts: 5 },
 * });
 */
export function runActivity<A extends unknown[], R, D = unknown>(
  fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
  ...rest: RunParameters<A>
): Promise<Awaited<R>> {
  return defaultRuntime().run(fn, ...rest);
}
