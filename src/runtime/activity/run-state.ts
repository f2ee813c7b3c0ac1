/** What users see an open activity doing, and the operations that this allows. */
import { quote } from '../../kernel/text.js';
import { ActivityNotFoundError, ActivityStateError, type RunState } from '../../kernel/errors.js';
import type { Attempt } from '../attempt/attempt.js';
import type { Activity } from './activity.js';

/** The state that users see; undefined for a closed activity. */
export function runStateOf({ state }: Activity): RunState | undefined {
  if (state.phase === 'CLOSED') return undefined;
  if (state.phase === 'PAUSED') return 'PAUSED';
  if (state.attempt === undefined) return 'SCHEDULED';
  const { cancel, pause, reset } = state.attempt.requests ?? {};
  if (cancel !== undefined) return 'CANCEL_REQUESTED';
  return pause !== undefined && reset === undefined ? 'PAUSE_REQUESTED' : 'STARTED';
}

/**
 * @param why what the message adds to the state, such as what the operation needs
 * @throws ActivityStateError unless the operation is allowed
 */
export function check(
  activity: Activity,
  operation: string,
  allowed: boolean,
  why = '',
): asserts allowed {
  if (allowed) return;
  const { activityId, state } = activity;
  const runState = runStateOf(activity);
  const asked = state.attempt?.requests?.reset === undefined ? '' : ' and will be reset';
  const is = runState === undefined ? `closed (${state.closedAs ?? ''})` : runState + asked;
  throw new ActivityStateError(`${operation}: activity ${quote(activityId)} is ${is}${why}`, {
    activityId,
    runState,
    operation,
  });
}

/** @throws ActivityStateError if the activity has closed, or was asked to cancel or to start over */
export function checkChangeable(activity: Activity, operation: string): void {
  const { cancel, reset } = activity.state.attempt?.requests ?? {};
  check(activity, operation, activity.isOpen && cancel === undefined && reset === undefined);
}

/** @throws ActivityNotFoundError if no attempt runs */
export function runningAttempt(activity: Activity): Attempt {
  const { attempt } = activity.state;
  if (attempt === undefined) throw notFound(activity);
  return attempt;
}

export function notFound({ activityId, isOpen }: Activity): ActivityNotFoundError {
  return new ActivityNotFoundError(
    isOpen
      ? `No attempt of activity ${quote(activityId)} is running`
      : `Activity ${quote(activityId)} has closed`,
    { activityId },
  );
}
