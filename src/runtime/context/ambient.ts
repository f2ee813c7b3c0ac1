/**
 * The context of the running activity, for code that does not get it as an argument. See
 * `systole/context`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityContext } from './context.js';

// There is one per process, even if both the ES module and the CommonJS build are loaded.
const KEY = 'systole.context';

const holder = globalThis as unknown as Record<
  symbol,
  AsyncLocalStorage<ActivityContext> | undefined
>;

/** Undefined before the first attempt that runs through `ambient`. */
export function maybeAmbient(): AsyncLocalStorage<ActivityContext> | undefined {
  return holder[Symbol.for(KEY)];
}

/** Made at first use, because it slows down every promise of the process on Node 20. */
export function ambient(): AsyncLocalStorage<ActivityContext> {
  return (holder[Symbol.for(KEY)] ??= new AsyncLocalStorage());
}
