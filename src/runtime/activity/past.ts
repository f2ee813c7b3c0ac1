/** What an activity remembers about its earlier attempts. Made when the first one has ended. */
import type { CancelledFailure } from '../../kernel/failures.js';
import { retryLoop, type Retried } from '../../retry/loop.js';

export class PastAttempts {
  /** The failure of the last attempt that failed or timed out. */
  lastFailure: Error | undefined;
  /** The time of the last heartbeat before the current attempt. */
  lastHeartbeatAt: number | undefined;
  backingOffSince: number | undefined;
  /** The number of attempts in a row without new heartbeat details. */
  withoutProgress = 0;
  /** The number of attempts that ended while their function was still running. */
  abandoned = 0;
  cancelRequest: CancelledFailure | undefined;
  #warnedOfEndlessness = false;
  #followed = false;

  follow(activity: Retried): void {
    if (this.#followed) return;
    this.#followed = true;
    retryLoop(activity);
  }

  failed(failure: Error): void {
    this.lastFailure = failure;
  }

  retried(withoutProgress: number, backingOffSince: number | undefined): void {
    this.withoutProgress = withoutProgress;
    this.backingOffSince = backingOffSince;
  }

  /** Called when the hooks of the policy have allowed another attempt. */
  backOff(since: number | undefined): void {
    this.backingOffSince = since;
  }

  /** Called when an attempt has ended and its function is still running. */
  abandon(): void {
    this.abandoned++;
  }

  /** Called when the next attempt starts, with the time of the last heartbeat before it. */
  heartbeatAt(time: number | undefined): void {
    this.lastHeartbeatAt = time;
  }

  reset(): void {
    this.withoutProgress = 0;
    this.backingOffSince = undefined;
  }

  /** The activity is asked to cancel. Only the first request counts. */
  cancel(request: CancelledFailure): void {
    this.cancelRequest ??= request;
  }

  /** Returns true once, so that the log warns only once of retries without an end. */
  warnOfEndlessness(): boolean {
    const first = !this.#warnedOfEndlessness;
    this.#warnedOfEndlessness = true;
    return first;
  }
}
