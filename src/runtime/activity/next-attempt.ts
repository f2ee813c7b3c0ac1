/** Decides what comes after an attempt that did not complete its activity: a retry or the end. */
import {
  TimeoutFailure,
  type CancelledFailure,
  type RetryState,
  type DeadlineType,
} from '../../kernel/failures.js';
import { classify } from '../../retry/classify.js';
import type { Attempt } from '../attempt/attempt.js';
import { requested } from '../attempt/requests.js';
import type { ResolvedOptions } from '../options/table.js';
import type { Services } from '../shared/services.js';
import { noTimeToRetry, type ClosedStatus } from './failure-messages.js';
import type { PastAttempts } from './past.js';

/** Another attempt follows, after the delay or after `unpause()`. */
export interface Retry {
  readonly again: true;
  readonly attempt: number;
  readonly delayMs: number;
  readonly paused: boolean;
  /** What follows unless the hooks of the policy decide otherwise; undefined if they need no time. */
  readonly held?: Next;
}

/** The activity closes without a result. */
export interface Failing {
  readonly again: false;
  readonly status: ClosedStatus;
  readonly cause: Error;
  readonly retryState: RetryState | undefined;
}

export function failing(
  status: ClosedStatus,
  cause: Error,
  retryState: RetryState | undefined,
): Failing {
  return { again: false, status, cause, retryState };
}

/** The activity closes, with or without a result. */
export type Closing =
  { readonly again: false; readonly status: 'COMPLETED'; readonly result: unknown } | Failing;

export type Next = Retry | Closing;

/** The part of an activity that the decision needs. */
interface Undecided {
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly past: PastAttempts | undefined;
  /** The scheduleToClose deadline. */
  readonly expiresAt: number;
}

/** What follows when the function stopped because it was told to. */
export function afterAccepted(
  activity: Undecided,
  attempt: Attempt,
  reason: CancelledFailure,
): Next {
  const cancel = attempt.requests?.cancel;
  if (cancel !== undefined) return failing('CANCELED', cancel, 'CANCEL_REQUESTED');
  if (reason.message === 'WORKER_SHUTDOWN') return failing('CANCELED', reason, undefined);
  return another(activity, attempt, 0);
}

/** What follows when the attempt failed or timed out. */
export function afterFailure(
  activity: Undecided,
  attempt: Attempt,
  failure: Error,
  now: number,
  timedOut?: DeadlineType,
): Next {
  const { services, options, expiresAt } = activity;
  const verdict = classify({
    failure,
    timedOut,
    policy: options.retryPolicy,
    attempt: attempt.number,
    attemptsWithoutProgress: withoutProgress(activity, attempt),
    cancelRequested: attempt.requests?.cancel !== undefined,
    remainingMs: expiresAt - now,
    random: services.random,
  });
  // Read only now, because `classify` reads the failure, whose getters may have made requests.
  const { cancel, reset } = attempt.requests ?? {};
  if (cancel !== undefined) return lastFailure(failure, 'CANCEL_REQUESTED', timedOut);
  const startsOver = reset !== undefined && timedOut !== 'SCHEDULE_TO_CLOSE';
  if (verdict.retry) return another(activity, attempt, verdict.delayMs, failure);
  if (startsOver) return another(activity, attempt, 0, failure);
  return lastFailure(failure, verdict.retryState, timedOut);
}

/** The number of attempts in a row, including this one, without new heartbeat details. */
export function withoutProgress({ past }: Undecided, attempt: Attempt): number {
  return attempt.reports?.progressed === true ? 0 : (past?.withoutProgress ?? 0) + 1;
}

/** Another attempt, or the first one again after a reset. During a shutdown there is none. */
function another(
  { services }: Undecided,
  { number, requests = {} }: Attempt,
  delayMs: number,
  failure?: Error,
): Next {
  if (services.shutdown.begun) {
    return failing('CANCELED', requested('WORKER_SHUTDOWN', failure), undefined);
  }
  const { reset } = requests;
  const paused = requests.pause !== undefined && reset?.options.keepPaused !== false;
  if (reset !== undefined) return { again: true, attempt: 1, delayMs: reset.delayMs, paused };
  return { again: true, attempt: number + 1, delayMs, paused };
}

/** The end of an activity whose last attempt failed; `timedOut` if a deadline ended that attempt. */
export function lastFailure(
  failure: Error,
  retryState: RetryState,
  timedOut: DeadlineType | undefined,
): Closing {
  if (timedOut === undefined) return failing('FAILED', failure, retryState);
  const gaveUp = retryState === 'TIMEOUT' && timedOut !== 'SCHEDULE_TO_CLOSE';
  const cause = gaveUp && failure instanceof TimeoutFailure ? noTimeToRetry(failure) : failure;
  return failing('TIMED_OUT', cause, retryState);
}
