/**
 * Slots: how many attempts may run, and how close together they may start. Who gets the next slot
 * is up to the queue.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Bucket, Deadline } from '../../kernel/deadline.js';
import type { Deadlines } from '../../kernel/deadlines.js';
import { Key, Queue, type Ticket } from './queue.js';

/** How much may run. All default to Infinity. */
export interface Limits {
  /** Attempts that run at once. */
  readonly slots: number;
  /** Of those, attempts with the same `concurrencyKey`. */
  readonly slotsPerKey: number;
  /** Attempts that begin in a second, evenly spaced. */
  readonly startsPerSecond: number;
}

/** Ahead of every priority that an option can give. */
const KEPT_PRIORITY = 0;

/** A deadline on an idle event loop comes this late at most. */
const TIMER_LATENESS_MS = 4;

/** So late is a deadline on an event loop that has work, but is not blocked. */
const BUSY_LATENESS_MS = 10;

export class Slots implements Deadline {
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  readonly #limits: Limits;
  /** Between two starts; 0 without a limit. */
  readonly #spacingMs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #queue = new Queue();
  readonly #noKey = new Key(undefined, Infinity);
  readonly #keys = new Map<string, Key>();
  /** Slots in use. */
  held = 0;
  /** Before this time nothing begins. */
  #nextStartAt = -Infinity;
  /** The time of the next start has come, and no slot has been handed out since. */
  #startIsDue = false;
  /** Slots are being handed out, or are held back while a change runs. */
  #busy = false;

  constructor(limits: Limits, clock: Clock, deadlines: Deadlines) {
    this.#limits = limits;
    this.#spacingMs = 1000 / limits.startsPerSecond;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Tickets that wait for a slot. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Begins the ticket now if a slot is free and nobody is ahead of it; otherwise it waits. */
  request(ticket: Ticket, now: number): void {
    const key = this.#keyOf(ticket);
    if (this.#queue.size === 0 && this.#isFree(now) && !key.full) {
      this.#take(key, now);
      ticket.begin(now);
    } else this.#wait(ticket, key, ticket.priority, now);
  }

  /** Begins the ticket in a slot that was kept for it: nobody is ahead of it, whatever it is. */
  resume(ticket: Ticket, now: number): void {
    this.release(ticket);
    const key = this.#keyOf(ticket);
    if (!this.#isTooSoon(now)) {
      this.#take(key, now);
      ticket.begin(now);
    } else this.#wait(ticket, key, KEPT_PRIORITY, now);
  }

  /** Waits for the end of the round in which the ticket has fallen due: other tickets may be in it. */
  enqueue(ticket: Ticket, now: number): void {
    this.#wait(ticket, this.#keyOf(ticket), ticket.priority, now);
  }

  #wait(ticket: Ticket, key: Key, priority: number, now: number): void {
    this.#queue.append(ticket, key, priority);
    this.handOut(now);
  }

  /** Leaves the queue; does nothing for a ticket that is not in it. */
  withdraw(ticket: Ticket): void {
    const key = this.#queue.remove(ticket);
    if (key === undefined) return;
    this.#forget(key);
    if (this.#queue.size === 0) this.#deadlines.disarm(this);
  }

  /** Frees a slot; `handOut` gives it to the next ticket, once the caller has told its own events. */
  release({ concurrencyKey }: Ticket): void {
    this.held--;
    const key = concurrencyKey === undefined ? undefined : this.#keys.get(concurrencyKey);
    if (key === undefined) return;
    key.release();
    this.#queue.reopen(key);
    this.#forget(key);
  }

  /** Frees a slot, and gives it to the next ticket. */
  giveBack(ticket: Ticket): void {
    this.release(ticket);
    this.handOut();
  }

  /** Gives free slots to the tickets that wait. One that begins may call back here. */
  handOut(read?: number): void {
    if (this.#busy || this.#queue.size === 0) return;
    const now = read ?? this.#clock.now();
    // A start that was waited for counts from when it was due: lateness must not add up.
    const waited = this.#startIsDue || this.bucket !== undefined;
    this.#startIsDue = false;
    this.#busy = true;
    try {
      while (this.#queue.size > 0 && this.#isFree(now)) {
        const next = this.#queue.next();
        if (next === undefined) break;
        this.#take(this.#queue.remove(next) as Key, waited ? this.#startDueAt(now) : now);
        next.begin(); // reads the clock: the tickets before it may have kept the loop busy
      }
    } finally {
      this.#busy = false;
    }
    if (this.#queue.size === 0) this.#deadlines.disarm(this);
    else if (this.#isTooSoon(now)) this.#deadlines.arm(this, this.#nextStartAt, now);
  }

  /**
   * Holds slots back while `change` runs, and hands them out at its end: whatever falls due in one
   * moment, or ends in one, competes before anything begins.
   */
  holdWhile(change: () => void): void {
    const outer = this.#busy;
    this.#busy = true;
    try {
      change();
    } finally {
      this.#busy = outer;
    }
    this.handOut();
  }

  /** The time of the next start has come. */
  onDue(now: number): void {
    this.#startIsDue = true;
    this.handOut(now);
  }

  /** Whether it would begin at once. Tickets that wait while a slot is free wait for their key. */
  isFree({ concurrencyKey }: Ticket, now: number): boolean {
    const key = concurrencyKey === undefined ? undefined : this.#keys.get(concurrencyKey);
    return this.#isFree(now) && key?.full !== true;
  }

  /** How many could begin at once. */
  free(now: number): number {
    const { slots, startsPerSecond } = this.#limits;
    if (!this.#isFree(now)) return 0;
    return startsPerSecond === Infinity ? slots - this.held : 1;
  }

  #isFree(now: number): boolean {
    return this.held < this.#limits.slots && !this.#isTooSoon(now);
  }

  /** No start is due later than a spacing from now, unless somebody has set the clock back. */
  #isTooSoon(now: number): boolean {
    return now < this.#nextStartAt && this.#nextStartAt <= now + this.#spacingMs;
  }

  /**
   * When the start that is made now was due, so that the lateness of timers does not add up. After a
   * blocked event loop that is now: starts are not made up for.
   */
  #startDueAt(now: number): number {
    const lateMs = now - this.#nextStartAt;
    const timerLateMs = Math.max(TIMER_LATENESS_MS, Math.min(this.#spacingMs, BUSY_LATENESS_MS));
    return lateMs < timerLateMs ? this.#nextStartAt : now;
  }

  /** @param spacedFrom when the start that is made now was due */
  #take(key: Key, spacedFrom: number): void {
    this.held++;
    key.take();
    if (this.#spacingMs > 0) this.#nextStartAt = spacedFrom + this.#spacingMs;
  }

  #keyOf({ concurrencyKey }: Ticket): Key {
    const { slotsPerKey } = this.#limits;
    if (concurrencyKey === undefined || slotsPerKey === Infinity) return this.#noKey;
    let key = this.#keys.get(concurrencyKey);
    if (key === undefined) {
      this.#keys.set(concurrencyKey, (key = new Key(concurrencyKey, slotsPerKey)));
    }
    return key;
  }

  /** A key that nobody uses any more takes no room. */
  #forget(key: Key): void {
    if (key.name !== undefined && key.held === 0 && key.waiting === 0) this.#keys.delete(key.name);
  }
}
