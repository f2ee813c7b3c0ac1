/** Makes `ctx.info`, when an activity reads it. */
import type { Announced } from '../shared/announce.js';
import type { ActivityInfo } from '../context/context.js';

/** What an attempt can tell about itself. Times are readings of the monotonic clock. */
export interface InformedAttempt {
  readonly owner: Announced & { readonly scheduledAt: number };
  readonly number: number;
  readonly taskToken: string;
  readonly dispatchedAt: number;
  readonly startedAt: number;
}

export function activityInfo(attempt: InformedAttempt): ActivityInfo {
  const { options, activityId, activityType, scheduledAt, services } = attempt.owner;
  const { clock } = services;
  const info = {
    activityId,
    activityType,
    attempt: attempt.number,
    scheduledTimestampMs: clock.wallAt(scheduledAt),
    currentAttemptScheduledTimestampMs: clock.wallAt(attempt.dispatchedAt),
    startedTimestampMs: clock.wallAt(attempt.startedAt),
    heartbeatTimeoutMs: options.heartbeatTimeoutMs || undefined,
    startToCloseTimeoutMs: options.startToCloseTimeoutMs || undefined,
    scheduleToCloseTimeoutMs: options.scheduleToCloseTimeoutMs || undefined,
    retryPolicy: options.retryPolicy,
    priority: options.priority,
  };
  // It is made when read, and not enumerable, so that it does not appear in logs: it is a secret.
  Object.defineProperty(info, 'taskToken', { get: () => attempt.taskToken });
  return Object.freeze(info as ActivityInfo);
}
