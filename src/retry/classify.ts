/** Decides whether a failed attempt is retried, and why not. A pure function. */
import { HeartbeatDetailsError } from '../kernel/errors.js';
import type { RetryState, DeadlineType } from '../kernel/failures.js';
import { isNamed, retryWishes } from '../kernel/thrown.js';
import { countedAttempt, retryDelayMs } from './delay.js';
import { TIMEOUT_NAMES, type ErrorType, type FilledRetryPolicy } from './policy.js';

/** Everything that the decision about a failed attempt needs. */
export interface FailedAttempt {
  readonly failure: Error;
  /** The deadline that ended the attempt; undefined if the function threw, even a TimeoutFailure. */
  readonly timedOut: DeadlineType | undefined;
  readonly policy: FilledRetryPolicy;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** The failed attempts since details last changed, with this one; 0 if they changed in this one. */
  readonly attemptsWithoutProgress: number;
  readonly cancelRequested: boolean;
  /** The time until the scheduleToClose deadline; Infinity if there is none. */
  readonly remainingMs: number;
  readonly random: () => number;
}

type Verdict =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly retryState: RetryState };

/** Decides in Temporal's order: cancellation, schedule timeouts, kind of error, attempts, time. */
export function classify(failed: FailedAttempt): Verdict {
  const { failure, policy, attempt } = failed;
  if (failed.cancelRequested) return stop('CANCEL_REQUESTED');
  if (failed.timedOut === 'SCHEDULE_TO_START' || failed.timedOut === 'SCHEDULE_TO_CLOSE') {
    return stop('TIMEOUT');
  }
  if (!isRetryable(failed)) return stop('NON_RETRYABLE_FAILURE');
  if (
    attempt >= policy.maximumAttempts ||
    failed.attemptsWithoutProgress >= policy.maximumAttemptsWithoutProgress
  ) {
    return stop('MAXIMUM_ATTEMPTS_REACHED');
  }
  const counted = countedAttempt(policy, attempt, failed.attemptsWithoutProgress);
  const delayMs =
    retryWishes(failure).nextRetryDelayMs ?? retryDelayMs(policy, counted, failed.random);
  // If the deadline and the next attempt fall on the same moment, the deadline wins.
  return delayMs < failed.remainingMs ? { retry: true, delayMs } : stop('TIMEOUT');
}

function stop(retryState: RetryState): Verdict {
  return { retry: false, retryState };
}

function isRetryable({ failure, timedOut, policy }: FailedAttempt): boolean {
  if (failure instanceof HeartbeatDetailsError) return false;
  if (retryWishes(failure).nonRetryable === true) return false;
  const listed = policy.nonRetryableErrorTypes;
  const timeout = timedOut && TIMEOUT_NAMES[timedOut];
  if (timeout !== undefined && listed.includes(timeout)) return false;
  return !listed.some((type) => {
    try {
      return matches(failure, type);
    } catch {
      return false; // the user's error or class may throw
    }
  });
}

function matches(failure: Error, type: ErrorType): boolean {
  return typeof type === 'function' ? failure instanceof type : isNamed(failure, type);
}
