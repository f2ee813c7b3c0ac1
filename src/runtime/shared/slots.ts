/**
 * Slots limit how many attempts may run and how close together they may start. The queue decides
 * which ticket gets the next slot.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Bucket, Deadline } from '../../kernel/deadline.js';
import type { Deadlines } from '../../kernel/deadlines.js';
import { Key, Queue, type Ticket } from './queue.js';

/** The limits of a runtime. All default to Infinity. */
export interface Limits {
  /** The maximum number of attempts that run at once. */
  readonly slots: number;
  /** The maximum number of attempts with the same `concurrencyKey` that run at once. */
  readonly slotsPerKey: number;
  /** The maximum number of attempts that start in a second, evenly spaced. */
  readonly startsPerSecond: number;
}

/** A priority ahead of all that users can give. */
const KEPT_PRIORITY = 0;

/** How late a deadline may be on an idle event loop. */
const TIMER_LATENESS_MS = 4;

/** How late a deadline may be on an event loop that is busy but not blocked. */
const BUSY_LATENESS_MS = 10;

export class Slots implements Deadline {
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  readonly #limits: Limits;
  /** The minimum time between two starts; 0 without a limit. */
  readonly #spacingMs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #queue = new Queue();
  readonly #noKey = new Key(undefined, Infinity);
  readonly #keys = new Map<string | undefined, Key>();
  /** The number of slots in use. */
  held = 0;
  /** No attempt starts before this time. */
  #nextStartAt = -Infinity;
  /** Set when the time of the next start has come and no slot has been handed out since. */
  #startIsDue = false;
  /** Set while slots are being handed out, or are held back during a change. */
  #busy = false;

  constructor(limits: Limits, clock: Clock, deadlines: Deadlines) {
    this.#limits = limits;
    this.#spacingMs = 1000 / limits.startsPerSecond;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** Slots that nobody holds. */
  get available(): number {
    return this.#limits.slots - this.held;
  }

  /** Begins the ticket now if a slot is free and no ticket is ahead of it. Otherwise it waits. */
  request(ticket: Ticket, now: number): void {
    const key = this.#keyOf(ticket);
    if (this.#queue.size === 0 && this.#isFree(now) && !key.full) {
      this.#take(key, now);
      ticket.begin(now);
    } else this.#wait(ticket, key, ticket.priority, now);
  }

  /** Begins the ticket in a slot that was kept for it, ahead of all other tickets. */
  resume(ticket: Ticket, now: number): void {
    this.release(ticket);
    const key = this.#keyOf(ticket);
    if (!this.#isTooSoon(now)) {
      this.#take(key, now);
      ticket.begin(now);
    } else this.#wait(ticket, key, KEPT_PRIORITY, now);
  }

  /** Whether the ticket waits only for the time of its start, because a slot was kept for it. */
  keepsOneFor({ queue }: Ticket): boolean {
    return queue !== undefined && queue === queue.key.queues[KEPT_PRIORITY];
  }

  /** Lets the ticket wait until all tickets that are due at the same moment are in the queue. */
  enqueue(ticket: Ticket, now: number): void {
    this.#wait(ticket, this.#keyOf(ticket), ticket.priority, now);
  }

  #wait(ticket: Ticket, key: Key, priority: number, now: number): void {
    this.#queue.append(ticket, key, priority);
    this.handOut(now);
  }

  /** Takes a ticket out of the queue. Does nothing if it is not in it. */
  withdraw(ticket: Ticket): void {
    const key = this.#queue.remove(ticket);
    if (key === undefined) return;
    this.#forget(key);
    if (this.#queue.size === 0) this.#deadlines.disarm(this);
  }

  /** Frees a slot. `handOut` gives it to the next ticket, after the caller has emitted its events. */
  release({ concurrencyKey }: Ticket): void {
    this.held--;
    const key = concurrencyKey === undefined ? undefined : this.#keys.get(concurrencyKey);
    if (key === undefined) return;
    key.release();
    this.#queue.reopen(key);
    this.#forget(key);
  }

  /** Frees a slot and gives it to the next ticket. */
  giveBack(ticket: Ticket): void {
    this.release(ticket);
    this.handOut();
  }

  /** Gives free slots to the tickets that wait. A ticket that begins may call this again. */
  handOut(read?: number): void {
    if (this.#busy || this.#queue.size === 0) return;
    const now = read ?? this.#clock.now();
    // If we waited for a start, it counts from when it was due, so that lateness does not add up.
    const waited = this.#startIsDue || this.bucket !== undefined;
    this.#startIsDue = false;
    this.#busy = true;
    try {
      while (this.#queue.size > 0 && this.#isFree(now)) {
        const next = this.#queue.next();
        if (next === undefined) break;
        this.#take(this.#queue.remove(next) as Key, waited ? this.#startDueAt(now) : now);
        next.begin(); // it reads the clock, because earlier tickets may have taken time
      }
    } finally {
      this.#busy = false;
    }
    if (this.#queue.size === 0) this.#deadlines.disarm(this);
    else if (this.#isTooSoon(now)) this.#deadlines.arm(this, this.#nextStartAt, now);
  }

  /**
   * Holds slots back while `change` runs, and hands them out at its end. So everything that is due or
   * ends at one moment competes before anything begins.
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

  /** Called when the time of the next start has come. */
  onDue(now: number): void {
    this.#startIsDue = true;
    this.handOut(now);
  }

  /** Whether a ticket would begin at once. Tickets that wait while a slot is free wait for a key. */
  isFree({ concurrencyKey }: Ticket, now: number): boolean {
    return this.#isFree(now) && this.#keys.get(concurrencyKey)?.full !== true;
  }

  /** How many tickets could begin at once. */
  free(now: number): number {
    if (!this.#isFree(now)) return 0;
    return this.#spacingMs === 0 ? this.available : 1;
  }

  #isFree(now: number): boolean {
    return this.held < this.#limits.slots && !this.#isTooSoon(now);
  }

  /** Whether a start must still wait. It waits no longer than one spacing, even if the clock jumps. */
  #isTooSoon(now: number): boolean {
    return now < this.#nextStartAt && this.#nextStartAt <= now + this.#spacingMs;
  }

  /**
   * The time from which the next spacing counts: when the current start was due, so that lateness
   * does not add up. After a blocked event loop it is now, because missed starts are lost.
   */
  #startDueAt(now: number): number {
    const lateMs = now - this.#nextStartAt;
    const timerLateMs = Math.max(TIMER_LATENESS_MS, Math.min(this.#spacingMs, BUSY_LATENESS_MS));
    return lateMs < timerLateMs ? this.#nextStartAt : now;
  }

  /** @param spacedFrom the time from which the next spacing counts */
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

  /** Forgets a key that is no longer in use. */
  #forget(key: Key): void {
    if (key.name !== undefined && key.held === 0 && key.waiting === 0) this.#keys.delete(key.name);
  }
}
