/** Moves virtual time on by itself, while somebody waits and nothing but waits is left. */
import type { HeartbeatStore } from '../heartbeat/store/store.js';
import { isThenable } from '../kernel/promises.js';
import type { Attempt } from '../runtime/attempt/attempt.js';
import type { Engine } from '../runtime/engine.js';
import type { Execution } from '../runtime/activity/execution.js';
import { macrotask } from './macrotask.js';
import type { VirtualClock } from './virtual-clock.js';

export class TimeSkipper {
  readonly #engine: Engine;
  readonly #clock: VirtualClock;
  /** The activities whose outcome is waited for, by how many. */
  readonly #awaited = new Map<Execution, number>();
  /** Other things waited for, such as a shutdown. */
  #others = 0;
  /**
   * Sleeps of the environment, each with the attempts that ran when it began: one of those awaits
   * it, and nobody can tell which.
   */
  readonly #sleeps = new Set<ReadonlySet<unknown>>();
  #looping = false;
  #nudged = false;

  constructor(engine: Engine, clock: VirtualClock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Time may skip until the activity has ended. */
  awaitOutcome(execution: Execution, result: Promise<unknown>): void {
    this.#awaited.set(execution, (this.#awaited.get(execution) ?? 0) + 1);
    const stop = (): void => {
      const count = this.#awaited.get(execution) ?? 0;
      if (count > 1) this.#awaited.set(execution, count - 1);
      else this.#awaited.delete(execution);
    };
    result.then(stop, stop);
    this.nudge();
  }

  /** Time may skip until the promise has settled. */
  awaitPromise(promise: Promise<unknown>): void {
    this.#others++;
    const stop = (): void => {
      this.#others--;
    };
    promise.then(stop, stop);
    this.nudge();
  }

  /** A sleep of something that is no activity, and that one awaits. */
  async sleep(ms: number): Promise<void> {
    const sleep = new Set(this.#engine.executions().map(currentAttempt));
    this.#sleeps.add(sleep);
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, ms));
    this.#sleeps.delete(sleep);
  }

  /** Something has changed: it may be time to skip. */
  nudge(): void {
    this.#nudged = true;
    if (!this.#looping) void this.#loop();
  }

  /** Each skip comes after a whole turn of the event loop in which nothing happened. */
  async #loop(): Promise<void> {
    this.#looping = true;
    try {
      do {
        this.#nudged = false;
        await macrotask();
      } while (this.#wasNudged() || (this.#maySkip() && this.#clock.fireNext()));
    } finally {
      this.#looping = false; // should a timer throw, the next nudge goes on
    }
  }

  #wasNudged(): boolean {
    return this.#nudged;
  }

  #maySkip(): boolean {
    // What has closed waits for its store at most, and that takes no virtual time.
    const wanted = this.#others > 0 || [...this.#awaited.keys()].some(({ isOpen }) => isOpen);
    return wanted && this.#allSleep();
  }

  /** Each function at work may be in a sleep of its own, which began when the function ran already. */
  #allSleep(): boolean {
    const atWork = this.#engine.executions().filter(isAtWork);
    const working = atWork.map((one) => currentAttempt(one) ?? one);
    const sleepsFor = working.map((one) => [...this.#sleeps].filter((it) => it.has(one)).length);
    // Whoever has run longer has the same sleeps to choose from, and more.
    return sleepsFor.sort((a, b) => a - b).every((sleeps, others) => sleeps > others);
  }
}

/** The attempt that runs, or one before it that the next waits for. */
function currentAttempt({ state }: Execution): Attempt | undefined {
  return state.attempt ?? state.waitsFor;
}

/** It does something that takes real time: a function runs, or its store is read. */
function isAtWork({ state }: Execution): boolean {
  if (state.attempt !== undefined) return state.attempt.working;
  return state.waitsFor?.busy ?? state.loading;
}

/** A store that tells when it was read: then there may be nothing left but waits, and no event. */
export function telling(store: HeartbeatStore, onRead: () => void): HeartbeatStore {
  return {
    get: (activityId) => {
      const stored = store.get(activityId);
      if (isThenable(stored)) return Promise.resolve(stored).finally(onRead);
      onRead();
      return stored;
    },
    set: (activityId, snapshot) => store.set(activityId, snapshot),
    delete: (activityId) => store.delete(activityId),
  };
}
