/** systole's failures as Temporal's. */
import { show } from '../kernel/bad-input.js';
import { durationMs } from '../kernel/duration.js';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  TerminatedFailure,
  TimeoutFailure,
} from '../kernel/failures.js';
import {
  ensureApplicationFailure,
  TemporalApplicationFailure,
  TemporalFailure,
} from './common-api.js';

/**
 * What Temporal would make the same of is left as it is: what is no error, and plain errors, unless
 * a failure of systole's is among their causes.
 */
export function toTemporalFailure(thrown: unknown): unknown {
  return convert(thrown, []);
}

/** @param above what `thrown` is the cause of; a cause that is among them is left out */
function convert(thrown: unknown, above: readonly Error[]): unknown {
  if (!(thrown instanceof Error) || thrown instanceof TemporalFailure) return thrown;
  const chain = [...above, thrown];
  const cause = chain.some((one) => one === thrown.cause)
    ? undefined
    : convert(thrown.cause, chain);
  if (thrown instanceof ApplicationFailure) return applicationFailure(thrown, cause);
  if (thrown instanceof HeartbeatDetailsError) {
    const { name: type, message, path } = thrown;
    return withStack(
      TemporalApplicationFailure.create({ message, type, nonRetryable: true, details: [path] }),
      thrown,
    );
  }
  if (cause === thrown.cause && !isOfRuntime(thrown)) return thrown;
  const failure = ensureApplicationFailure(thrown);
  return Object.assign(failure, { cause: cause instanceof Error ? cause : undefined });
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
  const { message, type, nonRetryable, details, nextRetryDelay, category } = failure;
  return withStack(
    TemporalApplicationFailure.create({
      message,
      nonRetryable,
      details: details.map(encodable),
      ...(type === undefined ? undefined : { type }),
      ...(category === undefined ? undefined : { category }),
      ...(cause instanceof Error ? { cause } : undefined),
      ...(nextRetryDelay === undefined
        ? undefined
        : { nextRetryDelay: durationMs(nextRetryDelay, 'nextRetryDelay') }),
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
