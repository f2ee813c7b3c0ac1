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
  return Object.freeze(new AttemptInfo(attempt));
}

/** The class of `ctx.info`, because a getter on each object would cost 1 us more. */
class AttemptInfo implements ActivityInfo {
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
  readonly scheduledTimestampMs: number;
  readonly currentAttemptScheduledTimestampMs: number;
  readonly startedTimestampMs: number;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly startToCloseTimeoutMs: number | undefined;
  readonly scheduleToCloseTimeoutMs: number | undefined;
  readonly retryPolicy: ActivityInfo['retryPolicy'];
  readonly priority: number;
  readonly #attempt: InformedAttempt;

  constructor(attempt: InformedAttempt) {
    const { options, activityId, activityType, scheduledAt, services } = attempt.owner;
    const { clock } = services;
    this.activityId = activityId;
    this.activityType = activityType;
    this.attempt = attempt.number;
    this.scheduledTimestampMs = clock.wallAt(scheduledAt);
    this.currentAttemptScheduledTimestampMs = clock.wallAt(attempt.dispatchedAt);
    this.startedTimestampMs = clock.wallAt(attempt.startedAt);
    this.heartbeatTimeoutMs = options.heartbeatTimeoutMs || undefined;
    this.startToCloseTimeoutMs = options.startToCloseTimeoutMs || undefined;
    this.scheduleToCloseTimeoutMs = options.scheduleToCloseTimeoutMs || undefined;
    this.retryPolicy = options.retryPolicy;
    this.priority = options.priority;
    this.#attempt = attempt;
  }

  /** The token is a secret, so it is no own property, which logs would show. It is made when read. */
  get taskToken(): string {
    return this.#attempt.taskToken;
  }
}
