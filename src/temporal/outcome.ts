/** Turns the end of an activity on Temporal into the failure that the caller receives. */
import {
  ApplicationFailure,
  TimeoutFailure,
  type ActivityFailure,
  type RetryState,
} from '../kernel/failures.js';
import { TIMEOUT_NAMES } from '../retry/policy.js';
import { activityFailure, type ClosedStatus } from '../runtime/activity/failure-messages.js';
import type { ActivityExecutionDescription, Client } from './client-api.js';
import type { TemporalTimeoutFailure } from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';

/** @param failure the cause that the client gave for the failure */
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
 * The reason that `cancel()` sends when it was given none. The server reports only requests that
 * have a reason, and `retryState` depends on the report.
 */
export const NO_REASON = 'no reason was given';

/** The largest difference between two times that the server records for the same moment. */
const SAME_MOMENT_MS = 5;
const NO_TIME = 'Not enough time';

/** The number of the last attempt; 0 for none. While waiting, the server gives the next number. */
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

/** The failure of the attempt before a timeout. The server keeps it; the client leaves it encoded. */
function causeOf(client: Client, { failure }: TemporalTimeoutFailure): Error | undefined {
  const encoded = failure?.cause;
  if (encoded === undefined || encoded === null) return undefined;
  const { failureConverter, payloadConverter } = client.options.loadedDataConverter;
  return failureConverter.failureToError(encoded, payloadConverter);
}

/** The server does not report its retry state, so we derive it by the server's own rules. */
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
    const name = TIMEOUT_NAMES[timeoutType] ?? 'TimeoutFailure'; // a stream that stalls has none
    if (nonRetryableErrorTypes.includes(name)) return 'NON_RETRYABLE_FAILURE';
  }
  if (cause instanceof ApplicationFailure) {
    const { nonRetryable, type } = cause;
    if (nonRetryable || (type !== undefined && nonRetryableErrorTypes.includes(type))) {
      return 'NON_RETRYABLE_FAILURE';
    }
  }
  return maximumAttempts > 0 && attempt >= maximumAttempts ? 'MAXIMUM_ATTEMPTS_REACHED' : 'TIMEOUT';
}
