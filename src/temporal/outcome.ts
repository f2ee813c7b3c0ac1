/** How an activity ended on Temporal, as systole's caller hears it. */
import {
  ApplicationFailure,
  TimeoutFailure,
  type ActivityFailure,
  type RetryState,
} from '../kernel/failures.js';
import { activityFailure, type ClosedStatus } from '../runtime/activity/failure-messages.js';
import type { ActivityExecutionDescription, Client } from './client-api.js';
import type { TemporalTimeoutFailure } from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';

/** @param failure what the client gave as the cause of the failure */
export function outcomeOf(
  client: Client,
  description: ActivityExecutionDescription,
  failure: Error | undefined,
): ActivityFailure {
  const { activityId, activityType, canceledReason } = description;
  const status = description.status as ClosedStatus;
  let cause = fromTemporalFailure(failure ?? new Error('no failure was recorded'), (timeout) =>
    causeOf(client, timeout),
  ) as Error;
  const hasReason = canceledReason !== undefined && canceledReason !== NO_REASON;
  if (status === 'CANCELED' && cause.cause === undefined && hasReason) {
    cause = Object.assign(cause, { cause: canceledReason });
  }
  const state = retryState(description, cause);
  const attempt = lastAttempt(description, cause);
  return activityFailure(status, cause, state, { activityId, activityType, attempt });
}

/**
 * Sent by `cancel()` without a reason: the server does not tell of a request without one, and
 * `retryState` depends on it.
 */
export const NO_REASON = 'no reason was given';

/** How far apart the server's times of one and the same moment are, at most. */
const SAME_MOMENT_MS = 5;
const NO_TIME = 'Not enough time';

/** The last attempt made, 0 for none; the server says which would have been next, if it waited. */
export function lastAttempt(from: ActivityExecutionDescription, cause?: Error): number {
  const { status, attempt, closeTime, lastStartedTime, lastAttemptCompleteTime } = from;
  if (lastStartedTime === undefined) return 0;
  const completedAt = lastAttemptCompleteTime?.getTime() ?? 0;
  if (status === 'FAILED' || lastStartedTime.getTime() > completedAt) return attempt;
  if (status === 'TERMINATED') return attempt - 1;
  const endedByAttempt =
    cause instanceof TimeoutFailure
      ? !isOfSchedule(cause) || cause.message.startsWith(NO_TIME)
      : (closeTime?.getTime() ?? Infinity) - completedAt <= SAME_MOMENT_MS;
  return endedByAttempt ? attempt : attempt - 1;
}

function isOfSchedule({ timeoutType }: TimeoutFailure): boolean {
  return timeoutType === 'SCHEDULE_TO_START' || timeoutType === 'SCHEDULE_TO_CLOSE';
}

/** The server keeps the failure of the attempt before; the client leaves it encoded. */
function causeOf(client: Client, { failure }: TemporalTimeoutFailure): Error | undefined {
  const encoded = failure?.cause;
  if (encoded === undefined || encoded === null) return undefined;
  const { failureConverter, payloadConverter } = client.options.loadedDataConverter;
  return failureConverter.failureToError(encoded, payloadConverter);
}

/** The server knows it and does not tell; it follows from what it does tell, in its own order. */
function retryState(
  { status, attempt, retryPolicy, canceledReason }: ActivityExecutionDescription,
  cause: Error,
): RetryState | undefined {
  if (status === 'TERMINATED') return undefined;
  if (status === 'CANCELED' || canceledReason !== undefined) return 'CANCEL_REQUESTED';
  const { nonRetryableErrorTypes = [], maximumAttempts = 0 } = retryPolicy;
  if (cause instanceof TimeoutFailure) {
    const { timeoutType } = cause;
    if (isOfSchedule(cause)) return 'TIMEOUT';
    const name = timeoutType === 'HEARTBEAT' ? 'Heartbeat' : 'StartToClose';
    if (nonRetryableErrorTypes.includes(`TemporalTimeout:${name}`)) return 'NON_RETRYABLE_FAILURE';
  }
  if (cause instanceof ApplicationFailure) {
    const { nonRetryable, type } = cause;
    if (nonRetryable || (type !== undefined && nonRetryableErrorTypes.includes(type))) {
      return 'NON_RETRYABLE_FAILURE';
    }
  }
  return maximumAttempts > 0 && attempt >= maximumAttempts ? 'MAXIMUM_ATTEMPTS_REACHED' : 'TIMEOUT';
}
