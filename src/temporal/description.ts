/** Turns the server's description of an activity into systole's. */
import type { CancellationType } from '../runtime/options/activity-options.js';
import type { DescriptionLike } from '../runtime/runner.js';
import { DEFAULT_PRIORITY } from '../runtime/options/table.js';
import type { ActivityExecutionDescription } from './client-api.js';
import { filledPolicy } from './policy.js';
import { TemporalApplicationFailure } from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';
import { lastAttempt } from './outcome.js';

export async function descriptionOf(
  from: ActivityExecutionDescription,
  cancellationType: CancellationType,
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
    options: Object.freeze({
      heartbeatTimeout: from.heartbeatTimeoutMs || undefined,
      startToCloseTimeout: from.startToCloseTimeoutMs || undefined,
      scheduleToStartTimeout: from.scheduleToStartTimeoutMs || undefined,
      scheduleToCloseTimeout: from.scheduleToCloseTimeoutMs || undefined,
      progressTimeout: undefined,
      startDelay: from.startDelayMs ?? 0,
      retryPolicy: filledPolicy(from.retryPolicy),
      cancellationType,
      priority: from.priority.priorityKey || DEFAULT_PRIORITY,
      concurrencyKey: undefined,
    }),
  });
}

/** Whether the failure is only the record of a pause or a reset that the function accepted. */
function isRequest(failure: Error | undefined): boolean {
  return (
    failure instanceof TemporalApplicationFailure &&
    (failure.type === 'ActivityPause' || failure.type === 'ActivityReset')
  );
}
