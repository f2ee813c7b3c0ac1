/** Activities that wait for a worker: the best priority first, and within one the first that came. */
import type { Waiter } from '../runtime/shared/place.js';

export class Waiters {
  /** By priority. */
  readonly #sets: (Set<Waiter> | undefined)[] = [];

  get size(): number {
    return this.#sets.reduce((sum, set) => sum + (set?.size ?? 0), 0);
  }

  /** One that waits already keeps its place. */
  add(waiter: Waiter): void {
    (this.#sets[waiter.priority] ??= new Set()).add(waiter);
  }

  /** Takes out who is next. */
  next(): Waiter | undefined {
    for (const set of this.#sets) {
      for (const waiter of set ?? []) {
        set?.delete(waiter);
        return waiter;
      }
    }
    return undefined;
  }
}
