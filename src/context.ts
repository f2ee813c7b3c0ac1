/**
 * systole/context: the context of the running activity without passing it on, so that code deep
 * below an activity can heartbeat, and still run where there is none. For Node, Bun and Deno.
 *
 * The price is AsyncLocalStorage, which slows every promise of the process on Node 20. It is paid
 * from the first attempt on that runs through `contextInterceptor`, and not before.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { refusable } from './kernel/stack.js';
import type { ActivityContext } from './runtime/context/context.js';
import type { ActivityInterceptor } from './runtime/context/interceptors.js';

// One per process, although the ES module and the CommonJS build are two copies of this file.
const KEY = 'systole.context';

const holder = globalThis as unknown as Record<
  symbol,
  AsyncLocalStorage<ActivityContext> | undefined
>;

/**
 * Makes the context of each attempt the current one for all that the function calls and awaits.
 *
 * @example
 * const runtime = new ActivityRuntime({ interceptors: [contextInterceptor] });
 */
export const contextInterceptor: ActivityInterceptor = {
  execute: (input, next) => {
    const storage = (holder[Symbol.for(KEY)] ??= new AsyncLocalStorage());
    return storage.run(input.context, next, input);
  },
};

/**
 * The context of the activity that runs this code.
 *
 * @throws Error outside an activity, or in one whose runtime lacks `contextInterceptor`
 */
export function currentContext<Details = unknown>(): ActivityContext<Details> {
  const context = maybeContext<Details>();
  if (context !== undefined) return context;
  throw new Error(
    'currentContext() was called outside an activity' +
      (holder[Symbol.for(KEY)] === undefined
        ? ', or in one whose runtime lacks the interceptor: ' +
          'new ActivityRuntime({ interceptors: [contextInterceptor] })'
        : "; maybeContext() and heartbeat() may be called anywhere. An activity's runtime must " +
          'have contextInterceptor among its interceptors'),
  );
}

/** The context of the activity that runs this code; undefined outside one. */
export function maybeContext<Details = unknown>(): ActivityContext<Details> | undefined {
  return holder[Symbol.for(KEY)]?.getStore() as ActivityContext<Details> | undefined;
}

/**
 * `ctx.heartbeat` of the activity that runs this code; does nothing outside one.
 *
 * @throws HeartbeatDetailsError for details that could not come back as they are
 */
export function heartbeat(details?: unknown): void {
  refusable(heartbeat, () => maybeContext()?.heartbeat(details));
}
