/** A failed attempt and the policy: try again, or stop, and why. Pure. */
import { HeartbeatDetailsError } from '../kernel/errors.js';
import type { RetryState, TimeoutType } from '../kernel/failures.js';
import { isNamed, retryWishes } from '../kernel/thrown.js';
import { countedAttempt, retryDelayMs } from './delay.js';
import { TIMEOUT_NAMES, type ErrorType, type FilledRetryPolicy } from './policy.js';

/** What is known when an attempt has failed. */
export interface FailedAttempt {
  readonly failure: Error;
  /** The deadline that ended the attempt; undefined if the function threw, be it a TimeoutFailure. */
  readonly timedOut: TimeoutType | undefined;
  readonly policy: FilledRetryPolicy;
  /** Its number, from 1. */
  readonly attempt: number;
  /** How many failed, this one included, since heartbeat details last changed; 0 if in this one. */
  readonly attemptsWithoutProgress: number;
  readonly cancelRequested: boolean;
  /** Until the scheduleToClose deadline; Infinity if there is none. */
  readonly remainingMs: number;
  readonly random: () => number;
}

export type Verdict =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly retryState: RetryState };

/** The order is Temporal's: cancellation, schedule timeouts, kind of error, attempts, time left. */
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
  // A deadline and a dispatch at the same instant: the deadline wins.
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
      return false; // an error, or a class, may be the user's own in every respect
    }
  });
}

function matches(failure: Error, type: ErrorType): boolean {
  return typeof type === 'function' ? failure instanceof type : isNamed(failure, type);
}
