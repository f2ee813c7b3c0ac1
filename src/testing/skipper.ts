/** Moves virtual time on by itself while a result is awaited and everything waits for time. */
import type { HeartbeatStore } from '../heartbeat/store/store.js';
import { isThenable } from '../kernel/promises.js';
import type { Attempt } from '../runtime/attempt/attempt.js';
import type { Engine } from '../runtime/engine.js';
import type { Execution } from '../runtime/activity/execution.js';
import { macrotask } from './macrotask.js';
import { StuckWatch } from './stuck.js';
import type { VirtualClock } from './virtual-clock.js';

export class TimeSkipper {
  readonly #engine: Engine;
  readonly #clock: VirtualClock;
  /** The activities whose outcome is awaited, each with the number of callers who await it. */
  readonly #awaited = new Map<Execution, number>();
  /** The number of other awaited promises, such as a shutdown. */
  #others = 0;
  /**
   * The sleeps of the environment, each with the attempts that were running when it began. One of
   * those awaits the sleep; there is no way to tell which.
   */
  readonly #sleeps = new Set<ReadonlySet<unknown>>();
  readonly #stuck: StuckWatch;
  #looping = false;
  #nudged = false;

  /** @param stuckAfterMs how long nothing may move in real time while an outcome is awaited */
  constructor(engine: Engine, clock: VirtualClock, stuckAfterMs: number) {
    this.#engine = engine;
    this.#clock = clock;
    this.#stuck = new StuckWatch(stuckAfterMs);
  }

  /** Lets time skip until the activity has closed. */
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

  /** Lets time skip until the promise has settled. */
  awaitPromise(promise: Promise<unknown>): void {
    this.#others++;
    const stop = (): void => {
      this.#others--;
    };
    promise.then(stop, stop);
    this.nudge();
  }

  /** A sleep outside any activity, such as one of a fake that an activity awaits. */
  async sleep(ms: number): Promise<void> {
    const sleep = new Set(this.#engine.executions().map(workOf));
    this.#sleeps.add(sleep);
    await new Promise<void>((resolve) => this.#clock.setTimer(resolve, ms));
    this.#sleeps.delete(sleep);
  }

  /** Called when something has changed, so that it may be time to skip. */
  nudge(): void {
    this.#nudged = true;
    this.#stuck.clear();
    if (!this.#looping) void this.#loop();
  }

  /** Skips only after a whole turn of the event loop in which nothing happened. */
  async #loop(): Promise<void> {
    this.#looping = true;
    try {
      do {
        this.#nudged = false;
        await macrotask();
      } while (this.#wasNudged() || (this.#maySkip() && this.#clock.fireNext()));
      if (this.#maySkip())
        this.#stuck.begin(() => (this.#maySkip() ? this.#engine.executions() : []));
    } finally {
      this.#looping = false; // if a timer throws, the next nudge continues
    }
  }

  #wasNudged(): boolean {
    return this.#nudged;
  }

  #maySkip(): boolean {
    // A closed activity waits for its store at most, and that takes no virtual time.
    const wanted = this.#others > 0 || [...this.#awaited.keys()].some(({ isOpen }) => isOpen);
    return wanted && this.#allSleep();
  }

  /** Whether every working function can be matched to a sleep that began while it was running. */
  #allSleep(): boolean {
    const atWork = this.#engine.executions().filter(isAtWork);
    const working = atWork.map(workOf);
    const sleepsFor = working.map((one) => [...this.#sleeps].filter((it) => it.has(one)).length);
    // A function that has run longer can choose from the same sleeps and more.
    return sleepsFor.sort((a, b) => a - b).every((sleeps, others) => sleeps > others);
  }
}

/** The running attempt, or the earlier one that the next attempt waits for. */
function currentAttempt({ state }: Execution): Attempt | undefined {
  return state.attempt ?? state.waitsFor;
}

/** What works for an activity: an attempt, or something between attempts. */
function workOf(execution: Execution): Attempt | Execution {
  return currentAttempt(execution) ?? execution;
}

/**
 * Whether something takes real time: a function runs, the store is being read, a worker starts, or a
 * hook of the retry policy decides.
 */
function isAtWork({ state, place, queue }: Execution): boolean {
  if (state.phase === 'WAITING') return place !== undefined && queue === undefined;
  if (state.attempt !== undefined) return state.attempt.busy && state.attempt.holdsSlot;
  return state.held !== undefined || (state.waitsFor?.busy ?? state.loading);
}

/** A store that calls `onRead` after each read: afterwards everything may wait, without an event. */
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
