/** Decides whether an attempt is alive or makes progress. It knows nothing about retries. */

import { MIN_LATENESS_MS } from '../kernel/blocks.js';

/** A deadline that is late by up to this part of its timeout does not count as blocked. */
const MIN_LATENESS_PART = 0.05;

/** The most extra time since the last heartbeat, as a multiple of the timeout. */
const MAX_GRANTED = 2;
/** The latest timeout after many short blocks, as a multiple of the timeout after the heartbeat. */
const MAX_WAITED = 3;

/** What late deadlines have shown about the event loop since the last heartbeat. */
interface Lateness {
  /** The new deadline. */
  deadline: number;
  grantedMs: number;
  longestMs: number;
}

const NOT_LATE: Readonly<Lateness> = { deadline: 0, grantedMs: 0, longestMs: 0 };

/**
 * The deadline is `timeoutMs` after the attempt's start or its last heartbeat, whichever is later.
 * For progress, it is the last heartbeat with new details.
 *
 * A blocked event loop is not a missed heartbeat, because nothing can heartbeat while the loop
 * stands still. A block shows as a deadline that fires late, and the attempt gets that time back.
 */
export class HeartbeatMonitor {
  /** The time of the attempt's start or of its last heartbeat. */
  lastBeatAt: number;
  #beaten = false;
  #timeoutMs: number;
  #late: Lateness | undefined;

  /** @param timeoutMs 0 for none */
  constructor(timeoutMs: number, startedAt: number) {
    this.#timeoutMs = timeoutMs;
    this.lastBeatAt = startedAt;
  }

  /** Sets a new timeout, counted from the same heartbeat. If it has already passed, it is due now. */
  changeTimeout(timeoutMs: number, now: number): void {
    if (timeoutMs === this.#timeoutMs) return;
    this.#timeoutMs = timeoutMs;
    this.#late = undefined;
    if (this.deadline < now) this.#late = { ...NOT_LATE, deadline: now };
  }

  beat(now: number): void {
    this.lastBeatAt = now;
    this.#beaten = true;
    this.#late = undefined;
  }

  /** The time of the last heartbeat; undefined before the first. */
  get beatenAt(): number | undefined {
    return this.#beaten ? this.lastBeatAt : undefined;
  }

  /** Forgets that there was a heartbeat, as far as `beatenAt` is asked. */
  forget(): void {
    this.#beaten = false;
  }

  /** The time of the deadline; Infinity without a timeout. */
  get deadline(): number {
    if (this.#late !== undefined) return this.#late.deadline;
    return this.#timeoutMs > 0 ? this.lastBeatAt + this.#timeoutMs : Infinity;
  }

  /**
   * Decides what a passed deadline means: true gives the attempt more time, false is a timeout.
   *
   * @param firedAt when the deadline's timer fired
   * @param now one turn of the event loop later
   */
  extend(firedAt: number, now = firedAt): boolean {
    const timeout = this.#timeoutMs;
    const lateMs = firedAt - this.deadline;
    if (lateMs <= Math.max(MIN_LATENESS_MS, MIN_LATENESS_PART * timeout)) return false;
    const late = (this.#late ??= { ...NOT_LATE });
    late.longestMs = Math.max(late.longestMs, lateMs);
    const grantMs = Math.min(lateMs, timeout);
    if (late.grantedMs + grantMs > MAX_GRANTED * timeout) return false;
    // If the loop is always busy with short blocks, a hung attempt must still time out. So we
    // estimate the next verdict, with a timer as late as the latest and a turn as long as this one,
    // and it must be within the bound. A block of a whole timeout or more does not count, because no
    // function could have sent a heartbeat. The first block does not count either if it is the only
    // one.
    const turnMs = now - firedAt;
    const busy = (late.grantedMs > 0 || turnMs > MIN_LATENESS_MS) && lateMs < timeout;
    const nextVerdictAt = Math.max(firedAt + grantMs, now) + late.longestMs + turnMs;
    if (busy && nextVerdictAt - this.lastBeatAt > MAX_WAITED * timeout) return false;
    late.grantedMs += grantMs;
    late.deadline = firedAt + grantMs;
    return true;
  }
}
