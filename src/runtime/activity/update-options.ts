/** Changes the options of an open activity. */
import { retryWishes } from '../../kernel/thrown.js';
import { countedAttempt, retryDelayMs } from '../../retry/delay.js';
import type { OptionsPatch } from '../options/activity-options.js';
import { patchOptions, readPatch } from '../options/patch.js';
import type { Execution } from './execution.js';
import { check, checkChangeable } from './run-state.js';

/** Changes options. The timeouts of the running attempt count from the same moment as before. */
export function updateOptions(execution: Execution, given: OptionsPatch): void {
  const patch = readPatch(given); // before reading the state, because getters may change it
  checkChangeable(execution, 'updateOptions');
  const { state, services } = execution;
  const { attempt } = state;
  const dispatched = state.lastAttempt !== undefined || state.phase === 'WAITING';
  const keepsDelay = patch.startDelay === undefined || !dispatched;
  check(execution, 'updateOptions({ startDelay })', keepsDelay, '; its delay is over');
  const options = patchOptions(execution.options, patch);
  services.ledger?.patched(execution, patch, options);
  const requeued =
    state.phase === 'WAITING' &&
    options.priority !== execution.options.priority &&
    !services.slots.keepsOneFor(execution);
  if (requeued) execution.withdraw();
  state.changeOptions(options);
  execution.changed();
  const now = services.clock.now();
  attempt?.changeTimeouts(now);
  if (attempt === undefined) {
    if (patch.startDelay !== undefined) {
      state.delayUntil(execution.scheduledAt + execution.options.startDelayMs);
    } else if (patch.retryPolicy !== undefined) backOffAnew(execution, now);
    if (requeued) execution.askForSlot(now);
    else execution.dispatch(now);
  } else execution.rearm(now);
}

/** Gives the current backoff the length of the new policy. */
function backOffAnew(execution: Execution, now: number): void {
  const { state, past, options, services } = execution;
  const since = past?.backingOffSince;
  if (past === undefined || since === undefined || state.delayedUntil <= now) return;
  const { lastFailure } = past;
  const own = lastFailure && retryWishes(lastFailure).nextRetryDelayMs;
  if (own !== undefined) return; // the failure has set its own delay
  const { retryPolicy } = options;
  const counted = countedAttempt(retryPolicy, state.attemptNumber, past.withoutProgress);
  state.delayUntil(since + retryDelayMs(retryPolicy, counted, services.random));
}
