/**
 * systole/context: the context of the running activity without passing `ctx` around. Code deep below
 * an activity can heartbeat, and can still run outside one. For Node, Bun and Deno.
 *
 * The price is AsyncLocalStorage, which slows down every promise of the process on Node 20. You pay
 * it from the first attempt that runs through `contextInterceptor`.
 */
import { AsyncResource } from 'node:async_hooks';
import { refusable } from './kernel/stack.js';
import { ambient, maybeAmbient } from './runtime/context/ambient.js';
import type { ActivityContext } from './runtime/context/context.js';
import type { ActivityInterceptor } from './runtime/context/interceptors.js';

/**
 * Makes the context of each attempt the current one in everything its function calls and awaits.
 * Every attempt, queued and retried ones too, runs in the AsyncLocalStorage context of its own
 * caller: of the code that called `run` or `start`.
 *
 * @example
 * const runtime = new ActivityRuntime({ interceptors: [contextInterceptor] });
 */
export const contextInterceptor: ActivityInterceptor = {
  capture: () => {
    const caller = new AsyncResource('systole.activity');
    return (attempt) => caller.runInAsyncScope(attempt);
  },
  execute: (input, next) => ambient().run(input.context, next, input),
};

/**
 * Returns the context of the activity that runs this code.
 *
 * @throws Error outside an activity, or if its runtime lacks `contextInterceptor`
 */
export function currentContext<Details = unknown>(): ActivityContext<Details> {
  const context = maybeContext<Details>();
  if (context !== undefined) return context;
  throw new Error(
    'currentContext() was called outside an activity' +
      (maybeAmbient() === undefined
        ? ', or its runtime lacks the interceptor: ' +
          'new ActivityRuntime({ interceptors: [contextInterceptor] })'
        : ', or its runtime lacks contextInterceptor; maybeContext() and heartbeat() work anywhere'),
  );
}

/** Returns the context of the activity that runs this code; undefined outside one. */
export function maybeContext<Details = unknown>(): ActivityContext<Details> | undefined {
  return maybeAmbient()?.getStore() as ActivityContext<Details> | undefined;
}

/**
 * Calls `ctx.heartbeat` of the activity that runs this code. Does nothing outside one.
 *
 * @throws HeartbeatDetailsError for details that could not come back as they are
 */
export function heartbeat(details?: unknown): void {
  refusable(heartbeat, () => maybeContext()?.heartbeat(details));
}
