/**
 * Slots, and who gets the next one: by priority, and within it first come first served; but nobody
 * whose key has all the slots it may have, and nobody before the next start is due.
 */
import type { Clock } from '../../kernel/clock.js';
import { Deadline, type Deadlines } from '../../kernel/deadlines.js';
import { Heap } from '../../kernel/heap.js';

/** How much may run. All default to Infinity. */
export interface Limits {
  /** Attempts that run at once. */
  readonly slots: number;
  /** Of those, attempts with the same `concurrencyKey`. */
  readonly slotsPerKey: number;
  /** Attempts that begin in a second, evenly spaced. */
  readonly startsPerSecond: number;
}

/** What wants a slot. It is in the queue at most once. */
export interface Waiter {
  /** Where it waits, and its neighbours there: the scheduler's, initially undefined. */
  lane: Lane | undefined;
  ahead: Waiter | undefined;
  behind: Waiter | undefined;
  /** When it came, among all that wait. */
  order: number;

  /** 1 (first) to 5 (last). */
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
  /** The slot is there, and held until `release`. `now` is given if the caller has just read it. */
  begin(now?: number): void;
}

/** Those of one priority and one key, in the order they came. */
class Lane {
  first: Waiter | undefined;
  last: Waiter | undefined;
  /** In the line of its priority. Not while it is empty, nor while its key is full. */
  inLine = false;
  readonly line: Heap<Place>;
  readonly key: Key;

  constructor(line: Heap<Place>, key: Key) {
    this.line = line;
    this.key = key;
  }
}

/** A lane's place in the line of its priority: by the order of its first waiter at the time. */
interface Place {
  readonly lane: Lane;
  readonly order: number;
}

/** One `concurrencyKey`; those without share one that is never full. */
class Key {
  readonly name: string | undefined;
  /** By priority. */
  readonly lanes: (Lane | undefined)[] = [];
  held = 0;
  waiting = 0;

  constructor(name: string | undefined) {
    this.name = name;
  }
}

/** From so many places in a line on it is worth looking for those of lanes that nobody waits in. */
const SWEEP_FROM = 1_000;

/** A deadline comes this late on an idle event loop at most. */
const TIMER_LATENESS_MS = 10;

export class Scheduler extends Deadline {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  /** By priority. */
  readonly #lines: (Heap<Place> | undefined)[] = [];
  readonly #noKey = new Key(undefined);
  readonly #keys = new Map<string, Key>();
  #held = 0;
  #waiting = 0;
  #order = 0;
  /** Before this nothing begins. */
  #nextStartAt = -Infinity;
  #handingOut = false;
  #sweepAt = SWEEP_FROM;

  constructor(limits: Limits, clock: Clock, deadlines: Deadlines) {
    super();
    this.#limits = limits;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  get held(): number {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Begins the waiter now if it may and nobody is ahead; else it waits. */
  request(waiter: Waiter, now: number): void {
    const key = this.#keyOf(waiter);
    if (this.#waiting === 0 && this.#mayBegin(key, now)) {
      this.#take(key, now);
      waiter.begin(now);
      return;
    }
    this.#append(waiter, key);
    this.handOut(now);
  }

  /** Leaves the queue; does nothing for one that is not in it. */
  withdraw(waiter: Waiter): void {
    const { lane, ahead, behind } = waiter;
    if (lane === undefined) return;
    if (ahead === undefined) lane.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) lane.last = ahead;
    else behind.ahead = ahead;
    waiter.lane = waiter.ahead = waiter.behind = undefined;
    this.#waiting--;
    lane.key.waiting--;
    this.#forget(lane.key);
    if (this.#waiting === 0) this.#deadlines.disarm(this);
  }

  /** Gives a slot back. It is handed on by `handOut`, once the caller has finished its own news. */
  release(waiter: Waiter): void {
    this.#held--;
    const { concurrencyKey } = waiter;
    if (concurrencyKey === undefined || this.#limits.slotsPerKey === Infinity) return;
    const key = this.#keys.get(concurrencyKey);
    if (key === undefined) return;
    key.held--;
    for (const lane of key.lanes) if (lane !== undefined) this.#line(lane);
    this.#forget(key);
  }

  /**
   * Gives free slots to those who wait. One that begins may call back here: the loop goes on.
   *
   * @param rateDue whether what was waited for is the time of the next start
   */
  handOut(read?: number, rateDue = this.bucket !== undefined): void {
    if (this.#handingOut || this.#waiting === 0) return;
    const now = read ?? this.#clock.now();
    // Then it counts from when it was due, so that the timer's lateness does not add up.
    const earliest = rateDue ? now - TIMER_LATENESS_MS : now;
    this.#handingOut = true;
    try {
      while (this.#waiting > 0 && this.#isFree(now)) {
        const next = this.#next();
        if (next === undefined) break;
        const { key } = next.lane as Lane;
        this.#take(key, Math.max(this.#nextStartAt, earliest));
        this.withdraw(next);
        next.begin(); // reads the clock: those before it may have kept the loop busy
      }
    } finally {
      this.#handingOut = false;
    }
    if (this.#waiting > 0 && now < this.#nextStartAt) {
      this.#deadlines.arm(this, this.#nextStartAt, now);
    }
  }

  /** Hands nothing out while `change` runs, which may end many activities, those that wait too. */
  holdWhile(change: () => void): void {
    const held = this.#handingOut;
    this.#handingOut = true;
    try {
      change();
    } finally {
      this.#handingOut = held;
    }
    this.handOut();
  }

  /** The next start is due. */
  onDue(now: number): void {
    this.handOut(now, true);
  }

  /** Whether it would begin at once. Those who wait while a slot is free wait for their key. */
  isFree({ concurrencyKey }: Waiter, now: number): boolean {
    const key = concurrencyKey === undefined ? undefined : this.#keys.get(concurrencyKey);
    return this.#mayBegin(key ?? this.#noKey, now);
  }

  /** How many could begin at once. */
  free(now: number): number {
    const { slots, startsPerSecond } = this.#limits;
    if (!this.#isFree(now)) return 0;
    return startsPerSecond === Infinity ? slots - this.#held : 1;
  }

  #mayBegin(key: Key, now: number): boolean {
    return this.#isFree(now) && !this.#isFull(key);
  }

  #isFree(now: number): boolean {
    return this.#held < this.#limits.slots && now >= this.#nextStartAt;
  }

  #isFull(key: Key): boolean {
    return key.name !== undefined && key.held >= this.#limits.slotsPerKey;
  }

  /** @param spacedFrom when the start that is made now was due */
  #take(key: Key, spacedFrom: number): void {
    this.#held++;
    key.held++;
    const spacingMs = 1000 / this.#limits.startsPerSecond;
    if (spacingMs > 0) this.#nextStartAt = spacedFrom + spacingMs;
  }

  #keyOf({ concurrencyKey }: Waiter): Key {
    if (concurrencyKey === undefined || this.#limits.slotsPerKey === Infinity) return this.#noKey;
    let key = this.#keys.get(concurrencyKey);
    if (key === undefined) this.#keys.set(concurrencyKey, (key = new Key(concurrencyKey)));
    return key;
  }

  #append(waiter: Waiter, key: Key): void {
    const { priority } = waiter;
    const line = (this.#lines[priority] ??= new Heap());
    const lane = (key.lanes[priority] ??= new Lane(line, key));
    waiter.lane = lane;
    waiter.order = this.#order++;
    waiter.ahead = lane.last;
    if (lane.last === undefined) lane.first = waiter;
    else lane.last.behind = waiter;
    lane.last = waiter;
    this.#waiting++;
    key.waiting++;
    this.#line(lane);
  }

  /** Puts a lane in the line of its priority, if it belongs there. */
  #line(lane: Lane): void {
    if (lane.inLine || lane.first === undefined || this.#isFull(lane.key)) return;
    lane.inLine = true;
    lane.line.push({ lane, order: lane.first.order });
    if (lane.line.size > this.#sweepAt) this.#sweep(lane.line);
  }

  /** Drops the places of lanes whose waiters have all left without having been served. */
  #sweep(line: Heap<Place>): void {
    line.sweep(({ lane }) => (lane.inLine = lane.first !== undefined));
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * line.size);
  }

  /** Who is first. Places of lanes that are empty, full or further back by now are put right here. */
  #next(): Waiter | undefined {
    for (const line of this.#lines) {
      for (let place = line?.first; place !== undefined; place = line?.first) {
        const { lane, order } = place;
        if (lane.first?.order === order && !this.#isFull(lane.key)) return lane.first;
        lane.line.pop();
        lane.inLine = false;
        this.#line(lane);
      }
    }
    return undefined;
  }

  /** A key that nobody uses any more takes no room. */
  #forget(key: Key): void {
    if (key.name !== undefined && key.held === 0 && key.waiting === 0) this.#keys.delete(key.name);
  }
}
