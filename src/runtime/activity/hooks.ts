/**
 * The functions of a retry policy: `onFailedAttempt` and `shouldRetry`. They may take time. Meanwhile
 * the activity is behind a delay without an end, so everything else works as in a backoff.
 */
import type { DeadlineType } from '../../kernel/failures.js';
import { ensureError } from '../../kernel/thrown.js';
import type { FailedAttemptInfo } from '../../retry/policy.js';
import type { Attempt } from '../attempt/attempt.js';
import { attributesOf, log } from '../shared/announce.js';
import type { Activity } from './activity.js';
import type { Ending } from './ending-events.js';
import { beginRetry, conclude } from './endings.js';
import { afterFailure, failing, lastFailure, type Next } from './next-attempt.js';

/** Ends an attempt that failed or timed out. Reading the failure may run code that ends it first. */
export function concludeFailed(
  activity: Activity,
  attempt: Attempt,
  ending: Ending & { readonly failure: Error },
  now: number,
  timedOut?: DeadlineType,
): void {
  const next = afterFailure(activity, attempt, ending.failure, now, timedOut);
  if (attempt.ended) return;
  if (!isUpToHooks(activity, attempt, next, timedOut)) {
    conclude(activity, next, ending, now);
    return;
  }
  const again = next.again ? next : { attempt: attempt.number + 1, delayMs: 0, paused: false };
  conclude(activity, { ...again, again: true, held: next }, ending, now);
  void decide(activity, attempt, ending.failure, next, timedOut);
}

/** Whether hooks have a say, and not a request, a shutdown or the deadline of the activity. */
function isUpToHooks(
  { options }: Activity,
  { requests }: Attempt,
  next: Next,
  timedOut: DeadlineType | undefined,
): boolean {
  const { shouldRetry, onFailedAttempt } = options.retryPolicy;
  if (onFailedAttempt === undefined && (shouldRetry === undefined || !next.again)) return false;
  if (requests?.cancel !== undefined || requests?.reset !== undefined) return false;
  return next.again || (next.status !== 'CANCELED' && timedOut !== 'SCHEDULE_TO_CLOSE');
}

async function decide(
  activity: Activity,
  attempt: Attempt,
  failure: Error,
  planned: Next,
  timedOut: DeadlineType | undefined,
): Promise<void> {
  const { state, services } = activity;
  const { number } = attempt;
  const { shouldRetry, onFailedAttempt } = activity.options.retryPolicy;
  const info: FailedAttemptInfo = Object.freeze({
    ...attributesOf(activity, number),
    nextAttempt: planned.again ? { attempt: planned.attempt, delayMs: planned.delayMs } : undefined,
  });
  const isAllowed = async (): Promise<boolean> => {
    try {
      return (await shouldRetry?.(failure, info)) ?? true;
    } catch (error) {
      log(activity, 'error', number, 'retryPolicy.shouldRetry threw: no retry', { error });
      return false;
    }
  };
  // Meanwhile the activity may close or start over.
  const isOpen = (): boolean => activity.isOpen && state.held === planned;
  let next = planned;
  try {
    await onFailedAttempt?.(failure, info);
    if (next.again && isOpen() && !(await isAllowed())) {
      next = lastFailure(failure, 'NON_RETRYABLE_FAILURE', timedOut);
    }
  } catch (thrown) {
    next = failing('FAILED', ensureError(thrown), 'NON_RETRYABLE_FAILURE');
  }
  if (!isOpen()) return;
  const now = services.clock.now();
  if (next.again && next.delayMs >= activity.expiresAt - now) {
    next = lastFailure(failure, 'TIMEOUT', timedOut);
  }
  if (next.again) {
    activity.remember().backOff(next.delayMs > 0 ? now : undefined);
    state.delayUntil(now + next.delayMs);
    beginRetry(activity, attempt, next, { failure });
    activity.rearm(now);
  } else conclude(activity, next);
}
