/** What happens to an activity whose claim is lost: it ends here, and writes nothing more. */
import { isThenable } from '../kernel/promises.js';
import type { ActivityFailure } from '../kernel/failures.js';
import { conclude } from '../runtime/activity/endings.js';
import { failureOf } from '../runtime/activity/failure-messages.js';
import { failing } from '../runtime/activity/next-attempt.js';
import { requested } from '../runtime/attempt/requests.js';
import { leaseLost } from './leases.js';
import { LeaseLostError } from './port.js';
import type { Tracked } from './tracked.js';

/** Writes for an activity. If the store refuses because the claim is lost, the activity closes. */
export function fenced(tracked: Tracked, write: () => unknown): unknown {
  const refuse = (error: unknown): void => {
    if (!(error instanceof LeaseLostError)) throw error;
    lose(tracked, leaseLost(tracked.activityId, error.message));
  };
  try {
    const returned = write();
    return isThenable(returned) ? Promise.resolve(returned).catch(refuse) : returned;
  } catch (error) {
    refuse(error);
    return undefined;
  }
}

/** Ends an activity whose claim is lost, in the next microtask: it may be changing right now. */
export function lose(tracked: Tracked, error: Error): void {
  tracked.lose(error);
  void Promise.resolve().then(() => {
    const next = failing('FAILED', error, 'NON_RETRYABLE_FAILURE');
    conclude(tracked.activity, next, { told: () => requested('NOT_FOUND', error) });
  });
}

/** What the caller gets for a result that came when another owner had the activity. */
export function overtaken({ activity, lost }: Tracked): ActivityFailure {
  return failureOf(activity, 'FAILED', lost as Error, 'NON_RETRYABLE_FAILURE');
}
