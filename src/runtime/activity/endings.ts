/**
 * Ends attempts and closes activities. `conclude` does both, always in the same order: state, the
 * last report, abort, events, the caller, slots.
 */
import { ActivityAlreadyStartedError } from '../../kernel/errors.js';
import { CancelledFailure } from '../../kernel/failures.js';
import { withoutStack } from '../../kernel/stack.js';
import type { Attempt } from '../attempt/attempt.js';
import type { Activity } from './activity.js';
import { queueEndOfAttempt, queueReport, tellClose, type Ending } from './ending-events.js';
import { failureOf, type ClosedStatus } from './failure-messages.js';
import { withoutProgress, type Closing, type Next, type Retry } from './next-attempt.js';
import { logUnheard, warnOfRetry } from './warnings.js';

const NOTHING_MORE: Ending = {};

/**
 * Ends the running attempt, if there is one. Then the activity closes or is retried.
 *
 * @param now a fresh reading of the clock, if the caller has one
 */
export function conclude(
  activity: Activity,
  next: Next,
  ending: Ending = NOTHING_MORE,
  now?: number,
): void {
  const { failure, accepted, told } = ending;
  if (!activity.isOpen) return; // the user's code may have closed it
  const { attempt } = activity.state;
  const heldBack = attempt?.end() === true;

  // State
  if (failure !== undefined && accepted !== true) activity.remember().failed(failure);
  if (next.again) retry(activity, attempt as Attempt, next, now ?? activity.services.clock.now());
  else close(activity, attempt, next.status);
  if (isPlain(activity, attempt, next)) {
    attempt?.release();
    tellClose(activity, next);
    activity.caller.resolve(next.result, activity.services.ledger?.close(activity, next));
    activity.services.slots.handOut();
    return;
  }

  // The last report. From here on the user's code may run. Its events come after this end.
  const { outbox, roster } = activity;
  const outermost = outbox.hold();
  const id = activity.knownId;
  if (!next.again && id !== undefined) roster.untold.set(id, outbox);
  const forgotten = forgets(attempt, next);
  const report = attempt !== undefined && heldBack && (completes(next) || !forgotten);
  if (report) queueReport(activity, attempt);
  if (attempt !== undefined) queueEndOfAttempt(activity, attempt, next, ending);
  if (!next.again) tellClose(activity, next);
  if (forgotten) forget(activity, next);
  else if (report) activity.checkpoint.write();
  if (report) outbox.next();

  // Abort
  if (attempt !== undefined) abort(attempt, told);

  // Events
  const heard = activity.services.events.reach('failed');
  if (outermost) outbox.release();
  else if (!next.again) outbox.flush();
  if (!next.again && id !== undefined) roster.untold.delete(id);

  // The caller
  if (next.again) beginRetry(activity, attempt as Attempt, next, ending);
  else settleCaller(activity, next, heard);

  // Slots
  activity.services.slots.handOut();
}

function completes(next: Next): boolean {
  return !next.again && next.status === 'COMPLETED';
}

/** Whether an activity completes like most: its function has returned and left no details. */
function isPlain(
  activity: Activity,
  attempt: Attempt | undefined,
  next: Next,
): next is Closing & { readonly status: 'COMPLETED' } {
  if (next.again || next.status !== 'COMPLETED') return false;
  return attempt?.running !== true && !activity.mayHoldDetails;
}

// ── State ────────────────────────────────────────────────────────────────────────────────────────

function retry(activity: Activity, attempt: Attempt, next: Retry, now: number): void {
  const { state, services, options } = activity;
  const reset = attempt.requests?.reset;
  const delayedUntil = next.held === undefined ? now + next.delayMs : Infinity;
  const backsOff = next.delayMs > 0 && reset === undefined && next.held === undefined;
  const fruitless = next.attempt === 1 ? 0 : withoutProgress(activity, attempt);
  activity.remember().retried(fruitless, backsOff ? now : undefined);
  if (reset?.options.restoreOriginalOptions === true) state.restoreOptions();
  state.retry(next.attempt - 1, delayedUntil, next.paused, next.held);
  const overlapWaitMs = activity.place === undefined ? options.attemptOverlapMs : Infinity;
  if (attempt.running && overlapWaitMs > 0) state.waitFor(attempt, now + overlapWaitMs);
  else if (attempt.holdsSlot) services.slots.release(activity);
  activity.rearm(now);
}

/** Closes the activity. It holds no slot and waits for none any more. */
function close(
  activity: Activity,
  attempt: Attempt | undefined,
  status: ClosedStatus | 'COMPLETED',
): void {
  const { state, services } = activity;
  const holder = attempt ?? state.waitsFor;
  activity.withdraw();
  state.close(status);
  if (holder?.holdsSlot === true) services.slots.release(activity);
  activity.letGo();
}

/** Whether details are forgotten: after success, a termination, or a reset with `resetHeartbeat`. */
function forgets(attempt: Attempt | undefined, next: Next): boolean {
  if (next.again) return attempt?.requests?.reset?.options.resetHeartbeat === true;
  return next.status === 'COMPLETED' || next.status === 'TERMINATED';
}

function forget(activity: Activity, { again }: Next): void {
  if (again) startFromZero(activity);
  else if (activity.mayHoldDetails) activity.checkpoint.close(activity.state.loading);
}

/** Forgets the heartbeats of all attempts, for a reset. */
export function startFromZero(activity: Activity): void {
  activity.forgetDetails();
  activity.state.lastAttempt?.alive.forget();
  activity.past?.heartbeatAt(undefined);
}

// ── Abort ────────────────────────────────────────────────────────────────────────────────────────

function abort(attempt: Attempt, told: Ending['told']): void {
  if (told !== undefined) attempt.stop(told());
  else if (attempt.running) attempt.stop(new CancelledFailure('NOT_FOUND'));
  else attempt.release();
}

/** The reason that a timed-out attempt receives. */
export function timedOut(failure: Error): CancelledFailure {
  return withoutStack(() => new CancelledFailure('TIMED_OUT', { cause: failure }));
}

// ── The caller, or the next attempt ──────────────────────────────────────────────────────────────

/** @param heard whether a user's listener has received the failure */
function settleCaller(activity: Activity, next: Closing, heard: boolean): void {
  const { caller } = activity;
  const last = activity.mayHoldDetails ? activity.checkpoint.written() : undefined;
  const written = activity.services.ledger?.close(activity, next, last) ?? last;
  if (next.status === 'COMPLETED') {
    caller.resolve(next.result, written);
    return;
  }
  const { status, cause, retryState } = next;
  const toldBefore = caller.told;
  const stopped = status === 'TIMED_OUT' && activity.place?.answer(activity.settled());
  const over = stopped ? stopped.then(() => written) : written;
  // Another process runs the id. That is the same error as for an id of this process.
  const isRefused = cause instanceof ActivityAlreadyStartedError && !activity.state.lastAttempt;
  caller.reject(() => (isRefused ? cause : failureOf(activity, status, cause, retryState)), over);
  if (!heard && (toldBefore || !caller.asked)) logUnheard(activity, next, toldBefore);
}

/** Warns of the retry and enters the retry loop, unless the hooks of the policy still decide. */
export function beginRetry(
  activity: Activity,
  attempt: Attempt,
  { delayMs, held }: Retry,
  { failure, accepted }: Ending,
): void {
  const { phase } = activity.state;
  if (phase === 'CLOSED' || held !== undefined) return;
  if (failure !== undefined && accepted !== true) {
    warnOfRetry(activity, { failure, delayMs, attempt: attempt.number });
  }
  if (phase !== 'PAUSED') activity.remember().follow(activity.state);
}
