/**
 * systole/temporal/activity: stands in for `@temporalio/activity`, by an alias of a bundler or a
 * test runner, so that activities written for Temporal run on systole as they are. None of
 * Temporal's packages is needed. The runtime needs `contextInterceptor` of systole/context.
 *
 * Failures are systole's own. For Node, Bun and Deno.
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

/** What is known about the running attempt. */
export function activityInfo(): Info {
  return infoOf(currentContext());
}

/**
 * Reports that the attempt is alive. Details go through JSON; without details the last ones are
 * kept.
 *
 * @throws HeartbeatDetailsError for details that have no JSON
 */
export function heartbeat(details?: unknown): void {
  heartbeats.heartbeat(currentContext(), details);
}

/** Rejects with the `CancelledFailure` when the attempt should stop. */
export function sleep(duration: string | number): Promise<void> {
  return currentContext().sleep(Math.max(0, temporalDurationMs(duration)));
}

/** Rejects with the `CancelledFailure` when the attempt should stop; never resolves. */
export function cancelled(): Promise<never> {
  return currentContext().cancelled;
}

/** Aborts when the attempt should stop. */
export function cancellationSignal(): AbortSignal {
  return currentContext().signal;
}

/** Why the attempt should stop; undefined until it should. */
export function cancellationDetails(): CancellationDetails | undefined {
  return currentContext().cancellationDetails;
}

/** Always throws: there is no cluster. `fromTemporal` of systole/temporal can be given a client. */
export function getClient(): never {
  throw new Error(
    'getClient() has no client here; give one to fromTemporal(fn, { client }) of systole/temporal',
  );
}

/** The logger of the running attempt. */
export const log = /* @__PURE__ */ loggerOf(() => currentContext().log);

/** Does nothing: options of an activity's definition are for workers. */
export function setActivityOptions(): void {
  // Nothing here asks for them.
}

/** `Context.current()` holds what the functions of this module give. */
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

/** Creating one leaves the attempt open. The error that is thrown then is systole's own. */
export class CompleteAsyncError extends Error {
  constructor() {
    currentContext().completeAsync();
    super();
  }
}
