/** The two calls most users need, on a runtime that needs no set-up. */
import type { ActivityContext } from './context/context.js';
import type { ActivityHandle } from './handle.js';
import type { ProxiedActivities } from './proxy.js';
import { ActivityRuntime, type ProxyOptions, type RunParameters } from './runtime.js';

// One per process, although the ES module and the CommonJS build are two copies of this file.
const KEY = /* @__PURE__ */ Symbol.for('systole.defaultRuntime');

/** The runtime of `runActivity`, made at first use. */
export function defaultRuntime(): ActivityRuntime {
  const holder = globalThis as unknown as Record<symbol, ActivityRuntime | undefined>;
  return (holder[KEY] ??= new ActivityRuntime());
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

/**
 * As `runActivity`, and returns a handle of the activity at once. See `ActivityRuntime.start`.
 *
 * @throws TypeError for a bad option: then nothing has been scheduled
 */
export function startActivity<A extends unknown[], R, D = unknown>(
  fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
  ...rest: RunParameters<A>
): ActivityHandle<Awaited<R>, D> {
  return defaultRuntime().start(fn, ...rest);
}

/**
 * The functions of an object, to be called without the context: each call runs an activity.
 *
 * @example
 * const { importRows } = proxyActivities(activities, { heartbeatTimeout: '10s' });
 * await importRows('big.csv');
 */
export function proxyActivities<T extends object>(
  activities: T,
  options?: ProxyOptions,
): ProxiedActivities<T> {
  return defaultRuntime().proxy(activities, options);
}
