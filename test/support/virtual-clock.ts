import type { Clock, Timer } from '../../src/clock.js';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when told. */
export class VirtualClock implements Clock {
  /** Where wall time stands when the monotonic clock is at 0. */
  static readonly EPOCH = Date.UTC(2026, 0, 1);

  #now = 0;
  #order = 0;
  readonly #pending = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return VirtualClock.EPOCH + this.#now;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pending.add(timer);
    return { clear: () => void this.#pending.delete(timer), live: true };
  }

  /** Timers set and neither fired nor cleared. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Moves on, firing timers one by one in order; promises settle before and after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await turn();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#fire(next);
      await turn();
    }
    this.#now = until;
  }

  /** Moves on as a blocked event loop would: nothing fires until all of it has passed. */
  block(ms: number): void {
    this.#now += ms;
  }

  #next(until: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.at > until) continue;
      const earlier =
        next === undefined ||
        timer.at < next.at ||
        (timer.at === next.at && timer.order < next.order);
      if (earlier) next = timer;
    }
    return next;
  }

  #fire(timer: Pending): void {
    this.#pending.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
  }
}

/** A real turn of the event loop: every promise that can settle has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
