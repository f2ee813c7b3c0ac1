/** Slots, and who gets the next one: by priority, then first come first served. */
import { PRIORITIES } from './options.js';

/** What wants a slot. It is in the queue at most once. */
export interface Waiter {
  /** The queue it is in, and its neighbours there: the scheduler's, initially undefined. */
  queue: Queue | undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;

  /** 1 (first) to 5 (last). */
  readonly priority: number;
  /** The slot is there, and held until `release`. `now` is given if the caller has just read it. */
  begin(now?: number): void;
}

export class Queue {
  first: Waiter | undefined;
  last: Waiter | undefined;
}

export class Scheduler {
  readonly #slots: number;
  readonly #queues: readonly Queue[] = Array.from({ length: PRIORITIES }, () => new Queue());
  #held = 0;
  #waiting = 0;
  #handingOut = false;

  /** @param slots how many may be held at once, up to Infinity */
  constructor(slots: number) {
    this.#slots = slots;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Begins the waiter now if there is a slot and nobody is ahead; else it waits. */
  request(waiter: Waiter, now: number): void {
    if (this.#waiting === 0 && this.#held < this.#slots) {
      this.#held++;
      waiter.begin(now);
      return;
    }
    const queue = this.#queues[waiter.priority - 1];
    if (queue === undefined) throw new RangeError(`no priority ${String(waiter.priority)}`);
    waiter.queue = queue;
    waiter.ahead = queue.last;
    if (queue.last === undefined) queue.first = waiter;
    else queue.last.behind = waiter;
    queue.last = waiter;
    this.#waiting++;
    this.handOut();
  }

  /** Leaves the queue; does nothing for one that is not in it. */
  withdraw(waiter: Waiter): void {
    const { queue, ahead, behind } = waiter;
    if (queue === undefined) return;
    if (ahead === undefined) queue.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) queue.last = ahead;
    else behind.ahead = ahead;
    waiter.queue = waiter.ahead = waiter.behind = undefined;
    this.#waiting--;
  }

  /** Gives a slot back. It is handed on by `handOut`, once the caller has finished its own news. */
  release(): void {
    this.#held--;
  }

  /** Gives free slots to those who wait. One that begins may call back here: the loop goes on. */
  handOut(): void {
    if (this.#handingOut || this.#waiting === 0) return;
    this.#handingOut = true;
    try {
      while (this.#waiting > 0 && this.#held < this.#slots) {
        const next = this.#queues.find((queue) => queue.first !== undefined)?.first;
        if (next === undefined) break;
        this.withdraw(next);
        this.#held++;
        next.begin();
      }
    } finally {
      this.#handingOut = false;
    }
  }
}
