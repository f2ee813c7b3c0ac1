/**
 * Everything in a runtime that waits for a time, on one timer: timeouts, start delays, backoffs, ends
 * of throttle intervals, sleeps.
 *
 * Each millisecond has a bucket, which is an intrusive list, and a heap holds the buckets in order of
 * time. Arming and disarming take O(1), or O(log buckets) for the first deadline of a bucket. A
 * heartbeat moves no deadline: the deadline's owner checks again when the old time is reached.
 *
 * Buckets are handled in order of time, and promises settle after each one that wakes a function. On
 * a real event loop a full turn comes first, so everything that was ready runs before a timeout.
 */
import { LoopBlocks } from './blocks.js';
import { ROUNDING_MS, type Clock, type Timer } from './clock.js';
import { Bucket, type Deadline } from './deadline.js';
import { Heap } from './heap.js';

/**
 * The length of the first timer after an idle time. It stays set when its deadline goes away, so that
 * a short call neither sets nor clears a timer. It is also how long an idle runtime's timer can live.
 */
const IDLE_LEG_MS = 20;

/**
 * The minimum delay of a deadline that is armed while others are handled, as with the host's timers.
 * So time moves on even if something keeps arming itself.
 */
const MIN_DELAY_MS = 1;

/** A timer that is later than this may be lost: some code clears all timers of the host. */
const LOST_MS = 20;

/** The number of buckets from which it pays to look for empty ones. */
const SWEEP_FROM = 1_000;

/** A deadline that calls back, like a timer. */
class DeadlineTimer implements Deadline {
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  readonly wakes = true;
  readonly onDue: () => void;
  readonly #deadlines: Deadlines;

  constructor(onDue: () => void, deadlines: Deadlines) {
    this.onDue = onDue;
    this.#deadlines = deadlines;
  }

  clear(): void {
    this.#deadlines.disarm(this);
  }
}

export class Deadlines {
  readonly blocks = new LoopBlocks();
  readonly #clock: Clock;
  readonly #around: (fall: () => void) => void;
  readonly #buckets = new Map<number, Bucket>();
  /** An empty bucket stays until its time, or until most buckets are empty. */
  readonly #heap = new Heap<Bucket>();
  #sweepAt = SWEEP_FROM;
  /** The number of armed deadlines. */
  #armed = 0;
  #timer: Timer | undefined;
  /** A timer that should have fired and has not: it is late or lost. */
  #overdue: Timer | undefined;
  /** The time that the timer is set for. With an idle leg it may be before every bucket. */
  #timerAt = 0;
  #idleLeg = false;
  /** Set from when the timer fires until its bucket has been handled. No other timer is set then. */
  #serving = false;
  #firedAt = 0;
  #falling = false;

  /** @param around is called around each bucket that is handled */
  constructor(clock: Clock, around: (fall: () => void) => void = (fall) => fall()) {
    this.#clock = clock;
    this.#around = around;
  }

  /** Arms or moves a deadline. It is never early, and less than a millisecond late. */
  arm(deadline: Deadline, time: number, now: number): void {
    const due = time > now ? time : now + (this.#falling ? MIN_DELAY_MS : 0);
    const order = Math.ceil(due);
    const held = deadline.bucket;
    if (held !== undefined) {
      if (held.order === order) {
        held.move(due);
        return;
      }
      held.remove(deadline);
      this.#armed--;
    }
    let bucket = this.#buckets.get(order);
    if (bucket === undefined) {
      bucket = new Bucket(order);
      this.#buckets.set(order, bucket);
      this.#heap.push(bucket);
    }
    bucket.append(deadline, due);
    if (this.#heap.size > this.#sweepAt) this.#sweep();
    this.#armed++;
    if (this.#serving) return; // the timer is set afterwards
    if (this.#timer?.live !== true) this.#setTimer(now, true);
    else if (due < this.#timerAt) this.#setTimer(now, false);
    else if (now > this.#timerAt + LOST_MS) this.#replaceTimer(now);
  }

  disarm(deadline: Deadline): void {
    if (deadline.bucket === undefined) return;
    deadline.bucket.remove(deadline);
    this.#armed--;
    if (this.#armed === 0 && !this.#idleLeg) this.#rest();
  }

  now(): number {
    return this.#clock.now();
  }

  /** Calls back once, in order of time among all deadlines. */
  setTimer(callback: () => void, delayMs: number): Pick<Timer, 'clear'> {
    const timer = new DeadlineTimer(callback, this);
    const now = this.#clock.now();
    this.arm(timer, now + Math.max(0, delayMs), now);
    return timer;
  }

  #setTimer(now: number, fromIdle: boolean): void {
    const due = this.#soonest()?.due ?? Infinity;
    const idleAt = now + IDLE_LEG_MS;
    this.#idleLeg = fromIdle && due > idleAt && !this.#clock.steered;
    this.#timerAt = this.#idleLeg ? idleAt : due;
    this.#timer?.clear();
    this.#timer = this.#clock.setTimer(this.#onTimer, this.#timerAt - now);
  }

  /** Sets a second timer. The first may be just late, so it stays, or none might ever fire. */
  #replaceTimer(now: number): void {
    if (this.#overdue === undefined) this.#overdue = this.#timer;
    else this.#timer?.clear();
    this.#timer = undefined;
    this.#setTimer(now, false);
    this.#timerAt = now;
  }

  readonly #onTimer = (): void => {
    if (this.#serving) return;
    this.#clearTimers();
    this.#fire(this.#clock.now());
  };

  #fire(now: number): void {
    this.#serving = true;
    this.#firedAt = now;
    if (this.#clock.steered) this.#serve();
    else this.#clock.turn(this.#serve);
  }

  /** Handles all buckets that are due, in order of time. Deadlines armed meanwhile come later. */
  readonly #serve = (): void => {
    try {
      for (let bucket = this.#soonest(); bucket !== undefined; bucket = this.#soonest()) {
        if (bucket.due > this.#firedAt + ROUNDING_MS) break;
        const falling = bucket;
        this.#around(() => this.#fall(falling));
        if (falling.wakes) break; // the woken function runs before later deadlines
      }
    } finally {
      this.#serving = false;
      this.#continue(this.#clock.now());
    }
  };

  #fall(bucket: Bucket): void {
    const now = Math.max(bucket.due, this.#firedAt);
    this.blocks.note(bucket.due, now);
    // New deadlines in the same millisecond get another bucket.
    this.#buckets.delete(bucket.order);
    this.#falling = true;
    try {
      for (let next = bucket.first; next !== undefined; next = bucket.first) {
        bucket.remove(next);
        this.#armed--;
        next.onDue(now);
      }
    } finally {
      this.#falling = false; // after an error, the rest of the bucket comes next
    }
  }

  #continue(now: number): void {
    const next = this.#soonest();
    if (next === undefined) this.#rest();
    else if (next.due > now || this.#clock.steered) this.#setTimer(now, false);
    else this.#fire(now);
  }

  /** The first bucket that is not empty. Empty ones before it are dropped. */
  #soonest(): Bucket | undefined {
    let bucket = this.#heap.first;
    while (bucket !== undefined && bucket.first === undefined) {
      this.#heap.pop();
      this.#buckets.delete(bucket.order);
      bucket = this.#heap.first;
    }
    return bucket;
  }

  /** Drops the empty buckets. It happens again when there are twice as many as now remain. */
  #sweep(): void {
    this.#heap.sweep((bucket) => {
      const empty = bucket.first === undefined;
      if (empty) this.#buckets.delete(bucket.order);
      return !empty;
    });
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#heap.size);
  }

  #clearTimers(): void {
    this.#timer?.clear();
    this.#overdue?.clear();
    this.#timer = this.#overdue = undefined;
  }

  /** Clears the timer that stays for a while after the last deadline is gone. */
  clearIdleTimer(): void {
    if (this.#armed === 0) this.#rest();
  }

  /** Clears all timers and buckets, because nothing is armed. */
  #rest(): void {
    this.#clearTimers();
    this.#idleLeg = false;
    this.#heap.clear();
    this.#buckets.clear();
  }
}
