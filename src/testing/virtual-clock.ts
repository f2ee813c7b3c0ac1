/** A clock that moves only when it is told to. */
import type { Clock, Timer } from '../kernel/clock.js';
import { Heap } from '../kernel/heap.js';
import { macrotask } from './macrotask.js';

/** All timers that are due at one moment, in the order they were set. */
interface Moment {
  readonly order: number;
  readonly callbacks: Set<() => void>;
}

/** The number of moments from which it pays to look for those whose timers were all cleared. */
const SWEEP_FROM = 1_000;

export class VirtualClock implements Clock {
  /** Where wall time stands when the monotonic clock is at 0. */
  static readonly EPOCH = Date.UTC(2026, 0, 1);

  readonly steered: boolean;

  #onTimerSet: (() => void) | undefined;

  #now = 0;
  #pending = 0;
  readonly #moments = new Map<number, Moment>();
  readonly #heap = new Heap<Moment>();
  #sweepAt = SWEEP_FROM;

  /** @param steered false to behave like a host's clock, for tests that depend on it */
  constructor(steered = true) {
    this.steered = steered;
  }

  /** Calls the listener after each `setTimer` from now on. */
  whenTimerSet(listener: () => void): void {
    this.#onTimerSet = listener;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.wallAt(this.#now);
  }

  wallAt(reading: number): number {
    return VirtualClock.EPOCH + Math.floor(reading);
  }

  /** A timer in the background fires in its turn, but time never skips for its sake. */
  setTimer(callback: () => void, delayMs: number, background = false): Timer {
    const at = this.#now + Math.max(0, delayMs);
    const { callbacks } = this.#momentAt(at);
    const weight = background ? 0 : 1;
    const fire = (): void => {
      this.#pending -= weight;
      callback();
    };
    callbacks.add(fire);
    this.#pending += weight;
    if (!background) this.#onTimerSet?.();
    return {
      live: !this.steered, // so that each wait sets a timer, and `whenTimerSet` hears of it
      clear: () => {
        if (callbacks.delete(fire)) this.#pending -= weight;
      },
    };
  }

  turn(callback: () => void): void {
    this.setTimer(callback, 0);
  }

  #momentAt(at: number): Moment {
    let moment = this.#moments.get(at);
    if (moment === undefined) {
      if (this.#heap.size > this.#sweepAt) this.#sweep();
      moment = { order: at, callbacks: new Set() };
      this.#moments.set(at, moment);
      this.#heap.push(moment);
    }
    return moment;
  }

  #sweep(): void {
    this.#heap.sweep(({ order, callbacks }) => {
      if (callbacks.size === 0) this.#moments.delete(order);
      return callbacks.size > 0;
    });
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#heap.size);
  }

  /** The number of timers that have neither fired nor been cleared, apart from those in the background. */
  get pending(): number {
    return this.#pending;
  }

  /** Moves to the next timer that is due by `until` and fires it; false if there is none. */
  fireNext(until = Infinity): boolean {
    if (this.#pending === 0 && until === Infinity) return false;
    for (let moment = this.#heap.first; moment !== undefined; moment = this.#heap.first) {
      if (moment.order > until || moment.order === Infinity) return false;
      const [callback] = moment.callbacks;
      if (callback === undefined) {
        this.#heap.pop();
        this.#moments.delete(moment.order);
        continue;
      }
      moment.callbacks.delete(callback);
      this.#now = Math.max(this.#now, moment.order);
      callback();
      return true;
    }
    return false;
  }

  /** Moves on and fires timers one by one, in order. Promises settle before and after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await macrotask();
    while (this.fireNext(until)) await macrotask();
    this.#now = Math.max(this.#now, until);
  }

  /** Moves on like a blocked event loop: no timer fires until all of the time has passed. */
  block(ms: number): void {
    this.#now += ms;
  }
}
