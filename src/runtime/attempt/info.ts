/** `ctx.info`, made when an activity reads it. */
import type { Announced } from '../shared/announce.js';
import type { ActivityInfo } from '../context/context.js';

/** Readings of the monotonic clock. */
export interface AttemptTimes {
  readonly number: number;
  readonly taskToken: string;
  readonly scheduledAt: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
}

export function activityInfo(activity: Announced, attempt: AttemptTimes): ActivityInfo {
  const { options, activityId, activityType } = activity;
  const { clock } = activity.services;
  const info = {
    activityId,
    activityType,
    attempt: attempt.number,
    scheduledTimestampMs: clock.wallAt(attempt.scheduledAt),
    currentAttemptScheduledTimestampMs: clock.wallAt(attempt.dispatchedAt),
    startedTimestampMs: clock.wallAt(attempt.startedAt),
    heartbeatTimeoutMs: options.heartbeatTimeoutMs || undefined,
    startToCloseTimeoutMs: options.startToCloseTimeoutMs || undefined,
    scheduleToCloseTimeoutMs: options.scheduleToCloseTimeoutMs || undefined,
    retryPolicy: options.retryPolicy,
    priority: options.priority,
  };
  // Made when read, and hidden from whoever logs the whole: it is a secret.
  Object.defineProperty(info, 'taskToken', { get: () => attempt.taskToken });
  return Object.freeze(info as ActivityInfo);
}
