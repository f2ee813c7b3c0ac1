/** Pauses, unpauses and resets an activity. */
import { requested } from '../attempt/requests.js';
import {
  readReset,
  readUnpause,
  type ResetOptions,
  type UnpauseOptions,
} from '../options/steering-options.js';
import { NO_FIELDS } from '../shared/outbox.js';
import { startFromZero } from './endings.js';
import type { Execution } from './execution.js';
import { check, checkChangeable, runStateOf } from './run-state.js';
import { closeForShutdown } from './stopping.js';

/** Keeps new attempts from starting and asks a running one to stop. A second call does nothing. */
export function pause(execution: Execution): void {
  const runState = runStateOf(execution);
  if (runState === 'PAUSED' || runState === 'PAUSE_REQUESTED') return;
  const { state, services } = execution;
  const { attempt } = state;
  checkChangeable(execution, 'pause');
  if (attempt !== undefined) {
    attempt.ask({ pause: requested('PAUSED', undefined) });
  } else if (services.shutdown.begun) {
    closeForShutdown(execution); // it would never be unpaused
  } else {
    execution.withdraw();
    state.pause();
    execution.rearm(services.clock.now());
    execution.emit('paused', NO_FIELDS);
  }
}

/** Continues the rest of the delay. If an attempt has not stopped yet, the request is withdrawn. */
export function unpause(execution: Execution, options: UnpauseOptions): void {
  const extraMs = readUnpause(options) * execution.services.random();
  const runState = runStateOf(execution);
  const isPaused = runState === 'PAUSED' || runState === 'PAUSE_REQUESTED';
  check(execution, 'unpause', isPaused, '; pause it first');
  const { state, services } = execution;
  if (state.attempt !== undefined) {
    state.attempt.ask({ pause: undefined });
    return;
  }
  const now = services.clock.now();
  state.unpause(extraMs, now);
  execution.emit('unpaused', NO_FIELDS);
  dispatchAgain(execution, now);
}

/** Starts over from attempt 1, now or when the running attempt has ended without a result. */
export function reset(execution: Execution, given: ResetOptions): void {
  const options = readReset(given); // before reading the state, because getters may change it
  const delayMs = options.jitterMs * execution.services.random();
  checkChangeable(execution, 'reset');
  const { state, services } = execution;
  const { attempt } = state;
  if (attempt !== undefined) {
    attempt.ask({ reset: { failure: requested('RESET', undefined), options, delayMs } });
    return;
  }
  const now = services.clock.now();
  const unpauses = state.phase === 'PAUSED' && !options.keepPaused;
  execution.withdraw();
  execution.past?.reset();
  if (options.restoreOriginalOptions) state.restoreOptions();
  // If the activity has never started, its start delay still counts.
  const startAt = execution.scheduledAt + execution.options.startDelayMs;
  const from = state.lastAttempt === undefined ? Math.max(startAt, now) : now;
  state.restart(from + delayMs, unpauses);
  if (options.resetHeartbeat) startFromZero(execution);
  execution.emit('reset', NO_FIELDS);
  if (unpauses && isScheduled(execution)) execution.emit('unpaused', NO_FIELDS);
  dispatchAgain(execution, now);
}

/** Continues after the events, whose listeners may have closed or paused the activity again. */
function dispatchAgain(execution: Execution, now: number): void {
  const again = isScheduled(execution) && execution.state.lastAttempt !== undefined;
  if (again) execution.remember().follow(execution.state);
  execution.dispatch(now); // if it is paused, this only rearms its deadline
}

function isScheduled({ state }: Execution): boolean {
  return state.phase === 'SCHEDULED';
}
