/** The activities that wait for a worker: the best priority first, then in the order they came. */
import type { Waiter } from '../runtime/shared/place.js';

export class Waiters {
  /** The waiters, by priority. */
  readonly #sets: (Set<Waiter> | undefined)[] = [];

  get size(): number {
    return this.#sets.reduce((sum, set) => sum + (set?.size ?? 0), 0);
  }

  /** A waiter that already waits keeps its place. */
  add(waiter: Waiter): void {
    (this.#sets[waiter.priority] ??= new Set()).add(waiter);
  }

  delete(waiter: Waiter): void {
    for (const set of this.#sets) set?.delete(waiter);
  }

  /** Takes out the next waiter. */
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
