/** What the earlier attempts of an activity leave behind. Made when the first of them has ended. */
import { retryLoop, type Retried } from '../../retry/loop.js';

export class PastAttempts {
  /** The failure of the last attempt that failed or timed out. */
  lastFailure: Error | undefined;
  /** The time of the last heartbeat before the current attempt. */
  lastHeartbeatAt: number | undefined;
  /** When the attempt ended whose failure is being backed off from. */
  backingOffSince: number | undefined;
  /** Attempts in a row, up to the last one, that changed no heartbeat details. */
  withoutProgress = 0;
  /** Attempts that ended while their function was running. */
  abandoned = 0;
  #warnedOfEndlessness = false;
  #followed = false;

  /** Enters the retry loop, unless it has been entered. */
  follow(activity: Retried): void {
    if (this.#followed) return;
    this.#followed = true;
    retryLoop(activity);
  }

  /** An attempt failed or timed out. */
  failed(failure: Error): void {
    this.lastFailure = failure;
  }

  /** Another attempt follows. */
  retried(withoutProgress: number, backingOffSince: number | undefined): void {
    this.withoutProgress = withoutProgress;
    this.backingOffSince = backingOffSince;
  }

  /** An attempt ended and its function goes on. */
  abandon(): void {
    this.abandoned++;
  }

  /** The next attempt begins; the last heartbeat of those before it was then. */
  heartbeatAt(time: number | undefined): void {
    this.lastHeartbeatAt = time;
  }

  /** The activity starts over. */
  reset(): void {
    this.withoutProgress = 0;
    this.backingOffSince = undefined;
  }

  /** True for the first call: the log should say that the activity is retried without end. */
  warnOfEndlessness(): boolean {
    const first = !this.#warnedOfEndlessness;
    this.#warnedOfEndlessness = true;
    return first;
  }
}
