/** The open activities of a runtime: to find, to count, and to know when there are none. */
import type { Deferred } from '../../kernel/promises.js';
import type { Outbox } from './outbox.js';

/** Where an activity stands. `activity/state.ts` draws the moves, and is the only file to make them. */
export type Phase = 'SCHEDULED' | 'WAITING' | 'RUNNING' | 'PAUSED' | 'CLOSED';

/** An open activity is a link of the list: being listed costs next to nothing. The registry writes it. */
export interface Listed {
  before: Listed | undefined;
  after: Listed | undefined;
}

/** The activities of a runtime that still matter to it. */
export interface Roster<T extends Listed> {
  readonly open: Registry<T>;
  /** Closed activities whose functions still run: each with a promise of their end, and its id. */
  readonly closedButRunning: Map<Deferred<void>, string>;
  /** Closed activities whose end is not told yet, by id: a new one of that id tells it first. */
  readonly untold: Map<string, Outbox>;
}

export class Registry<T extends Listed> {
  readonly #byId = new Map<string, T>();
  /** Activities that have not closed. */
  open = 0;
  // Open activities by their phase. A field each: a look-up by name takes as long as the rest of a move.
  scheduled = 0;
  waiting = 0;
  running = 0;
  paused = 0;
  /** Activities whose store is being read and that want a slot right after. */
  loading = 0;
  #first: T | undefined;
  #last: T | undefined;
  #idle: (() => void)[] = [];

  /** An activity changes its phase; from `undefined` when it is new. */
  move(activity: T, from: Phase | undefined, to: Phase): void {
    if (from !== undefined) this.#count(from, -1);
    this.#count(to, 1);
    if (from === undefined && to !== 'CLOSED') this.#append(activity);
    else if (from !== undefined && to === 'CLOSED') this.#remove(activity);
    if (this.#idle.length > 0) this.#tellIfIdle();
  }

  #count(phase: Phase, change: 1 | -1): void {
    if (phase === 'SCHEDULED') this.scheduled += change;
    else if (phase === 'WAITING') this.waiting += change;
    else if (phase === 'RUNNING') this.running += change;
    else if (phase === 'PAUSED') this.paused += change;
  }

  countLoading(change: 1 | -1): void {
    this.loading += change;
  }

  #append(activity: T): void {
    activity.before = this.#last;
    if (this.#last === undefined) this.#first = activity;
    else this.#last.after = activity;
    this.#last = activity;
    this.open++;
  }

  #remove(activity: T): void {
    const { before, after } = activity;
    if (before === undefined) this.#first = after as T | undefined;
    else before.after = after;
    if (after === undefined) this.#last = before as T | undefined;
    else after.before = before;
    activity.before = activity.after = undefined;
    this.open--;
  }

  /** Makes an open activity known by its id. */
  name(activity: T, id: string): void {
    this.#byId.set(id, activity);
  }

  /** The id is free again. */
  forget(id: string): void {
    this.#byId.delete(id);
  }

  find(id: string): T | undefined {
    return this.#byId.get(id);
  }

  /** All open activities, in the order they were scheduled. */
  all(): T[] {
    const all: T[] = [];
    for (let one = this.#first; one !== undefined; one = one.after as T | undefined) all.push(one);
    return all;
  }

  /** Settles when nothing waits or runs: every open activity, if any, is paused. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIfIdle();
    });
  }

  #tellIfIdle(): void {
    if (this.open > this.paused) return;
    const waiting = this.#idle;
    this.#idle = [];
    waiting.forEach((resolve) => {
      resolve();
    });
  }
}
