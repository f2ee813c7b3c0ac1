/** Calls whose `activityId` an open activity already has: they are refused, or they join it. */
import { quote } from '../kernel/text.js';
import { ActivityAlreadyStartedError } from '../kernel/errors.js';
import { refusal, rejectionAtAwait } from '../kernel/stack.js';
import type { Execution } from './activity/execution.js';
import { failureOf } from './activity/failure-messages.js';
import type { AnyFunction } from './attempt/owner.js';
import { requested } from './attempt/requests.js';
import type { ResolvedOptions } from './options/table.js';
import type { OutsideSignals } from './shared/signals.js';

/** A call that waits for an activity that another call has started. */
interface Joined {
  readonly joins: Execution;
  readonly result: Promise<unknown>;
}

/** The activity that a call has started or joined. */
export type Started = Execution | Joined;

export function executionOf(started: Started): Execution {
  return 'joins' in started ? started.joins : started;
}

/**
 * @throws ActivityAlreadyStartedError unless the call asks for `USE_EXISTING`
 * @throws TypeError if the open activity has another function
 */
export function join(
  open: Execution,
  call: {
    readonly fn: AnyFunction;
    readonly options: ResolvedOptions;
    readonly signal: AbortSignal | undefined;
  },
  signals: OutsideSignals,
): Joined {
  const { activityId, result } = open;
  const id = quote(activityId);
  if (call.options.idConflictPolicy === 'FAIL') {
    throw new ActivityAlreadyStartedError(
      `activityId ${id} is already in use by an open activity; use another id, or ` +
        "idConflictPolicy: 'USE_EXISTING' to join it",
      { activityId },
    );
  }
  if (open.fn !== call.fn) {
    throw refusal(
      new TypeError(
        `activityId ${id} is already in use by an open activity with another function; use ` +
          'another id, or the same function to join it',
      ),
    );
  }
  const { signal } = call;
  return { joins: open, result: signal === undefined ? result : wait(open, signal, signals) };
}

/** Waits for the activity. The signal of a caller who joined only ends that caller's wait. */
function wait(open: Execution, signal: AbortSignal, signals: OutsideSignals): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (reason: unknown): void => {
      const cause = requested('CANCELLED', reason);
      resolve(rejectionAtAwait(failureOf(open, 'CANCELED', cause, 'CANCEL_REQUESTED')));
    };
    if (signal.aborted) {
      abort(signal.reason);
      return;
    }
    const unfollow = signals.follow(signal, abort);
    open.result.then(resolve, reject).then(unfollow, unfollow);
  });
}
