/**
 * The one port to time. Nothing else in the library reads a clock or sets a timer, so a test can
 * put a virtual clock here, and fake timers work: every host function is looked up at the call,
 * never held.
 */

/** A pending timer, as its clock made it. */
export interface Timer {
  /** Takes the timer back; it will not fire. */
  clear(): void;
  /** False once the host swapped its timer functions, after which the timer may never fire. */
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
}

/** The one exception, for `systole/testing`: it must get on while timers are fake. */
export const heldTimeout = setTimeout;

/** The longest delay a host timer takes; a longer one would fire at once. */
const LONGEST_HOST_DELAY_MS = 2 ** 31 - 1;

/** Host timers count whole milliseconds on a clock of their own and may be early by this much. */
const HOST_TIMER_ROUNDING_MS = 2;

/** So far from a whole millisecond that no rounding gets across. */
const MARGIN_MS = 0.001;

/** The platform's clock: `performance.now()`, `Date.now()` and `setTimeout`. */
export class SystemClock implements Clock {
  // What `performance.now()` has missed. Some fake timers move `setTimeout` but not `performance`:
  // without this a deadline would never come. See `#trust`.
  #skewMs = 0;
  /** Wall time when `now` was 0. */
  #epoch = performance.timeOrigin;

  now(): number {
    return performance.now() + this.#skewMs;
  }

  wallNow(): number {
    return Date.now();
  }

  wallAt(reading: number): number {
    // Date.now() knows whole milliseconds only, and the host may be busy between two readings. So
    // all it tells of the epoch is a range; what is known of it changes no more than that demands,
    // unless one of the two clocks has been set.
    const before = this.now();
    const date = Date.now();
    const least = date - this.now();
    const most = date + 1 - before;
    this.#epoch =
      this.#epoch > least - 1 && this.#epoch < most + 1
        ? Math.min(Math.max(this.#epoch, least + MARGIN_MS), most - MARGIN_MS)
        : date + 0.5 - before;
    return Math.floor(this.#epoch + reading);
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = new HostTimer();
    const dueAt = this.now() + delayMs;
    // Over all legs of the timer: the lag of a short one is no more than rounding explains.
    let since = dueAt - delayMs;
    let toldMs = 0;
    const arm = (): void => {
      // The extra millisecond a fraction costs is spent here, so that no timer is early by design.
      const leg = Math.min(Math.max(0, Math.ceil(dueAt - this.now())), LONGEST_HOST_DELAY_MS);
      timer.arm(leg, () => {
        if (timer.live) this.#trust(since, (toldMs += leg));
        else [since, toldMs] = [this.now(), 0]; // its delay was told by another clock
        if (this.now() < dueAt) arm();
        else callback();
      });
    };
    arm();
    return timer;
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

  get live(): boolean {
    return this.#host === globalThis.setTimeout;
  }
}
