/**
 * The only access to time. Nothing else in the library reads a clock or sets a timer, so a test can
 * use a virtual clock. Fake timers work because every host function is looked up when it is called.
 */

/** A pending timer of a clock. */
export interface Timer {
  /** Cancels the timer, so that it does not fire. */
  clear(): void;
  /**
   * False if the timer may never fire, because the timer functions were replaced or belong to a test,
   * which may have dropped the timer.
   */
  readonly live: boolean;
}

/** The source of the runtime's time. */
export interface Clock {
  /** The monotonic time in milliseconds, from an arbitrary origin. */
  now(): number;
  /** The wall time in milliseconds since the Unix epoch. */
  wallNow(): number;
  /** The wall time of a reading of `now`: always the same, unless the host's clock is set. */
  wallAt(reading: number): number;
  /**
   * Calls back once, after at least `delayMs`, which may be anything from 0 to Infinity. A timer in
   * the background does not keep a program running, where the host can do that.
   */
  setTimer(callback: () => void, delayMs: number, background?: boolean): Timer;
  /** True while other code moves the time, such as a test with fake timers. */
  readonly steered: boolean;
  /** Calls back after a full turn of the event loop, when everything that was ready has run. */
  turn(callback: () => void): void;
}

/**
 * The host's own functions from when this file was loaded. They keep working while timers are fake,
 * and they show that the global functions have been replaced.
 */
export const heldTimeout = setTimeout;
/** The host's `setImmediate`. Browsers and their types do not have it. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined;
const heldImmediate = typeof setImmediate === 'function' ? setImmediate : undefined;
const heldDateNow = Date.now;
const heldPerformance = performance;
// eslint-disable-next-line @typescript-eslint/unbound-method -- only ever compared
const heldPerformanceNow = performance.now;

/** Fake timers may have been installed before. Those of Sinon, Jest and Vitest have a `clock`. */
const fakeFromTheStart = 'clock' in setTimeout;

/** Whether the timer functions of the host have been replaced. */
function isSteered(): boolean {
  return fakeFromTheStart || setTimeout !== heldTimeout;
}

/** The host's own monotonic time in milliseconds, also while timers are fake or time is virtual. */
export function hostNow(): number {
  return heldPerformance.now();
}

/** The host's date, in milliseconds since the Unix epoch. Fake timers may have replaced it. */
export function hostDate(): number {
  return Date.now();
}

/** Calls back in the next turn of the host's event loop, also while timers are fake. */
export function hostTurn(callback: () => void): void {
  if (heldImmediate !== undefined) heldImmediate(callback);
  else heldTimeout(callback, 0);
}

/** The longest delay that a host timer supports. A longer one would fire at once. */
const LONGEST_HOST_DELAY_MS = 2 ** 31 - 1;

/** How early a host timer may be: it counts whole milliseconds on its own clock. */
const HOST_TIMER_ROUNDING_MS = 2;

/** A distance from a whole millisecond that no rounding crosses. */
const MARGIN_MS = 0.001;

/** The rounding error of sums of readings and delays is smaller than this. */
export const ROUNDING_MS = 1e-6;

/** The platform's clock: `performance.now()`, `Date.now()` and `setTimeout`. */
export class SystemClock implements Clock {
  // The time that `performance.now()` has missed. Some fake timers move `setTimeout` but not
  // `performance`, and without this a deadline would never be reached. See `#trust`.
  #skewMs = 0;
  /** The wall time when `now` was 0. */
  #epoch = performance.timeOrigin;
  /** The earliest date that `wallAt` may return, for a clock whose date alone was replaced. */
  #earliestDate = -Infinity;

  now(): number {
    // Looking up `performance` takes a fifth of a reading, so we do it only with fake timers.
    return (isSteered() ? performance : heldPerformance).now() + this.#skewMs;
  }

  wallNow(): number {
    return Date.now();
  }

  wallAt(reading: number): number {
    // Date.now() gives whole milliseconds, and the host may be busy between two readings. So it only
    // tells us a range for the epoch. We move the epoch no further than into that range, unless one
    // of the two clocks has been set.
    const before = this.now();
    const date = this.#noteDate();
    const earliest = date - this.now();
    const latest = date + 1 - before;
    this.#epoch =
      this.#epoch > earliest - 1 && this.#epoch < latest + 1
        ? Math.min(Math.max(this.#epoch, earliest + MARGIN_MS), latest - MARGIN_MS)
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

  setTimer(callback: () => void, delayMs: number, background = false): Timer {
    this.#noteDate();
    const timer = new HostTimer();
    const dueAt = this.now() + delayMs;
    // The lag is measured over all legs of the timer, because one short leg shows only rounding.
    let since = dueAt - delayMs;
    let toldMs = 0;
    const arm = (): void => {
      // A fraction is rounded up to a whole millisecond, so that no timer is early by design.
      const leg = Math.min(
        Math.max(0, Math.ceil(dueAt - this.now() - ROUNDING_MS)),
        LONGEST_HOST_DELAY_MS,
      );
      timer.arm(leg, () => {
        if (timer.ofThisHost) this.#trust(since, (toldMs += leg));
        else [since, toldMs] = [this.now(), 0]; // another clock measured its delay
        if (this.now() < dueAt - ROUNDING_MS) arm();
        else callback();
      });
    };
    arm();
    if (background) timer.unref();
    return timer;
  }

  /**
   * Reads the date. If only the date was replaced, it may stand still while the other clock moves.
   * Then the difference of two readings says nothing about the difference of their dates.
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
   * Trusts a timer that fired: its delay has passed. If the clock lags by more than rounding, or did
   * not move, it is moved forward.
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
      // After a change of the timer functions, `clear` cannot stop this timer.
      if (this.#handle !== undefined) callback();
    }, delayMs);
  }

  clear(): void {
    const clear = this.#clear; // from when the timer was set: a later one does not know it
    if (this.#handle !== undefined) clear?.(this.#handle);
    this.#handle = undefined;
  }

  /** Lets the process exit meanwhile. In a browser, whose timers are numbers, this does nothing. */
  unref(): void {
    (this.#handle as { unref?: () => void } | undefined)?.unref?.();
  }

  /** Whether the timer functions are still the same as when it was set. */
  get ofThisHost(): boolean {
    return this.#host === globalThis.setTimeout;
  }

  get live(): boolean {
    return this.ofThisHost && !isSteered();
  }
}

const heldClearTimeout = clearTimeout;

/**
 * A timer on the host's own time, also while timers are fake: for what really happens outside of
 * this event loop. It does not keep a Node program alive, unless `keepsAlive`.
 *
 * @returns a function that clears it
 */
export function realTimer(callback: () => void, delayMs: number, keepsAlive = false): () => void {
  const handle = heldTimeout(callback, Math.min(delayMs, LONGEST_HOST_DELAY_MS));
  if (!keepsAlive) (handle as { unref?: () => void }).unref?.();
  return () => heldClearTimeout(handle);
}
