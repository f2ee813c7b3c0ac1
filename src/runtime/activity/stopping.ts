/** Stopping an activity from outside: cancel, terminate, and what a shutdown does. */
import { TerminatedFailure } from '../../kernel/failures.js';
import { isError } from '../../kernel/thrown.js';
import { requested } from '../attempt/requests.js';
import type { Activity } from './activity.js';
import { conclude } from './endings.js';
import { failureOf } from './failure-messages.js';
import { failing } from './next-attempt.js';
import { check } from './run-state.js';

/**
 * Asks the activity to stop. One without a running attempt closes at once.
 *
 * @param immediate whether a function hears it now although it does not wait in its context
 */
export function cancel(activity: Activity, cause: unknown, immediate: boolean): void {
  if (!activity.isOpen) return;
  const { attempt } = activity.state;
  const request = attempt?.requests?.cancel ?? requested('CANCELLED', cause);
  const retryState = 'CANCEL_REQUESTED';
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

/** Ends the activity at once; a running function is told, and what it does no longer counts. */
export function terminate(activity: Activity, reason: unknown): void {
  check(activity, 'terminate', activity.isOpen);
  const message = reason === undefined ? 'terminated' : asMessage(reason);
  const cause = new TerminatedFailure(message, isError(reason) ? { cause: reason } : {});
  const next = failing('TERMINATED', cause, undefined);
  conclude(activity, next, { told: requested('NOT_FOUND', cause) });
}

function asMessage(reason: unknown): string {
  try {
    return String(isError(reason) ? reason.message : reason);
  } catch {
    return 'terminated';
  }
}

/** At the end of the grace: a running function is told at once, and everything else closes. */
export function shutDown(activity: Activity): void {
  const { attempt } = activity.state;
  if (attempt?.holdsSlot === true) {
    attempt.interruption.deliver(requested('WORKER_SHUTDOWN', undefined));
  } else closeForShutdown(activity);
}

/** At the end of a shutdown: the activity closes, although a function may still run. */
export function closeForShutdown(activity: Activity): void {
  const cause = requested('WORKER_SHUTDOWN', undefined);
  conclude(activity, failing('CANCELED', cause, undefined), { told: cause });
}
