/**
 * What may be asked of an activity from outside, whatever it is doing: the operations of a handle,
 * of the completion by token, and of a shutdown. Each acts before it returns.
 */
import { checkResult } from '../../kernel/bad-input.js';
import {
  ActivityNotFoundError,
  ActivityStateError,
  CancelledFailure,
  TerminatedFailure,
  type RunState,
} from '../../kernel/failures.js';
import { isError, retryWishes } from '../../kernel/thrown.js';
import { countedAttempt, retryDelayMs } from '../../retry/delay.js';
import { NO_FIELDS } from '../shared/announce.js';
import type { Attempt } from '../attempt/attempt.js';
import type { Execution } from './execution.js';
import type { History } from './history.js';
import { patchOptions, readPatch, type OptionsPatch } from '../options/patch.js';
import {
  readReset,
  readUnpause,
  type ResetOptions,
  type UnpauseOptions,
} from '../options/steering-options.js';
import { requested, Requests } from '../attempt/requests.js';

/** What an open activity is doing; undefined for a closed one. */
export function runStateOf({
  closed,
  attempt,
  dispatch,
  requests,
}: Execution): RunState | undefined {
  if (closed !== undefined) return undefined;
  if (dispatch.paused) return 'PAUSED';
  if (attempt === undefined) return 'SCHEDULED';
  if (requests?.cancel !== undefined) return 'CANCEL_REQUESTED';
  return requests?.pause !== undefined && requests.reset === undefined
    ? 'PAUSE_REQUESTED'
    : 'STARTED';
}

// ── Stopping ─────────────────────────────────────────────────────────────────────────────────────

/**
 * Asks the activity to stop. One that waits, is delayed or paused closes at once.
 *
 * @param immediate whether a function hears it now although it does not wait in its context
 */
export function cancel(execution: Execution, cause: unknown, immediate: boolean): void {
  const { closed, attempt, options } = execution;
  if (closed !== undefined) return;
  const request = execution.requests?.cancel ?? requested('CANCELLED', cause);
  if (attempt === undefined) {
    execution.fail('CANCELED', request, 'CANCEL_REQUESTED');
    return;
  }
  const type = options.cancellationType;
  if (type !== 'ABANDON') {
    (execution.requests ??= new Requests()).cancel = request;
    deliver(execution, attempt, immediate);
  }
  if (type !== 'WAIT_CANCELLATION_COMPLETED') {
    execution.rejectCaller('CANCELED', request, 'CANCEL_REQUESTED');
  }
}

/** Ends the activity at once; a running function is told, and what it does no longer counts. */
export function terminate(execution: Execution, reason: unknown): void {
  check(execution, 'terminate', execution.closed === undefined);
  const message = reason === undefined ? 'terminated' : asMessage(reason);
  const failure = new TerminatedFailure(message, isError(reason) ? { cause: reason } : {});
  execution.fail('TERMINATED', failure, undefined, requested('NOT_FOUND', failure));
}

function asMessage(reason: unknown): string {
  try {
    return String(isError(reason) ? reason.message : reason);
  } catch {
    return 'terminated';
  }
}

/** For a shutdown: what waits closes; a running function is told, at once. */
export function shutDown(execution: Execution): void {
  const { attempt } = execution;
  if (attempt?.holdsSlot === true)
    attempt.interruption.deliver(requested('WORKER_SHUTDOWN', undefined));
  else closeForShutdown(execution);
}

/** For the end of a shutdown: closes, although a function may still run. */
export function closeForShutdown(execution: Execution): void {
  const reason = requested('WORKER_SHUTDOWN', undefined);
  execution.fail('CANCELED', reason, undefined, reason);
}

// ── Pausing ──────────────────────────────────────────────────────────────────────────────────────

/** No further attempt begins; a running one is asked to stop. Twice is once. */
export function pause(execution: Execution): void {
  const state = runStateOf(execution);
  if (state === 'PAUSED' || state === 'PAUSE_REQUESTED') return;
  const { attempt, requests } = execution;
  check(
    execution,
    'pause',
    state !== undefined && state !== 'CANCEL_REQUESTED' && requests?.reset === undefined,
  );
  if (attempt === undefined && execution.services.shutdown.begun) {
    closeForShutdown(execution); // nobody would unpause it
    return;
  }
  if (attempt === undefined) {
    execution.park(execution.services.clock.now());
    execution.emit('paused', NO_FIELDS);
    return;
  }
  (execution.requests ??= new Requests()).pause = requested('PAUSED', undefined);
  deliver(execution, attempt);
}

/** Goes on after the rest of the delay; an attempt that was only asked to stop is not told. */
export function unpause(execution: Execution, options: UnpauseOptions): void {
  const extraMs = readUnpause(options) * execution.services.random();
  const state = runStateOf(execution);
  check(execution, 'unpause', state === 'PAUSED' || state === 'PAUSE_REQUESTED');
  if (state === 'PAUSE_REQUESTED') {
    if (execution.requests !== undefined) execution.requests.pause = undefined;
    return;
  }
  const now = execution.services.clock.now();
  execution.unpark(extraMs, now);
  execution.emit('unpaused', NO_FIELDS);
  execution.dispatch.proceed(now);
}

/** Starts over from attempt 1: now, or when the running attempt has ended without a result. */
export function reset(execution: Execution, given: ResetOptions): void {
  const options = readReset(given); // before the state is looked at: getters may change it
  const { attempt, requests, services, dispatch, history } = execution;
  const delayMs = options.jitterMs * services.random();
  check(
    execution,
    'reset',
    execution.closed === undefined &&
      requests?.cancel === undefined &&
      requests?.reset === undefined,
  );
  if (attempt !== undefined) {
    const request = { failure: requested('RESET', undefined), options, delayMs };
    (execution.requests ??= new Requests()).reset = request;
    deliver(execution, attempt);
    return;
  }
  const now = services.clock.now();
  const neverStarted = execution.lastAttempt === undefined;
  execution.attemptNumber = 0;
  if (history !== undefined) {
    history.attemptsWithoutProgress = 0;
    history.lastEndedAt = undefined;
  }
  execution.applyReset(options);
  const startAt = execution.scheduledAt + execution.options.startDelayMs;
  dispatch.reschedule((neverStarted ? Math.max(startAt, now) : now) + delayMs);
  const unpauses = dispatch.paused && !options.keepPaused;
  if (unpauses) execution.unpark(0, now);
  execution.emit('reset', NO_FIELDS);
  if (unpauses && goesOn(execution)) execution.emit('unpaused', NO_FIELDS);
  dispatch.proceed(now);
}

/** Changes options of an open activity. The running attempt's timeouts count from its start. */
export function updateOptions(execution: Execution, given: OptionsPatch): void {
  const patch = readPatch(given); // before the state is looked at: getters may change it
  const { attempt, requests, dispatch, services, history } = execution;
  check(
    execution,
    'updateOptions',
    execution.closed === undefined &&
      requests?.cancel === undefined &&
      requests?.reset === undefined,
  );
  const dispatched = execution.lastAttempt !== undefined || dispatch.waiting;
  check(execution, 'updateOptions({ startDelay })', patch.startDelay === undefined || !dispatched);
  const { priority } = execution.options;
  execution.options = patchOptions(execution.options, patch);
  const now = services.clock.now();
  if (attempt !== undefined) {
    attempt.retime(now);
    execution.rearm(now);
  } else if (patch.startDelay !== undefined) {
    dispatch.reschedule(execution.scheduledAt + execution.options.startDelayMs);
    dispatch.proceed(now);
  } else if (
    dispatch.isDelayed(now) &&
    patch.retryPolicy !== undefined &&
    history?.lastEndedAt !== undefined &&
    !ownDelay(history)
  ) {
    const { options, attemptNumber } = execution;
    const { attemptsWithoutProgress, lastEndedAt } = history;
    const counted = countedAttempt(options.retryPolicy, attemptNumber, attemptsWithoutProgress);
    const delayMs = retryDelayMs(options.retryPolicy, counted, services.random);
    dispatch.reschedule(lastEndedAt + delayMs);
    dispatch.proceed(now);
  } else {
    if (execution.options.priority !== priority) dispatch.requeue(now);
    execution.rearm(now);
  }
}

/** The failure said itself when to try again. */
function ownDelay({ lastFailure }: History): boolean {
  return lastFailure !== undefined && retryWishes(lastFailure).nextRetryDelay !== undefined;
}

// ── Completion from outside ──────────────────────────────────────────────────────────────────────

/** By id: whether an attempt runs or not. */
export function complete(execution: Execution, result: unknown): void {
  checkResult(result);
  if (execution.closed !== undefined) throw notFound(execution);
  execution.complete(result);
}

/** As if the running attempt had thrown it. */
export function fail(execution: Execution, error: unknown): void {
  execution.failAttempt(runningAttempt(execution), error);
}

/**
 * Says that the running attempt is alive; reported at once.
 *
 * @throws CancelledFailure if it is to stop, after the details have been kept
 */
export function heartbeat(execution: Execution, details: unknown): void {
  const attempt = runningAttempt(execution);
  attempt.beat(details, true);
  if (attempt.interruptedBy !== undefined) throw attempt.interruptedBy;
}

/** Says that the running attempt has stopped because it was cancelled. */
export function reportCancellation(execution: Execution, details: unknown): void {
  const attempt = runningAttempt(execution);
  const request = execution.requests?.cancel;
  check(execution, 'reportCancellation', request !== undefined);
  const cause =
    details === undefined ? request : new CancelledFailure('CANCELLED', { cause: details });
  const next = { again: false, status: 'CANCELED', cause, retryState: 'CANCEL_REQUESTED' } as const;
  execution.endAttempt(attempt, cause, next, execution.services.clock.now());
}

function runningAttempt(execution: Execution): Attempt {
  if (execution.attempt === undefined) throw notFound(execution);
  return execution.attempt;
}

function notFound({ activityId, closed }: Execution): ActivityNotFoundError {
  return new ActivityNotFoundError(
    closed === undefined
      ? `No attempt of activity ${JSON.stringify(activityId)} is running`
      : `Activity ${JSON.stringify(activityId)} has closed`,
    { activityId },
  );
}

// ── Common ───────────────────────────────────────────────────────────────────────────────────────

/** The function hears of it now, or in its next heartbeat; one that waits always hears it now. */
function deliver(
  { options }: Execution,
  attempt: Attempt,
  immediate = options.cancellationDelivery === 'immediate',
): void {
  if (immediate || attempt.listening) attempt.hear();
}

/** Asked again after an event: its listeners may have closed the activity, or paused it. */
function goesOn({ closed, dispatch }: Execution): boolean {
  return closed === undefined && !dispatch.paused;
}

function check(execution: Execution, operation: string, allowed: boolean): asserts allowed {
  if (allowed) return;
  const { activityId } = execution;
  const runState = runStateOf(execution);
  const asked = execution.requests?.reset === undefined ? '' : ', and is about to be reset';
  const is = runState === undefined ? `closed (${execution.closed ?? ''})` : runState + asked;
  throw new ActivityStateError(`${operation}: activity ${JSON.stringify(activityId)} is ${is}`, {
    activityId,
    runState,
    operation,
  });
}
