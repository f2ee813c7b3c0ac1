/** Speaking for an activity from outside: what its function would say, said by other code. */
import { checkResult } from '../../kernel/bad-input.js';
import { CancelledFailure } from '../../kernel/failures.js';
import { conclude } from './endings.js';
import type { Execution } from './execution.js';
import type { Attempt } from '../attempt/attempt.js';
import { failing } from './next-attempt.js';
import { check, notFound, runningAttempt } from './run-state.js';

/** An attempt whose time is over has ended, although the event loop was too busy to say so. */
function attemptInTime(execution: Execution): Attempt {
  execution.enforceLimits();
  return runningAttempt(execution);
}

/** Completes the activity, whether an attempt runs or not. */
export function complete(execution: Execution, result: unknown): void {
  checkResult(result);
  execution.enforceLimits();
  if (!execution.isOpen) throw notFound(execution);
  execution.complete(result);
}

/** Fails the running attempt, as if its function had thrown. The retry policy decides. */
export function failAttempt(execution: Execution, error: unknown): void {
  execution.failAttempt(attemptInTime(execution), error);
}

/**
 * Says that the running attempt is alive; details are reported at once.
 *
 * @throws CancelledFailure if the attempt should stop; its details have been kept then
 */
export function heartbeat(execution: Execution, details: unknown): void {
  const attempt = attemptInTime(execution);
  attempt.beat(details, true);
  if (attempt.interruptedBy !== undefined) throw attempt.interruptedBy;
}

/** Says that the running attempt has stopped because it was cancelled. */
export function reportCancellation(execution: Execution, details: unknown): void {
  const request = attemptInTime(execution).requests?.cancel;
  check(execution, 'reportCancellation', request !== undefined);
  const cause =
    details === undefined ? request : new CancelledFailure('CANCELLED', { cause: details });
  const next = failing('CANCELED', cause, 'CANCEL_REQUESTED');
  conclude(execution, next, { failure: cause, accepted: true });
}
