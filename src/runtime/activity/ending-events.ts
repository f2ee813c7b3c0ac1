/** The events of an ending: what listeners hear when an attempt ends or an activity closes. */
import type { EventFields } from '../../kernel/events.js';
import type { CancelledFailure } from '../../kernel/failures.js';
import type { Attempt } from '../attempt/attempt.js';
import { emit, NO_FIELDS } from '../shared/outbox.js';
import type { Activity } from './activity.js';
import type { Closing, Next } from './next-attempt.js';
import { warnOfAbandoned } from './warnings.js';

/** How the running attempt ended. */
export interface Ending {
  /** The failure of the attempt; undefined if it has returned, or the activity closes meanwhile. */
  readonly failure?: Error | undefined;
  /** Whether it stopped because it was told to. */
  readonly accepted?: boolean | undefined;
  /** Makes the reason that is delivered to its function. */
  readonly told?: (() => CancelledFailure) | undefined;
}

/** Queues the last report of an attempt, which was held back. */
export function queueReport(activity: Activity, attempt: Attempt): void {
  const { checkpoint, details } = activity;
  activity.outbox.tell(() => checkpoint.tellNow(details, attempt.number));
}

/** Queues the events of an attempt that has ended, in the order in which listeners get them. */
export function queueEndOfAttempt(
  activity: Activity,
  attempt: Attempt,
  next: Next,
  { failure, accepted }: Ending,
): void {
  const { outbox } = activity;
  const { number, running } = attempt;
  if (failure !== undefined && (next.again || accepted !== true)) {
    outbox.tell(() => {
      emit(activity, 'attemptFailed', number, {
        failure,
        ...comingAttempt(activity, attempt, next),
      });
    });
  }
  if (running) {
    activity.remember().abandon();
    activity.emit('attemptAbandoned', NO_FIELDS, number);
    outbox.tell(() => warnOfAbandoned(activity, number));
  }
  if (!next.again) return;
  const before = next.attempt - 1;
  if (attempt.requests?.reset !== undefined) activity.emit('reset', NO_FIELDS, before);
  if (next.paused) activity.emit('paused', NO_FIELDS, before);
}

/** The next attempt, unless code that ran at the abort has closed, paused or reset the activity. */
function comingAttempt(
  { state }: Activity,
  attempt: Attempt,
  next: Next,
): Pick<EventFields<'attemptFailed'>, 'nextAttempt'> {
  if (!next.again || state.phase === 'CLOSED' || state.phase === 'PAUSED') return {};
  if (state.lastAttempt !== attempt || state.attemptNumber !== next.attempt - 1) return {};
  if (next.held?.again === false) return {};
  return { nextAttempt: Object.freeze({ attempt: next.attempt, delayMs: next.delayMs }) };
}

/** Emits the event of an activity that has closed. */
export function tellClose(activity: Activity, next: Closing): void {
  if (next.status === 'COMPLETED') activity.emit('completed', { result: next.result });
  else {
    const { status, cause: failure, retryState } = next;
    activity.emit('failed', { status, failure, retryState });
  }
}
