/** Completes, fails and heartbeats an activity from outside its function. */
import { checkResult } from '../../kernel/bad-input.js';
import { CancelledFailure } from '../../kernel/failures.js';
import { conclude } from './endings.js';
import type { Execution } from './execution.js';
import type { Attempt } from '../attempt/attempt.js';
import { failing } from './next-attempt.js';
import { check, notFound, runningAttempt } from './run-state.js';

/** The running attempt, unless its time is over and only a busy event loop has delayed its end. */
function attemptInTime(execution: Execution): Attempt {
  execution.enforceLimits();
  return runningAttempt(execution);
}

/** Completes the activity, even if no attempt is running. */
export function complete(execution: Execution, result: unknown): void {
  checkResult(result);
  execution.enforceLimits();
  if (!execution.isOpen) throw notFound(execution);
  execution.complete(result);
}

/** Fails the running attempt as if its function had thrown the error. The retry policy decides. */
export function failAttempt(execution: Execution, error: unknown): void {
  execution.failAttempt(attemptInTime(execution), error);
}

/**
 * Heartbeats for the running attempt. Details are reported at once.
 *
 * @throws CancelledFailure if the attempt should stop; the details are kept anyway
 */
export function heartbeat(execution: Execution, details: unknown): void {
  const attempt = attemptInTime(execution);
  attempt.beat(details, true);
  const { reason } = attempt.interruption;
  if (reason !== undefined) throw reason;
}

/** Reports that the running attempt has stopped because it was cancelled. */
export function reportCancellation(execution: Execution, details: unknown): void {
  const request = attemptInTime(execution).requests?.cancel;
  check(execution, 'reportCancellation', request !== undefined, '; cancel it first');
  const cause =
    details === undefined ? request : new CancelledFailure('CANCELLED', { cause: details });
  const next = failing('CANCELED', cause, 'CANCEL_REQUESTED');
  conclude(execution, next, { failure: cause, accepted: true });
}
