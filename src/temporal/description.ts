/** Turns the server's description of an activity into systole's. */
import type { DescribedOptions } from '../runtime/options/activity-options.js';
import { describeOptions } from '../runtime/options/patch.js';
import { resolveOptions } from '../runtime/options/resolve.js';
import type { DescriptionLike } from '../runtime/runner.js';
import type { ActivityExecutionDescription } from './client-api.js';
import { TemporalApplicationFailure } from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';
import { SENT, type ClientSideOptions } from './options-table.js';
import { lastAttempt } from './outcome.js';

export async function descriptionOf(
  from: ActivityExecutionDescription,
  clientSide: ClientSideOptions,
): Promise<DescriptionLike> {
  const [heartbeatDetails, lastFailure] = await Promise.all([
    from.getHeartbeatDetails<unknown>(),
    from.getLastFailure(),
  ]);
  return Object.freeze({
    activityId: from.activityId,
    activityType: from.activityType,
    status: from.status,
    runState: from.runState,
    attempt: from.closeTime === undefined ? from.attempt : lastAttempt(from),
    heartbeatDetails,
    lastHeartbeatTime: from.lastHeartbeatTime,
    lastStartedTime: from.lastStartedTime,
    scheduleTime: from.scheduleTime ?? new Date(0),
    closeTime: from.closeTime,
    canceledReason: from.canceledReason,
    lastFailure: isRequest(lastFailure)
      ? undefined
      : (fromTemporalFailure(lastFailure) as Error | undefined),
    nextAttemptScheduleTime: from.nextAttemptScheduleTime,
    currentRetryInterval: from.currentRetryIntervalMs || undefined,
    expirationTime: from.expirationTime,
    options: optionsOf(from, clientSide),
  });
}

/** Options that Temporal does not have are shown with their defaults. */
function optionsOf(
  from: ActivityExecutionDescription,
  clientSide: ClientSideOptions,
): DescribedOptions {
  const shown = SENT.map(({ field, fromServer }) => [field, fromServer?.(from)]);
  return describeOptions({
    ...resolveOptions(),
    ...clientSide,
    ...(Object.fromEntries(shown) as object),
  });
}

/** Whether the failure is only the record of a pause or a reset that the function accepted. */
function isRequest(failure: Error | undefined): boolean {
  return (
    failure instanceof TemporalApplicationFailure &&
    (failure.type === 'ActivityPause' || failure.type === 'ActivityReset')
  );
}
