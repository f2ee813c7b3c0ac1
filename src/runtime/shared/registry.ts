/** The open activities of a runtime. It finds them, counts them, and knows when none is left. */
import type { Deferred } from '../../kernel/promises.js';
import type { Outbox } from './outbox.js';

/** What an activity is doing. Only `activity/state.ts` changes it, and it explains the moves. */
export type Phase = 'SCHEDULED' | 'WAITING' | 'RUNNING' | 'PAUSED' | 'CLOSED';

/** An activity as a link of the list of open ones. Only the registry writes these fields. */
export interface Listed {
  before: Listed | undefined;
  after: Listed | undefined;
  /** Called when its phase, its delay, its options, or what it was asked to do has changed. */
  changed(): void;
}

/** The activities of a runtime that still matter to it. */
export interface Roster<T extends Listed> {
  readonly open: Registry<T>;
  /** The closed activities whose functions still run: a promise of their end, and the id. */
  readonly closedButRunning: Map<Deferred<void>, string>;
  /** Closed activities whose events still wait, by id. A new one with that id sends them first. */
  readonly untold: Map<string, Outbox>;
}

export class Registry<T extends Listed> {
  readonly #byId = new Map<string, T>();
  /** The number of activities that have not closed. */
  open = 0;
  // Open activities by phase. Each has a field, because a look-up by name would be slow.
  scheduled = 0;
  waiting = 0;
  running = 0;
  paused = 0;
  /** The number of activities whose store is being read and that want a slot right after. */
  loading = 0;
  /** The activities that did not get a slot at once, from the one that has waited the longest. */
  #waiters: Set<T> | undefined;
  #first: T | undefined;
  #last: T | undefined;
  #idle: (() => void)[] = [];

  /** Called when an activity changes its phase. A new one comes from `undefined`. */
  move(activity: T, from: Phase | undefined, to: Phase): void {
    if (from !== undefined) this.#count(from, -1);
    if (from === 'WAITING') this.#waiters?.delete(activity);
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

  /** Called when an activity has begun to wait and did not get a slot at once. */
  addWaiter(activity: T): void {
    (this.#waiters ??= new Set()).add(activity);
  }

  /** The activity that has waited for a slot the longest. */
  get oldestWaiter(): T | undefined {
    return this.#waiters?.values().next().value;
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

  name(activity: T, id: string): void {
    this.#byId.set(id, activity);
  }

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

  /** Resolves when nothing waits or runs. Paused activities do not count. */
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
