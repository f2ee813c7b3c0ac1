/** systole's failures as Temporal's. */
import { durationMs } from '../duration.js';
import { ApplicationFailure, HeartbeatDetailsError } from '../failures.js';
import { TemporalApplicationFailure } from './common-api.js';

/** What Temporal would make the same of is left as it is: plain errors, and what is no error. */
export function toTemporalFailure(thrown: unknown): unknown {
  if (thrown instanceof ApplicationFailure) return applicationFailure(thrown);
  if (thrown instanceof HeartbeatDetailsError) {
    const { name: type, message, path } = thrown;
    return withStack(
      TemporalApplicationFailure.create({ message, type, nonRetryable: true, details: [path] }),
      thrown,
    );
  }
  return thrown;
}

function applicationFailure(failure: ApplicationFailure): TemporalApplicationFailure {
  const { message, type, nonRetryable, details, nextRetryDelay, category } = failure;
  const cause = toTemporalFailure(failure.cause);
  return withStack(
    TemporalApplicationFailure.create({
      message,
      nonRetryable,
      details: [...details],
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

function withStack<E extends Error>(failure: E, original: Error): E {
  if (original.stack !== undefined) failure.stack = original.stack;
  return failure;
}
