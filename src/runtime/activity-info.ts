/** `ctx.info`, made when an activity reads it. */
import type { ResolvedRetryPolicy } from '../retry/policy.js';
import type { Announced } from './announce.js';
import type { ActivityInfo } from './context.js';

/** Readings of the monotonic clock. */
export interface AttemptTimes {
  readonly number: number;
  readonly scheduledAt: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
}

export function activityInfo(activity: Announced, attempt: AttemptTimes): ActivityInfo {
  const { options, activityId, services } = activity;
  const { clock } = services;
  // Told in wall time, as wall and monotonic clock stand to each other now.
  const offset = clock.wallNow() - clock.now();
  const wall = (at: number): number => Math.round(at + offset);
  return Object.freeze({
    activityId,
    activityType: options.activityType,
    attempt: attempt.number,
    scheduledTimestampMs: wall(attempt.scheduledAt),
    currentAttemptScheduledTimestampMs: wall(attempt.dispatchedAt),
    startedTimestampMs: wall(attempt.startedAt),
    heartbeatTimeoutMs: options.heartbeatTimeoutMs || undefined,
    startToCloseTimeoutMs: options.startToCloseTimeoutMs || undefined,
    scheduleToCloseTimeoutMs: options.scheduleToCloseTimeoutMs || undefined,
    retryPolicy: shownPolicy(options.retryPolicy),
    priority: options.priority,
  });
}

function shownPolicy(policy: ResolvedRetryPolicy): ActivityInfo['retryPolicy'] {
  return Object.freeze({
    initialInterval: policy.initialIntervalMs,
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: policy.maximumIntervalMs,
    maximumAttempts: policy.maximumAttempts,
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes,
    jitter: policy.jitter,
  });
}
