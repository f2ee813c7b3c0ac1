/** How an attempt ended, read from the failure of its `attemptFailed` event. */
import { CancelledFailure, TimeoutFailure } from '../../kernel/failures.js';

/** What ended an attempt that did not close its activity. */
type FailedOutcome = 'FAILED' | 'TIMED_OUT' | 'PAUSED' | 'RESET';

/** A cancellation that nobody asked for is a failure like any other: it is retried. */
export function failedOutcome(failure: Error): FailedOutcome {
  if (failure instanceof TimeoutFailure) return 'TIMED_OUT';
  const asked = failure instanceof CancelledFailure ? failure.message : undefined;
  return asked === 'PAUSED' || asked === 'RESET' ? asked : 'FAILED';
}
