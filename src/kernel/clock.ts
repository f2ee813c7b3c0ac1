/**
 * The one port to time. Nothing else in the library reads a clock or sets a timer, so a test can
 * put a virtual clock here, and fake timers work: every host function is looked up at the call,
 * never held.
 */

/** A pending timer, as its clock made it. */
export interface Timer {
  /** Takes the timer back; it will not fire. */
  clear(): void;
  /**
   * False if the timer may never fire: the host swapped its timer functions, or they are those of a
   * test, which may have dropped it.
   */
  readonly live: boolean;
}

/** Where the runtime gets its time from. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wallNow(): number;
  /** The same for a reading of `now`; one reading gives one time, unless the host's clock is set. */
  wallAt(reading: number): number;
  /** Calls back once, `delayMs` from now at the earliest; any delay from 0 to Infinity. */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** True while somebody else moves the time, such as a test with fake timers. */
  readonly steered: boolean;
  /** Calls back after a full turn of the event loop: everything that was ready has run. */
  turn(callback: () => void): void;
}

/**
 * The exceptions: what the host had when this file was loaded. It makes progress while timers are
 * fake, and it shows that the global functions have been replaced.
 */
export const heldTimeout = setTimeout;
/** Browsers have none, and types for browsers know none. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined;
const heldImmediate = typeof setImmediate === 'function' ? setImmediate : undefined;
const heldDateNow = Date.now;
const heldPerformance = performance;
// eslint-disable-next-line @typescript-eslint/unbound-method -- only ever compared
const heldPerformanceNow = performance.now;

/** Fake timers may have been there first. Those of Sinon, Jest and Vitest have a `clock`. */
const fakeFromTheStart = 'clock' in setTimeout;

/** The timer functions of the host have been replaced. */
function isSteered(): boolean {
  return fakeFromTheStart || setTimeout !== heldTimeout;
}

/** The longest delay a host timer takes; a longer one would fire at once. */
const LONGEST_HOST_DELAY_MS = 2 ** 31 - 1;

/** Host timers count whole milliseconds on a clock of their own and may be early by this much. */
const HOST_TIMER_ROUNDING_MS = 2;

/** So far from a whole millisecond that no rounding gets across. */
const MARGIN_MS = 0.001;

/** Sums of readings and delays are off by less than this. */
export const ROUNDING_MS = 1e-6;

/** The platform's clock: `performance.now()`, `Date.now()` and `setTimeout`. */
export class SystemClock implements Clock {
  // What `performance.now()` has missed. Some fake timers move `setTimeout` but not `performance`:
  // without this a deadline would never come. See `#trust`.
  #skewMs = 0;
  /** Wall time when `now` was 0. */
  #epoch = performance.timeOrigin;
  /** No reading is from before this date; see `#noteDate`. */
  #earliestDate = -Infinity;

  now(): number {
    // To look up `performance` takes a fifth of a reading. Fake timers are looked for, which is free.
    return (isSteered() ? performance : heldPerformance).now() + this.#skewMs;
  }

  wallNow(): number {
    return Date.now();
  }

  wallAt(reading: number): number {
    // Date.now() knows whole milliseconds only, and the host may be busy between two readings. So
    // all it tells of the epoch is a range; what is known of it changes no more than that demands,
    // unless one of the two clocks has been set.
    const before = this.now();
    const date = this.#noteDate();
    const least = date - this.now();
    const most = date + 1 - before;
    this.#epoch =
      this.#epoch > least - 1 && this.#epoch < most + 1
        ? Math.min(Math.max(this.#epoch, least + MARGIN_MS), most - MARGIN_MS)
        : date + 0.5 - before;
    return Math.max(Math.floor(this.#epoch + reading), this.#earliestDate);
  }

  get steered(): boolean {
    return isSteered();
  }

  turn(callback: () => void): void {
    if (heldImmediate !== undefined) heldImmediate(() => heldImmediate(callback));
    else heldTimeout(() => heldTimeout(callback, 0), 0);
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    this.#noteDate();
    const timer = new HostTimer();
    const dueAt = this.now() + delayMs;
    // Over all legs of the timer: the lag of a short one is no more than rounding explains.
    let since = dueAt - delayMs;
    let toldMs = 0;
    const arm = (): void => {
      // The extra millisecond a fraction costs is spent here, so that no timer is early by design.
      const leg = Math.min(
        Math.max(0, Math.ceil(dueAt - this.now() - ROUNDING_MS)),
        LONGEST_HOST_DELAY_MS,
      );
      timer.arm(leg, () => {
        if (timer.ofThisHost) this.#trust(since, (toldMs += leg));
        else [since, toldMs] = [this.now(), 0]; // its delay was told by another clock
        if (this.now() < dueAt - ROUNDING_MS) arm();
        else callback();
      });
    };
    arm();
    return timer;
  }

  /**
   * A date that was replaced alone, and may stand still, does not move with the other clock: then
   * the difference of two readings says nothing about the difference of their dates.
   */
  #noteDate(): number {
    const date = Date.now();
    const alone = Date.now !== heldDateNow && performance.now === heldPerformanceNow;
    if (!alone) this.#earliestDate = -Infinity;
    else if (this.#earliestDate === -Infinity || date < this.#earliestDate) {
      this.#earliestDate = date;
    }
    return date;
  }

  /**
   * A timer that fired is proof that its delay has passed. The clock is moved up to that when it
   * lags by more than rounding explains, or when it stood still altogether.
   */
  #trust(armedAt: number, delayMs: number): void {
    const now = this.now();
    const lag = armedAt + delayMs - now;
    if (lag > HOST_TIMER_ROUNDING_MS || (lag > 0 && now === armedAt)) this.#skewMs += lag;
  }
}

class HostTimer implements Timer {
  #handle: ReturnType<typeof setTimeout> | undefined;
  #host: typeof setTimeout | undefined;
  #clear: typeof clearTimeout | undefined;

  arm(delayMs: number, callback: () => void): void {
    this.#host = globalThis.setTimeout;
    this.#clear = globalThis.clearTimeout;
    this.#handle = setTimeout(() => {
      // A swapped host cannot clear what the one before has set.
      if (this.#handle !== undefined) callback();
    }, delayMs);
  }

  clear(): void {
    const clear = this.#clear; // of the host that set it: a swapped one knows nothing of it
    if (this.#handle !== undefined) clear?.(this.#handle);
    this.#handle = undefined;
  }

  /** The host has not swapped its timer functions since. */
  get ofThisHost(): boolean {
    return this.#host === globalThis.setTimeout;
  }

  get live(): boolean {
    return this.ofThisHost && !isSteered();
  }
}
