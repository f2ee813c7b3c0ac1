/**
 * The context of the running activity, for code that does not get it as an argument. See
 * `systole/context`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ActivityContext } from './context.js';

/** The part of `AsyncLocalStorage` that is used. */
export type Ambient = Pick<AsyncLocalStorage<ActivityContext>, 'getStore' | 'run'>;

// There is one per process, even if both the ES module and the CommonJS build are loaded.
const KEY = /* @__PURE__ */ Symbol.for('systole.context');

const holder = globalThis as unknown as Record<symbol, Ambient | undefined>;

/** The current storage; undefined before the first attempt that runs through `ambient`. */
export function maybeAmbient(): Ambient | undefined {
  return holder[KEY];
}

/** Made at first use, because it slows down every promise of the process on Node 20. */
export function ambient(): Ambient {
  return (holder[KEY] ??= new AsyncLocalStorage());
}

/** Gives all code of this process another one, in a worker. */
export function provideAmbient(provided: Ambient): void {
  holder[KEY] = provided;
}
