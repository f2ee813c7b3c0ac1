/** The open activities of a runtime: to find, to count, and to know when there are none. */

/** An open activity: a link of the list, so that being listed costs next to nothing. */
export interface Registered {
  before: Registered | undefined;
  after: Registered | undefined;
}

export class Registry<T extends Registered> {
  readonly #byId = new Map<string, T>();
  #first: T | undefined;
  #last: T | undefined;
  #open = 0;
  #running = 0;
  #paused = 0;
  #idle: (() => void)[] = [];

  get open(): number {
    return this.#open;
  }

  get running(): number {
    return this.#running;
  }

  get paused(): number {
    return this.#paused;
  }

  add(activity: T, id: string | undefined): void {
    activity.before = this.#last;
    if (this.#last === undefined) this.#first = activity;
    else this.#last.after = activity;
    this.#last = activity;
    this.#open++;
    if (id !== undefined) this.#byId.set(id, activity);
  }

  remove(activity: T, id: string | undefined): void {
    const { before, after } = activity;
    if (before === undefined) this.#first = after as T | undefined;
    else before.after = after;
    if (after === undefined) this.#last = before as T | undefined;
    else after.before = before;
    activity.before = activity.after = undefined;
    this.#open--;
    if (id !== undefined) this.#byId.delete(id);
    this.#check();
  }

  /** An id was generated for an activity that is open. */
  name(activity: T, id: string): void {
    this.#byId.set(id, activity);
  }

  find(id: string): T | undefined {
    return this.#byId.get(id);
  }

  /** In the order they were scheduled, as of now. */
  all(): T[] {
    const all: T[] = [];
    for (let one = this.#first; one !== undefined; one = one.after as T | undefined) all.push(one);
    return all;
  }

  countRunning(change: 1 | -1): void {
    this.#running += change;
  }

  countPaused(change: 1 | -1): void {
    this.#paused += change;
    this.#check();
  }

  /** Settles when nothing waits or runs: every open activity, if any, is paused. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#check();
    });
  }

  #check(): void {
    if (this.#idle.length === 0 || this.#open > this.#paused) return;
    const waiting = this.#idle;
    this.#idle = [];
    waiting.forEach((resolve) => {
      resolve();
    });
  }
}
