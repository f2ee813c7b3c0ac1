/** The functions that most users need, on a runtime that needs no setup. */
import { refusable } from '../kernel/stack.js';
import type { AnyFunction } from './attempt/owner.js';
import type { ActivityContext } from './context/context.js';
import type { ActivityHandle } from './handle.js';
import type { ProxiedActivities } from './proxy.js';
import { ActivityRuntime, RUN, type ProxyOptions, type RunParameters } from './runtime.js';

// There is one per process, even if both the ES module and the CommonJS build are loaded.
const KEY = /* @__PURE__ */ Symbol.for('systole.defaultRuntime');

/** The runtime that `runActivity` uses. It is made at first use, once per process. */
export function defaultRuntime(): ActivityRuntime {
  const holder = globalThis as unknown as Record<symbol, ActivityRuntime | undefined>;
  return (holder[KEY] ??= new ActivityRuntime());
}

/**
 * Runs a function as an activity, with heartbeats, timeouts, retries and cancellation, and resolves
 * to its result. See `ActivityRuntime.run` for what it rejects with.
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
  return defaultRuntime()[RUN](runActivity, fn as AnyFunction, rest) as Promise<Awaited<R>>;
}

/**
 * Starts an activity like `runActivity`, and returns its handle at once.
 *
 * @throws TypeError for a bad option, before anything is scheduled
 */
export function startActivity<A extends unknown[], R, D = unknown>(
  fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
  ...rest: RunParameters<A>
): ActivityHandle<Awaited<R>, D> {
  return refusable(startActivity, () => defaultRuntime().start(fn, ...rest));
}

/**
 * Makes functions that run activities. They have the same names and no context parameter.
 *
 * @example
 * const { importRows } = proxyActivities(activities, { heartbeatTimeout: '10s' });
 * await importRows('big.csv');
 */
export function proxyActivities<T extends object>(
  activities: T,
  options?: ProxyOptions,
): ProxiedActivities<T> {
  return refusable(proxyActivities, () => defaultRuntime().proxy(activities, options));
}
