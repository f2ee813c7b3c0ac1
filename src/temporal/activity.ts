/**
 * systole/temporal/activity: replaces `@temporalio/activity` through an alias in a bundler or test
 * runner, so that activities written for Temporal run on systole unchanged. You do not need any of
 * Temporal's packages. The runtime needs `contextInterceptor` from systole/context.
 *
 * Failures are systole's own. Works on Node, Bun and Deno.
 */
import { currentContext } from '../context.js';
import type { CancellationDetails } from '../runtime/context/context.js';
import { temporalDurationMs } from './duration.js';
import * as heartbeats from './heartbeat.js';
import { infoOf, type Info, type WorkflowExecution } from './info.js';
import { loggerOf } from './logger.js';
import { metricMeter } from './metric-meter.js';

export { ApplicationFailure, CancelledFailure } from '../kernel/failures.js';
export { metricMeter, type Info, type WorkflowExecution };

/** Returns what is known about the running attempt. */
export function activityInfo(): Info {
  return infoOf(currentContext());
}

/**
 * Reports that the attempt is alive. Details go through JSON. Without details, the last ones are
 * kept.
 *
 * @throws HeartbeatDetailsError for details that JSON cannot hold
 */
export function heartbeat(details?: unknown): void {
  heartbeats.heartbeat(currentContext(), details);
}

/** Waits; rejects with the `CancelledFailure` when the attempt should stop. */
export function sleep(duration: string | number): Promise<void> {
  return currentContext().sleep(Math.max(0, temporalDurationMs(duration)));
}

/** Returns a promise that rejects with the `CancelledFailure` when the attempt should stop. */
export function cancelled(): Promise<never> {
  return currentContext().cancelled;
}

/** Returns the signal that aborts when the attempt should stop. */
export function cancellationSignal(): AbortSignal {
  return currentContext().signal;
}

/** Returns why the attempt should stop; undefined while it should not. */
export function cancellationDetails(): CancellationDetails | undefined {
  return currentContext().cancellationDetails;
}

/** Always throws, because there is no cluster. `fromTemporal` of systole/temporal takes a client. */
export function getClient(): never {
  throw new Error(
    'getClient(): there is no client; use fromTemporal(fn, { client }) of systole/temporal',
  );
}

/** The logger of the running attempt. */
export const log = /* @__PURE__ */ loggerOf(() => currentContext().log);

/** Does nothing: these options are for workers. */
export function setActivityOptions(): void {
  // Nothing reads these options.
}

/** `Context.current()` gives the same as the functions of this module. */
export const Context = {
  current: () => ({
    info: activityInfo(),
    get cancelled() {
      return cancelled();
    },
    get cancellationSignal() {
      return cancellationSignal();
    },
    get cancellationDetails() {
      return cancellationDetails();
    },
    get client(): never {
      return getClient();
    },
    heartbeat,
    sleep,
    log,
    metricMeter,
  }),
};

/** `new CompleteAsyncError()` leaves the attempt open. It throws systole's own error. */
export class CompleteAsyncError extends Error {
  constructor() {
    currentContext().completeAsync();
    super();
  }
}
