/** How often the heartbeats of an attempt are reported. */

const PART_OF_TIMEOUT = 0.8;
const DEFAULT_INTERVAL_MS = 30_000;
const LONGEST_INTERVAL_MS = 60_000;

/** The interval between reports: as given, else Temporal's formula. A timeout of 0 is none. */
export function throttleIntervalMs(given: number | undefined, heartbeatTimeoutMs: number): number {
  if (given !== undefined) return given;
  const interval =
    heartbeatTimeoutMs > 0 ? PART_OF_TIMEOUT * heartbeatTimeoutMs : DEFAULT_INTERVAL_MS;
  return Math.min(interval, LONGEST_INTERVAL_MS);
}

/**
 * The first report goes at once and opens an interval. What comes during it is one report at its
 * end, which opens the next; an interval that ends with nothing to report opens none.
 */
export class ReportThrottle {
  readonly #intervalMs: number;
  #opensAt = -Infinity;
  #pending = false;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** There are new details: true if they are to be reported now. */
  admit(now: number): boolean {
    this.#pending = now < this.#opensAt;
    if (!this.#pending) this.#opensAt = now + this.#intervalMs;
    return !this.#pending;
  }

  /** When the details held back are to be reported; Infinity if there are none. */
  get dueAt(): number {
    return this.#pending ? this.#opensAt : Infinity;
  }

  /** The attempt ends: true if details were held back, which are now to be reported. */
  release(): boolean {
    const held = this.#pending;
    this.#pending = false;
    return held;
  }
}
