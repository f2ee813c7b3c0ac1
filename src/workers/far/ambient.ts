/**
 * The context of the running function, for `systole/context`. `AsyncLocalStorage` slows down every
 * promise on Node 20, so it is made only when a function asks for its context.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { provideAmbient, type Ambient } from '../../runtime/context/ambient.js';
import type { ActivityContext } from '../../runtime/context/context.js';

class FarAmbient implements Ambient {
  #storage: AsyncLocalStorage<ActivityContext> | undefined;
  /** The context of the running function, if it began without a storage. */
  #current: ActivityContext | undefined;

  getStore(): ActivityContext | undefined {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.getStore() ?? this.#current;
  }

  run<R, Args extends unknown[]>(
    context: ActivityContext,
    work: (...args: Args) => R,
    ...args: Args
  ): R {
    if (this.#storage !== undefined) return this.#storage.run(context, work, ...args);
    this.#current = context;
    return work(...args);
  }

  /** Called when the function has settled. */
  end(): void {
    this.#current = undefined;
  }
}

export const farAmbient = new FarAmbient();

/** Lets the code of this worker find it. */
export function provideFarAmbient(): void {
  provideAmbient(farAmbient);
}
