/** One object for options that are the same call after call. */
import type { ErrorType, ResolvedRetryPolicy } from '../retry/policy.js';
import type { ResolvedOptions } from './options.js';

/**
 * A program starts most of its activities with the same few options. Those of the latest call are
 * kept, and shared by the next one if it has the same: with many activities in flight, their
 * options then take no room.
 */
export class SharedOptions {
  #latest: ResolvedOptions | undefined;

  share(options: ResolvedOptions): ResolvedOptions {
    const latest = this.#latest;
    if (latest !== undefined && sameOptions(latest, options)) return latest;
    this.#latest = options;
    return options;
  }
}

/** In every field: a test holds it to that. A loop over the names would cost a third of a call. */
export function sameOptions(a: ResolvedOptions, b: ResolvedOptions): boolean {
  return (
    a.activityType === b.activityType &&
    a.heartbeatTimeoutMs === b.heartbeatTimeoutMs &&
    a.startToCloseTimeoutMs === b.startToCloseTimeoutMs &&
    a.scheduleToStartTimeoutMs === b.scheduleToStartTimeoutMs &&
    a.scheduleToCloseTimeoutMs === b.scheduleToCloseTimeoutMs &&
    a.progressTimeoutMs === b.progressTimeoutMs &&
    a.startDelayMs === b.startDelayMs &&
    a.throttleIntervalMs === b.throttleIntervalMs &&
    a.cancellationType === b.cancellationType &&
    a.cancellationDelivery === b.cancellationDelivery &&
    a.overlapWaitMs === b.overlapWaitMs &&
    a.priority === b.priority &&
    a.concurrencyKey === b.concurrencyKey &&
    a.idConflictPolicy === b.idConflictPolicy &&
    samePolicy(a.retryPolicy, b.retryPolicy)
  );
}

function samePolicy(a: ResolvedRetryPolicy, b: ResolvedRetryPolicy): boolean {
  return (
    a === b ||
    (a.initialIntervalMs === b.initialIntervalMs &&
      a.backoffCoefficient === b.backoffCoefficient &&
      a.maximumIntervalMs === b.maximumIntervalMs &&
      a.maximumAttempts === b.maximumAttempts &&
      a.jitter === b.jitter &&
      a.maximumAttemptsWithoutProgress === b.maximumAttemptsWithoutProgress &&
      sameTypes(a.nonRetryableErrorTypes, b.nonRetryableErrorTypes))
  );
}

function sameTypes(a: readonly ErrorType[], b: readonly ErrorType[]): boolean {
  return a === b || (a.length === b.length && a.every((type, index) => type === b[index]));
}
