/** What is logged of attempts and activities that did not go well. */
import { isCancellation } from '../../kernel/cancellation.js';
import { printable } from '../../kernel/text.js';
import { ensureError, messageOf, retryWishes, said } from '../../kernel/thrown.js';
import { LEFT_OPEN, type Attempt } from '../attempt/attempt.js';
import { log } from '../shared/announce.js';
import type { Activity } from './activity.js';
import { failureOf, type ClosedStatus } from './failure-messages.js';
import { lostThis } from './lost-this.js';
import type { Failing } from './next-attempt.js';

/** One zombie is an accident; from the third on the activity ignores its signal. */
const ABANDONED_TO_WARN_OF = 3;

/** An attempt failed and will be tried again. */
export function warnOfRetry(
  activity: Activity,
  { failure, delayMs, attempt }: { failure: Error; delayMs: number; attempt: number },
): void {
  const { retryPolicy, scheduleToCloseTimeoutMs } = activity.options;
  let message =
    `Activity ${printable(activity.activityType, 100)} failed at attempt ${attempt}; ` +
    `next attempt in ${Math.round(delayMs)} ms`;
  const { benign = false, badRetryDelay } = retryWishes(failure);
  const endless =
    retryPolicy.maximumAttempts === Infinity &&
    retryPolicy.maximumAttemptsWithoutProgress === Infinity &&
    scheduleToCloseTimeoutMs === 0;
  if (!benign && endless && activity.remember().warnOfEndlessness()) {
    message +=
      '. It will be retried without end: set retryPolicy.maximumAttempts or scheduleToCloseTimeout';
  }
  if (badRetryDelay !== undefined) message += `. The delay is the policy's: ${badRetryDelay}`;
  message += lostThis(activity.fn, failure);
  const level = benign && badRetryDelay === undefined ? 'debug' : 'warn';
  log(activity, level, attempt, message, { delayMs, error: failure });
}

/** An attempt has ended and its function goes on. */
export function warnOfAbandoned(activity: Activity, attempt: number): void {
  const abandonedAttempts = activity.past?.abandoned ?? 0;
  if (abandonedAttempts < ABANDONED_TO_WARN_OF) return;
  const message =
    `Abandoned attempt number ${abandonedAttempts}: its function still runs; ` +
    'it should watch ctx.signal';
  log(activity, 'warn', attempt, message);
}

/**
 * An activity has failed, and no listener of `failed` has been told.
 *
 * @param toldBefore its caller heard earlier that it was cancelled
 */
export function logUnheard(activity: Activity, closing: Failing, toldBefore: boolean): void {
  const { status, cause, retryState } = closing;
  if (isRequested(status, cause)) return;
  const tell = (why: string): void => {
    const message = `${failureOf(activity, status, cause, retryState).message}. ${why}`;
    log(activity, levelOf(cause), activity.state.attemptNumber, message, { error: cause });
  };
  if (toldBefore) {
    tell('Its caller had been told before that it was cancelled');
    return;
  }
  const tellIfUnasked = (): void => {
    if (!activity.caller.asked) tell("Nobody asked for its result() or listens to 'failed'");
  };
  // As with an unhandled rejection, there is a turn of the event loop to ask in.
  activity.result.catch(() => activity.services.clock.setTimer(tellIfUnasked, 0));
}

/** Somebody wanted this end. A shutdown that cut retries short has the last error as its cause. */
function isRequested(status: ClosedStatus, failure: Error): boolean {
  if (status !== 'CANCELED') return status === 'TERMINATED';
  return failure.message !== 'WORKER_SHUTDOWN' || failure.cause === undefined;
}

/** The function threw when its outcome no longer counted, and something else than it was told. */
export function logIgnored(activity: Activity, attempt: Attempt, thrown: unknown): void {
  const { ended, number } = attempt;
  if (ended && activity.services.events.reach('attemptSettled')) return;
  if (messageOf(thrown) === LEFT_OPEN || isCancellation(thrown)) return;
  const failure = ensureError(thrown);
  const message =
    `Attempt ${number} of activity ${printable(activity.activityType, 100)} ` +
    `${ended ? 'had ended' : 'was left open'} when its function threw: ${said(failure)}`;
  log(activity, levelOf(failure), number, message, { error: thrown });
}

function levelOf(failure: Error): 'debug' | 'error' {
  return retryWishes(failure).benign === true ? 'debug' : 'error';
}
