/**
 * Everything in a runtime that waits for a time, on one timer: timeouts, start delays, backoffs,
 * throttle ends, sleeps.
 *
 * Each millisecond has a bucket, which is an intrusive list, and a heap holds the buckets in the
 * order of time. Arming and disarming take O(1), and O(log buckets) for the first deadline of a
 * bucket. A heartbeat moves no deadline: its owner looks again when the old one falls due.
 *
 * Buckets fall due in the order of time, and promises settle after each that wakes a function. On a
 * real event loop they wait for a full turn first: what was ready before a timeout is told has run.
 */
import { LoopBlocks } from './blocks.js';
import { ROUNDING_MS, type Clock, type Timer } from './clock.js';
import { Bucket, Deadline } from './deadline.js';
import { Heap } from './heap.js';

/**
 * The first timer after an idle time is this short, and is left armed when its deadline goes away:
 * a short call then sets no timer and clears none. It is also the longest that a timer of an idle
 * runtime lives.
 */
const IDLE_LEG_MS = 20;

/**
 * What falls due and arms a deadline for now waits this long, as it would with a timer of the host:
 * so time goes on, whatever arms itself again and again.
 */
const LEAST_DELAY_MS = 1;

/** A timer that is late by this much may be lost: some code clears every timer of the host. */
const LOST_MS = 20;

/** From so many buckets on it is worth looking for empty ones. */
const SWEEP_FROM = 1_000;

/** A deadline that is a timer. */
class DeadlineTimer extends Deadline {
  readonly onDue: () => void;
  readonly #deadlines: Deadlines;

  constructor(onDue: () => void, deadlines: Deadlines) {
    super();
    this.onDue = onDue;
    this.#deadlines = deadlines;
  }

  clear(): void {
    this.#deadlines.disarm(this);
  }

  override get wakes(): boolean {
    return true;
  }
}

export class Deadlines {
  readonly blocks = new LoopBlocks();
  readonly #clock: Clock;
  readonly #around: (fall: () => void) => void;
  readonly #buckets = new Map<number, Bucket>();
  /** An emptied bucket stays: until its time, or until most of them are empty. */
  readonly #heap = new Heap<Bucket>();
  #sweepAt = SWEEP_FROM;
  #armed = 0;
  #timer: Timer | undefined;
  /** A timer whose time has passed and that has not fired: late, or lost. */
  #overdue: Timer | undefined;
  /** What the timer is set for; with an idle leg it may lie before every bucket. */
  #timerAt = 0;
  #idleLeg = false;
  /** From the firing of the timer until its bucket has fallen due: no other timer is set. */
  #serving = false;
  #firedAt = 0;
  #falling = false;

  /** @param around runs what falls due together */
  constructor(clock: Clock, around: (fall: () => void) => void = (fall) => fall()) {
    this.#clock = clock;
    this.#around = around;
  }

  /** Deadlines armed now. */
  get size(): number {
    return this.#armed;
  }

  /** Arms, or moves, a deadline; it is never early, and less than a millisecond late. */
  arm(deadline: Deadline, time: number, now: number): void {
    const due = time > now ? time : now + (this.#falling ? LEAST_DELAY_MS : 0);
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
    if (this.#serving) return; // the timer is set after that
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

  /** Calls back once, in the order of time among all deadlines. */
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

  /** The timer may be late only, so it still counts: put off again and again, it would never come. */
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

  /** What is due falls due, in the order of time. What is armed meanwhile comes later. */
  readonly #serve = (): void => {
    try {
      for (let bucket = this.#soonest(); bucket !== undefined; bucket = this.#soonest()) {
        if (bucket.due > this.#firedAt + ROUNDING_MS) break;
        const falling = bucket;
        this.#around(() => this.#fall(falling));
        if (falling.wakes) break; // what it woke runs before anything that was due later
      }
    } finally {
      this.#serving = false;
      this.#goOn(this.#clock.now());
    }
  };

  #fall(bucket: Bucket): void {
    const now = Math.max(bucket.due, this.#firedAt);
    this.blocks.note(bucket.due, now);
    // Deadlines of its millisecond that are armed meanwhile get another bucket.
    this.#buckets.delete(bucket.order);
    this.#falling = true;
    try {
      for (let next = bucket.first; next !== undefined; next = bucket.first) {
        bucket.remove(next);
        this.#armed--;
        next.onDue(now);
      }
    } finally {
      this.#falling = false; // after a throw the rest of the bucket falls due next
    }
  }

  #goOn(now: number): void {
    const next = this.#soonest();
    if (next === undefined) this.#rest();
    else if (next.due > now || this.#clock.steered) this.#setTimer(now, false);
    else this.#fire(now);
  }

  /** The first bucket that holds anything; emptied ones before it are dropped. */
  #soonest(): Bucket | undefined {
    let bucket = this.#heap.first;
    while (bucket !== undefined && bucket.first === undefined) {
      this.#heap.pop();
      this.#buckets.delete(bucket.order);
      bucket = this.#heap.first;
    }
    return bucket;
  }

  /** Drops the empty buckets. The next time comes when there are twice as many as are left. */
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

  /** Clears the timer that is left for a while when nothing is armed any more. */
  clearIdleTimer(): void {
    if (this.#armed === 0) this.#rest();
  }

  /** Nothing is armed: no timer stays, and no emptied bucket. */
  #rest(): void {
    this.#clearTimers();
    this.#idleLeg = false;
    this.#heap.clear();
    this.#buckets.clear();
  }
}
