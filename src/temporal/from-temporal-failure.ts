/** Temporal's failures as systole's. */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '../kernel/failures.js';
import {
  TemporalApplicationFailure,
  TemporalCancelledFailure,
  TemporalServerFailure,
  TemporalTerminatedFailure,
  TemporalTimeoutFailure,
} from './common-api.js';
import { temporalDurationMs } from './duration.js';

/** Gives the cause of a timeout, which Temporal's class does not hold; undefined if there is none. */
export type CauseOf = (failure: TemporalTimeoutFailure) => Error | undefined;

/** What is no failure of Temporal's is left as it is. */
export function fromTemporalFailure(error: unknown, causeOf?: CauseOf): unknown {
  const converted = convert(error, causeOf);
  if (converted !== undefined && error instanceof Error && error.stack) {
    converted.stack = error.stack;
  }
  return converted ?? error;
}

function convert(error: unknown, causeOf: CauseOf | undefined): Error | undefined {
  if (error instanceof TemporalApplicationFailure) {
    return new ApplicationFailure(error.message, {
      type: error.type ?? undefined,
      nonRetryable: error.nonRetryable ?? false,
      details: error.details ?? [],
      nextRetryDelay: retryDelay(error.nextRetryDelay),
      category: error.category ?? undefined,
      ...causeField(error.cause, causeOf),
    });
  }
  if (error instanceof TemporalTimeoutFailure) {
    const { message, timeoutType, lastHeartbeatDetails } = error;
    return new TimeoutFailure(message, {
      // A server later than this client may know of others.
      timeoutType: timeoutType ?? 'START_TO_CLOSE',
      lastHeartbeatDetails,
      ...causeField(causeOf?.(error), causeOf),
    });
  }
  if (error instanceof TemporalCancelledFailure) {
    const [reason] = error.details;
    return new CancelledFailure('CANCELLED', reason === undefined ? {} : { cause: reason });
  }
  if (error instanceof TemporalTerminatedFailure) return new TerminatedFailure(error.message);
  if (error instanceof TemporalServerFailure) {
    return new ApplicationFailure(error.message, {
      type: 'ServerFailure',
      nonRetryable: error.nonRetryable,
      ...causeField(error.cause, causeOf),
    });
  }
  return undefined;
}

function causeField(cause: unknown, causeOf: CauseOf | undefined): { readonly cause?: unknown } {
  return cause === undefined ? {} : { cause: fromTemporalFailure(cause, causeOf) };
}

function retryDelay(delay: string | number | null | undefined): number | undefined {
  return delay === undefined || delay === null ? undefined : temporalDurationMs(delay);
}
