/** Cancels and terminates an activity, and closes it for a shutdown. */
import { TerminatedFailure } from '../../kernel/failures.js';
import { isError } from '../../kernel/thrown.js';
import { requested } from '../attempt/requests.js';
import type { Activity } from './activity.js';
import { conclude } from './endings.js';
import { failureOf } from './failure-messages.js';
import { failing } from './next-attempt.js';
import { check } from './run-state.js';

/**
 * Asks the activity to stop. Without a running attempt, it closes at once.
 *
 * @param immediate whether the function receives the request now, even if it is not waiting
 */
export function cancel(activity: Activity, cause: unknown, immediate: boolean): void {
  if (!activity.isOpen) return;
  const { attempt } = activity.state;
  const request = attempt?.requests?.cancel ?? requested('CANCELLED', cause);
  const retryState = 'CANCEL_REQUESTED';
  activity.remember().cancel(request);
  if (attempt === undefined) {
    conclude(activity, failing('CANCELED', request, retryState));
    return;
  }
  const type = activity.options.cancellationType;
  if (type !== 'ABANDON') attempt.ask({ cancel: request }, immediate);
  if (type !== 'WAIT_CANCELLATION_COMPLETED') {
    activity.caller.reject(() => failureOf(activity, 'CANCELED', request, retryState));
  }
}

/** Closes the activity now. A running function is told. What it does afterwards does not count. */
export function terminate(activity: Activity, reason: unknown): void {
  check(activity, 'terminate', activity.isOpen);
  const message = reason === undefined ? 'terminated' : asMessage(reason);
  const cause = new TerminatedFailure(message, isError(reason) ? { cause: reason } : {});
  const next = failing('TERMINATED', cause, undefined);
  conclude(activity, next, { told: () => requested('NOT_FOUND', cause) });
}

function asMessage(reason: unknown): string {
  try {
    return String(isError(reason) ? reason.message : reason);
  } catch {
    return 'terminated';
  }
}

/** Called at the end of the grace period. A running function is told; other activities close. */
export function shutDown(activity: Activity): void {
  const { attempt } = activity.state;
  if (attempt?.holdsSlot === true) {
    attempt.stop(requested('WORKER_SHUTDOWN', undefined));
  } else closeForShutdown(activity);
}

/** Closes the activity, even if a function still runs. A failure that its hooks delay stays final. */
export function closeForShutdown(activity: Activity): void {
  const planned = activity.state.held;
  const cause = requested('WORKER_SHUTDOWN', undefined);
  const next = planned?.again === false ? planned : failing('CANCELED', cause, undefined);
  conclude(activity, next, { told: () => cause });
}
