/** Turns Temporal's failures into systole's. */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '../kernel/failures.js';
import { readCause } from '../kernel/thrown.js';
import { convertChain } from './causes.js';
import {
  TemporalApplicationFailure,
  TemporalCancelledFailure,
  TemporalServerFailure,
  TemporalTerminatedFailure,
  TemporalTimeoutFailure,
} from './common-api.js';
import { temporalDurationMs } from './duration.js';

/** Gives the cause of a timeout, which Temporal's class lacks; undefined if there is none. */
type CauseOf = (failure: TemporalTimeoutFailure) => Error | undefined;

/** Converts Temporal's failures and their causes. Other errors stay as they are. */
export function fromTemporalFailure(error: unknown, causeOf?: CauseOf): unknown {
  return convertChain(error, convert, (one) => {
    if (one instanceof TemporalTimeoutFailure) return causeOf?.(one);
    const hasCause =
      one instanceof TemporalApplicationFailure || one instanceof TemporalServerFailure;
    return hasCause ? readCause(one) : undefined;
  });
}

function convert(error: Error, cause: unknown): Error {
  const failure = failureOf(error, cause === undefined ? {} : { cause });
  if (failure !== error && error.stack) failure.stack = error.stack;
  return failure;
}

function failureOf(error: Error, causeField: { readonly cause?: unknown }): Error {
  if (error instanceof TemporalApplicationFailure) {
    if (isStall(error)) return new TimeoutFailure(error.message, { timeoutType: 'STREAM' });
    return new ApplicationFailure(error.message, {
      type: error.type ?? undefined,
      nonRetryable: error.nonRetryable ?? false,
      details: error.details ?? [],
      nextRetryDelay: retryDelay(error.nextRetryDelay),
      category: error.category ?? undefined,
      ...causeField,
    });
  }
  if (error instanceof TemporalTimeoutFailure) {
    const { message, timeoutType, lastHeartbeatDetails } = error;
    return new TimeoutFailure(message, {
      // A newer server may know other types.
      timeoutType: timeoutType ?? 'START_TO_CLOSE',
      lastHeartbeatDetails,
      ...causeField,
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
      ...causeField,
    });
  }
  return error;
}

/** Whether it is the timeout of a `ctx.watch`, as `toTemporal` sends it. */
function isStall({ type, details }: TemporalApplicationFailure): boolean {
  const [first] = details ?? [];
  const { timeoutType } = Object(first) as { readonly timeoutType?: unknown };
  return type === 'TimeoutFailure' && timeoutType === 'STREAM';
}

function retryDelay(delay: string | number | null | undefined): number | undefined {
  return delay === undefined || delay === null ? undefined : temporalDurationMs(delay);
}
