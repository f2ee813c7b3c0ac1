/** Turns systole's failures into Temporal's. */
import { show } from '../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../kernel/errors.js';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '../kernel/failures.js';
import { isError, retryWishes } from '../kernel/thrown.js';
import { convertChain } from './causes.js';
import { TemporalApplicationFailure, TemporalFailure } from './common-api.js';

/**
 * Converts an error and its causes. Values that are not errors stay as they are. So do errors that
 * Temporal converts in the same way, unless one of their causes is a failure of systole's.
 */
export function toTemporalFailure(thrown: unknown): unknown {
  return convertChain(thrown, convert);
}

function convert(error: Error, cause: unknown): unknown {
  if (error instanceof ApplicationFailure) return applicationFailure(error, cause);
  if (error instanceof HeartbeatDetailsError) {
    const { name: type, message, path } = error;
    return withStack(
      TemporalApplicationFailure.create({ message, type, nonRetryable: true, details: [path] }),
      error,
    );
  }
  if (hasCause(error, cause) && !isOfRuntime(error)) return error;
  if (error instanceof TemporalFailure) return withCause(error, cause);
  const { message } = error;
  const type = (error.constructor as { name?: string } | undefined)?.name ?? error.name;
  const fields = { message, type, details: detailsOf(error), ...causeField(cause) };
  return withStack(TemporalApplicationFailure.create(fields), error);
}

/** What `TemporalRuntime` needs to make the same error again. Temporal has no such timeout. */
function detailsOf(error: Error): unknown[] {
  const isStall = error instanceof TimeoutFailure && error.timeoutType === 'STREAM';
  return isStall ? [{ timeoutType: 'STREAM' }] : [];
}

/** Whether the error has this cause. False if it cannot be read, because the worker will read it. */
function hasCause(error: Error, cause: unknown): boolean {
  try {
    return error.cause === cause;
  } catch {
    return false;
  }
}

/** Copies a failure with another cause, and without its encoded form, which has the old cause. */
function withCause(failure: TemporalFailure, cause: unknown): TemporalFailure {
  const copy = Object.create(Object.getPrototypeOf(failure) as object, {
    ...Object.getOwnPropertyDescriptors(failure),
    failure: { value: undefined },
    cause: { value: isError(cause) ? cause : undefined },
  }) as TemporalFailure;
  return withStack(copy, failure);
}

function causeField(cause: unknown): { readonly cause?: Error } {
  return isError(cause) ? { cause } : {};
}

/** Whether the error is one of systole's own: a plain error would lose its type as a cause. */
function isOfRuntime(error: Error): boolean {
  return (
    error instanceof ActivityFailure ||
    error instanceof TimeoutFailure ||
    error instanceof CancelledFailure ||
    error instanceof TerminatedFailure
  );
}

function applicationFailure(
  failure: ApplicationFailure,
  cause: unknown,
): TemporalApplicationFailure {
  const { message, type, nonRetryable, details, category } = failure;
  const { nextRetryDelayMs } = retryWishes(failure);
  return withStack(
    TemporalApplicationFailure.create({
      message,
      nonRetryable,
      details: details.map(encodable),
      ...(type === undefined ? undefined : { type }),
      ...(category === undefined ? undefined : { category }),
      ...causeField(cause),
      ...(nextRetryDelayMs === undefined ? undefined : { nextRetryDelay: nextRetryDelayMs }),
    }),
    failure,
  );
}

/** A value for the worker: if JSON cannot hold it, a short text about it instead. */
function encodable(detail: unknown): unknown {
  try {
    const text: unknown = JSON.stringify(detail);
    if (text !== undefined || detail === undefined) return detail;
  } catch {
    // a bigint, a cycle, a getter that throws
  }
  return show(detail);
}

function withStack<E extends Error>(failure: E, original: Error): E {
  if (original.stack !== undefined) failure.stack = original.stack;
  return failure;
}
