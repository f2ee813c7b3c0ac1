/** systole's failures as Temporal's. */
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
 * Values that are no errors, and errors that Temporal converts in the same way, are left as they
 * are, unless a failure of systole's is among their causes.
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
  return withStack(
    TemporalApplicationFailure.create({ message, type, ...causeField(cause) }),
    error,
  );
}

/** False if the cause cannot be read: the worker would try to. */
function hasCause(error: Error, cause: unknown): boolean {
  try {
    return error.cause === cause;
  } catch {
    return false;
  }
}

/** A copy, because the failure belongs to the activity. Its encoded form has the old cause too. */
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

/** As a cause, a plain error would lose its type. */
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

/** The worker would fail at a value that has no JSON, so a word on it goes in its place. */
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
