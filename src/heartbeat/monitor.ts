/** Whether an attempt is alive, or gets on. It knows the clock's readings, and nothing of retries. */

import { LEAST_LATENESS_MS } from '../kernel/blocks.js';

/** Lateness of a deadline up to this part of its timeout is not held against the event loop. */
const LEAST_LATENESS_PART = 0.05;

/** More time is given at most this many timeouts' worth since the last heartbeat. */
const MOST_GRANTED = 2;
/** Short blocks, one after another, put a timeout off to this many timeouts after the heartbeat. */
const MOST_WAITED = 3;

/** What late deadlines have shown of the event loop since the last heartbeat. */
interface Lateness {
  /** The deadline moved to. */
  deadline: number;
  grantedMs: number;
  longestMs: number;
}

const NOT_LATE: Readonly<Lateness> = { deadline: 0, grantedMs: 0, longestMs: 0 };

/**
 * The deadline is `timeoutMs` after the later of the attempt's start and its last heartbeat; for
 * progress, its last heartbeat with details other than before.
 *
 * A blocked event loop is not a missed heartbeat: nothing could beat while the loop stood still.
 * That shows in a deadline that fires late, and is made good with as much time again.
 */
export class HeartbeatMonitor {
  /** The attempt's start, or its last heartbeat. */
  lastBeatAt: number;
  #timeoutMs: number;
  #late: Lateness | undefined;

  /** @param timeoutMs 0 for none */
  constructor(timeoutMs: number, startedAt: number) {
    this.#timeoutMs = timeoutMs;
    this.lastBeatAt = startedAt;
  }

  /** Another timeout, counted from the same heartbeat; one that is over by now is over now. */
  changeTimeout(timeoutMs: number, now: number): void {
    if (timeoutMs === this.#timeoutMs) return;
    this.#timeoutMs = timeoutMs;
    this.#late = undefined;
    if (this.deadline < now) this.#late = { ...NOT_LATE, deadline: now };
  }

  beat(now: number): void {
    this.lastBeatAt = now;
    this.#late = undefined;
  }

  /** Infinity without a timeout. */
  get deadline(): number {
    if (this.#late !== undefined) return this.#late.deadline;
    return this.#timeoutMs > 0 ? this.lastBeatAt + this.#timeoutMs : Infinity;
  }

  /**
   * The deadline has passed: true if the attempt has more time, false if it has timed out.
   *
   * @param firedAt when the deadline's timer fired
   * @param now one turn of the event loop later
   */
  extend(firedAt: number, now = firedAt): boolean {
    const timeout = this.#timeoutMs;
    const lateMs = firedAt - this.deadline;
    if (lateMs <= Math.max(LEAST_LATENESS_MS, LEAST_LATENESS_PART * timeout)) return false;
    const late = (this.#late ??= { ...NOT_LATE });
    late.longestMs = Math.max(late.longestMs, lateMs);
    const grantMs = Math.min(lateMs, timeout);
    if (late.grantedMs + grantMs > MOST_GRANTED * timeout) return false;
    // On a loop that is always busy in short blocks a hung attempt must still time out: the next
    // verdict, if its timer is as late as the latest and its turn as long as this one, has to lie
    // within the bound. A block of a whole timeout or more is exempt, for nobody could have beaten
    // through it, and so is the first block if it is the only one.
    const turnMs = now - firedAt;
    const busy = (late.grantedMs > 0 || turnMs > LEAST_LATENESS_MS) && lateMs < timeout;
    const nextVerdictAt = Math.max(firedAt + grantMs, now) + late.longestMs + turnMs;
    if (busy && nextVerdictAt - this.lastBeatAt > MOST_WAITED * timeout) return false;
    late.grantedMs += grantMs;
    late.deadline = firedAt + grantMs;
    return true;
  }
}
