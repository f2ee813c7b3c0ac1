/** Logs attempts and activities that did not go well. */
import { isCancellation } from '../../kernel/cancellation.js';
import { printable } from '../../kernel/text.js';
import { ensureError, messageOf, retryWishes, said } from '../../kernel/thrown.js';
import type { Attempt } from '../attempt/attempt.js';
import { LEFT_OPEN } from '../attempt/call.js';
import { warn } from '../attempt/late.js';
import { log } from '../shared/announce.js';
import type { Activity } from './activity.js';
import type { ClosedStatus } from './failure-messages.js';
import { lostThis } from './lost-this.js';
import type { Failing } from './next-attempt.js';

/** The number of abandoned attempts from which we warn. One may be an accident. */
const ABANDONED_TO_WARN_OF = 3;

const warnedOfBlocking = /* @__PURE__ */ new WeakSet<Attempt>();

/** What counts as a block for an attempt without a heartbeat timeout. */
const LONG_BLOCK_MS = 1_000;

/**
 * Logs, once per attempt, that the event loop was blocked for longer than its heartbeat timeout.
 *
 * @param isIts whether its function has certainly blocked it. Otherwise, we can tell whose fault it
 * may be if no other attempt runs.
 */
export function warnOfBlocking(
  activity: Activity,
  attempt: Attempt,
  blockedMs: number,
  isIts = false,
): void {
  if (!(blockedMs > (activity.options.heartbeatTimeoutMs || LONG_BLOCK_MS))) return;
  isIts ||= activity.roster.open.running === 1 && attempt.busy && activity.place === undefined;
  if (!isIts || warnedOfBlocking.has(attempt)) return;
  warnedOfBlocking.add(attempt);
  const ms = Math.round(blockedMs);
  warn(attempt, `blocked the event loop for ${ms} ms or more; if it computes, use systole/workers`);
}

/** Logs that an attempt failed and will be retried. */
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
      '. It will be retried forever: set retryPolicy.maximumAttempts or scheduleToCloseTimeout';
  }
  if (badRetryDelay !== undefined) message += `. Ignored ${badRetryDelay}`;
  message += lostThis(activity.fn, failure);
  const level = benign && badRetryDelay === undefined ? 'debug' : 'warn';
  log(activity, level, attempt, message, { delayMs, error: failure });
}

/** Logs that an attempt has ended while its function is still running. */
export function warnOfAbandoned(activity: Activity, attempt: number): void {
  const abandonedAttempts = activity.past?.abandoned ?? 0;
  if (abandonedAttempts < ABANDONED_TO_WARN_OF) return;
  const message =
    `${abandonedAttempts} attempts were abandoned because their functions did not stop; ` +
    'watch ctx.signal';
  log(activity, 'warn', attempt, message);
}

/**
 * Logs that an activity has failed without any listener for `failed`.
 *
 * @param toldBefore whether the caller was already told that it was cancelled
 */
export function logUnheard(activity: Activity, closing: Failing, toldBefore: boolean): void {
  const { status, cause } = closing;
  if (isRequested(status, cause)) return;
  const tell = (message: string): void =>
    log(activity, levelOf(cause), activity.state.attemptNumber, message, { error: cause });
  if (toldBefore) {
    const who = `Activity ${printable(activity.activityType, 100)}`;
    tell(`${who} failed after its caller was told that it was cancelled: ${said(cause)}`);
    return;
  }
  const tellIfUnasked = ({ message }: Error): void => {
    if (!activity.caller.asked) tell(`${message}. No one called result() or listens to 'failed'`);
  };
  // As with an unhandled rejection, result() may still be called in the same turn of the event loop.
  activity.result.catch((failure: unknown) =>
    activity.services.clock.setTimer(() => tellIfUnasked(failure as Error), 0),
  );
}

/** Whether this end was wanted. A shutdown during retries has the last error as its cause. */
function isRequested(status: ClosedStatus, failure: Error): boolean {
  if (status !== 'CANCELED') return status === 'TERMINATED';
  return failure.message !== 'WORKER_SHUTDOWN' || failure.cause === undefined;
}

/** Logs an error that a function threw when its outcome no longer counted. */
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
