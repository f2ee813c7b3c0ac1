/**
 * Every deadline of a runtime on one timer: timeouts, start delays, backoffs, throttle ends.
 *
 * Deadlines lie in buckets of 4 ms, each an intrusive list, and a heap holds the buckets in order
 * of time. Arming and disarming are O(1) but for the first deadline of a bucket, O(log buckets);
 * a heartbeat moves no deadline at all: its owner looks again when the old one falls due.
 */
import type { Clock, Timer } from './clock.js';
import { Heap } from './heap.js';

const BUCKET_MS = 4;

/**
 * The first timer after an idle time is this short, and is left armed when its deadline goes away:
 * a short call then sets no timer and clears none. It is also the longest that a timer of an idle
 * runtime lives.
 */
const IDLE_LEG_MS = 20;

/** From so many buckets on it is worth looking for empty ones. */
const SWEEP_FROM = 1_000;

/** Something that waits for a time. At most one deadline at once; arming again moves it. */
export abstract class Deadline {
  /** @internal The list it is in, and its neighbours there. */
  bucket: Bucket | undefined;
  /** @internal */
  earlier: Deadline | undefined;
  /** @internal */
  later: Deadline | undefined;

  /**
   * The time has come; the deadline is no longer armed. `now` is the clock's reading when this
   * round of deadlines began, and at least the time armed for. Must not throw.
   */
  abstract onDue(now: number): void;
}

class Bucket {
  /** The bucket falls due at `order * BUCKET_MS`, never before any of its deadlines. */
  readonly order: number;
  first: Deadline | undefined;
  last: Deadline | undefined;

  constructor(order: number) {
    this.order = order;
  }

  append(deadline: Deadline): void {
    deadline.bucket = this;
    deadline.earlier = this.last;
    deadline.later = undefined;
    if (this.last === undefined) this.first = deadline;
    else this.last.later = deadline;
    this.last = deadline;
  }

  remove(deadline: Deadline): void {
    const { earlier, later } = deadline;
    if (earlier === undefined) this.first = later;
    else earlier.later = later;
    if (later === undefined) this.last = earlier;
    else later.earlier = earlier;
    deadline.bucket = deadline.earlier = deadline.later = undefined;
  }
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #around: (round: () => void) => void;
  readonly #buckets = new Map<number, Bucket>();
  /** An emptied bucket stays: until its time, or until most of them are empty. */
  readonly #heap = new Heap<Bucket>();
  #sweepAt = SWEEP_FROM;
  #armed = 0;
  #timer: Timer | undefined;
  /** The bucket time the timer is set for; with an idle leg it may lie before every bucket. */
  #timerIndex = 0;
  #idleLeg = false;
  /** No bucket at or before this index is opened while a round runs: a zero delay is a real turn. */
  #roundIndex = -Infinity;

  /** @param around runs each round of deadlines that fall due together */
  constructor(clock: Clock, around: (round: () => void) => void = (round) => round()) {
    this.#clock = clock;
    this.#around = around;
  }

  /** Deadlines armed now. */
  get size(): number {
    return this.#armed;
  }

  /** Arms, or moves, a deadline to the time `due`; never early, at most a bucket late. */
  arm(deadline: Deadline, due: number, now: number): void {
    const index = Math.max(Math.ceil(due / BUCKET_MS), this.#roundIndex + 1);
    const held = deadline.bucket;
    if (held !== undefined) {
      if (held.order === index) return;
      held.remove(deadline);
      this.#armed--;
    }
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = new Bucket(index);
      this.#buckets.set(index, bucket);
      this.#heap.push(bucket);
    }
    bucket.append(deadline);
    if (this.#heap.size > this.#sweepAt) this.#sweep();
    this.#armed++;
    if (this.#roundIndex !== -Infinity) return; // the round sets the timer at its end
    if (this.#timer?.live !== true) this.#setTimer(index, now, true);
    else if (index < this.#timerIndex) this.#setTimer(index, now, false);
  }

  disarm(deadline: Deadline): void {
    if (deadline.bucket === undefined) return;
    deadline.bucket.remove(deadline);
    this.#armed--;
    if (this.#armed === 0 && !this.#idleLeg) this.#rest();
  }

  #setTimer(index: number, now: number, fromIdle: boolean): void {
    const idleIndex = Math.floor((now + IDLE_LEG_MS) / BUCKET_MS);
    this.#idleLeg = fromIdle && index > idleIndex;
    this.#timerIndex = this.#idleLeg ? idleIndex : index;
    this.#timer?.clear();
    this.#timer = this.#clock.setTimer(this.#onTimer, this.#timerIndex * BUCKET_MS - now);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    this.#roundIndex = Math.floor(now / BUCKET_MS);
    try {
      this.#around(() => this.#runRound(now));
    } finally {
      this.#roundIndex = -Infinity;
      const next = this.#soonest();
      if (next === undefined) this.#rest();
      else this.#setTimer(next.order, this.#clock.now(), false);
    }
  };

  #runRound(now: number): void {
    for (let bucket = this.#soonest(); bucket !== undefined; bucket = this.#soonest()) {
      if (bucket.order > this.#roundIndex) break;
      for (let next = bucket.first; next !== undefined; next = bucket.first) {
        bucket.remove(next);
        this.#armed--;
        next.onDue(now);
      }
    }
  }

  /** The first bucket that holds anything; emptied ones before it are dropped. */
  #soonest(): Bucket | undefined {
    let bucket = this.#heap.first;
    while (bucket !== undefined && bucket.first === undefined) {
      this.#drop(bucket);
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

  #drop(soonest: Bucket): void {
    this.#heap.pop();
    this.#buckets.delete(soonest.order);
  }

  /** Nothing is armed: no timer stays, and no emptied bucket. */
  #rest(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#idleLeg = false;
    this.#heap.clear();
    this.#buckets.clear();
  }
}
