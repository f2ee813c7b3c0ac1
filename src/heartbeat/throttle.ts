/** Limits how often the heartbeats of an attempt are reported. */

const PART_OF_TIMEOUT = 0.8;
const DEFAULT_INTERVAL_MS = 30_000;
const LONGEST_INTERVAL_MS = 60_000;

/** The interval between reports: the given one, or else Temporal's formula. */
export function throttleIntervalMs(given: number | undefined, heartbeatTimeoutMs: number): number {
  if (given !== undefined) return given;
  const interval =
    heartbeatTimeoutMs > 0 ? PART_OF_TIMEOUT * heartbeatTimeoutMs : DEFAULT_INTERVAL_MS;
  return Math.min(interval, LONGEST_INTERVAL_MS);
}

/**
 * The first report goes out at once and starts an interval. All details that come during the interval
 * make one report at its end, which starts the next interval. Without any, no interval follows.
 */
export class ReportThrottle {
  readonly #intervalMs: number;
  #opensAt = -Infinity;
  #pending = false;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Takes new details. Returns true if they should be reported now. */
  admit(now: number): boolean {
    this.#pending = now < this.#opensAt;
    if (!this.#pending) this.#opensAt = now + this.#intervalMs;
    return !this.#pending;
  }

  /** When the details that are held back should be reported; Infinity if there are none. */
  get dueAt(): number {
    return this.#pending ? this.#opensAt : Infinity;
  }

  /** Called when the attempt ends. Returns true if held-back details should be reported now. */
  release(): boolean {
    const held = this.#pending;
    this.#pending = false;
    return held;
  }
}
