/** What comes after an attempt that has not completed its activity: another one, or the end. */
import type { CancelledFailure, RetryState, TimeoutType } from '../../kernel/failures.js';
import { classify } from '../../retry/classify.js';
import type { Attempt } from '../attempt/attempt.js';
import type { History } from './history.js';
import type { ResolvedOptions } from '../options/activity-options.js';
import { finalFailure, type Next } from './failure-messages.js';
import { requested, type Requests } from '../attempt/requests.js';
import type { Services } from '../shared/services.js';

/** An activity, as far as it bears on this. */
export interface Undecided {
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly requests: Requests | undefined;
  readonly history: History | undefined;
  /** The scheduleToClose deadline. */
  readonly expiresAt: number;
}

const NO_REQUESTS: Partial<Requests> = {};

/** Its function stopped because it was told to. */
export function afterAccepted(
  activity: Undecided,
  attempt: Attempt,
  reason: CancelledFailure,
): Next {
  const { cancel, reset, pause } = activity.requests ?? NO_REQUESTS;
  if (cancel !== undefined) return cancelled(cancel, 'CANCEL_REQUESTED');
  if (reason.message === 'WORKER_SHUTDOWN') return cancelled(reason, undefined);
  if (reset !== undefined) return unlessShutDown(activity, afterReset(activity));
  const paused = pause !== undefined;
  const next = { again: true, attempt: attempt.number + 1, delayMs: 0, paused } as const;
  return unlessShutDown(activity, next);
}

/** It failed, or timed out. */
export function afterFailure(
  activity: Undecided,
  attempt: Attempt,
  failure: Error,
  now: number,
  timedOut?: TimeoutType,
): Next {
  const { services, options, expiresAt } = activity;
  const verdict = classify({
    failure,
    timedOut,
    policy: options.retryPolicy,
    attempt: attempt.number,
    attemptsWithoutProgress: withoutProgress(activity, attempt),
    cancelRequested: activity.requests?.cancel !== undefined,
    remainingMs: expiresAt - now,
    random: services.random,
  });
  // Looked at now: to classify the failure reads it, and its getters may have asked for something.
  const { cancel, reset, pause } = activity.requests ?? NO_REQUESTS;
  if (cancel !== undefined) return finalFailure(failure, 'CANCEL_REQUESTED', timedOut);
  if (reset !== undefined && timedOut !== 'SCHEDULE_TO_CLOSE') {
    return unlessShutDown(activity, afterReset(activity), failure);
  }
  if (!verdict.retry) return finalFailure(failure, verdict.retryState, timedOut);
  const { delayMs } = verdict;
  const paused = pause !== undefined;
  const next = { again: true, attempt: attempt.number + 1, delayMs, paused } as const;
  return unlessShutDown(activity, next, failure);
}

/** Attempts in a row, with this one, that have changed no heartbeat details. */
export function withoutProgress({ history }: Undecided, attempt: Attempt): number {
  return attempt.progressed ? 0 : (history?.attemptsWithoutProgress ?? 0) + 1;
}

function afterReset({ requests }: Undecided): Next {
  const { reset, pause } = requests ?? NO_REQUESTS;
  const paused = pause !== undefined && reset?.options.keepPaused === true;
  return { again: true, attempt: 1, delayMs: reset?.delayMs ?? 0, paused };
}

/** A runtime that shuts down begins no further attempt. */
function unlessShutDown({ services }: Undecided, next: Next, failure?: Error): Next {
  if (!services.shutdown.begun) return next;
  return cancelled(requested('WORKER_SHUTDOWN', failure), undefined);
}

function cancelled(cause: CancelledFailure, retryState: RetryState | undefined): Next {
  return { again: false, status: 'CANCELED', cause, retryState };
}
