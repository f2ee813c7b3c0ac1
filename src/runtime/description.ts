/** Describes an activity for `handle.describe()` and `runtime.list()`. */
import type { RunState } from '../kernel/errors.js';
import { runStateOf } from './activity/run-state.js';
import type { Execution } from './activity/execution.js';
import type { DescribedOptions } from './options/activity-options.js';
import { describeOptions } from './options/patch.js';

/**
 * Whether an activity is open, or how it closed.
 *
 * - `'RUNNING'`: The activity is open and not paused. An attempt runs, or the next one will.
 * - `'PAUSED'`: The activity is open, and no attempt starts before `unpause()`.
 * - `'COMPLETED'`: The activity has closed with a result.
 * - `'FAILED'`: The activity has closed because its last attempt failed.
 * - `'TIMED_OUT'`: The activity has closed because of a timeout.
 * - `'CANCELED'`: The activity has closed because it was cancelled or its runtime has shut down.
 * - `'TERMINATED'`: The activity has closed because of `terminate()`.
 */
export type ActivityStatus =
  'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELED' | 'TERMINATED' | 'TIMED_OUT' | 'PAUSED';

/**
 * A frozen description of an activity, without its arguments and its task token. Durations are in
 * milliseconds.
 */
export interface ActivityDescription<Details = unknown> {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** Whether the activity is open, and if not, how it closed. */
  readonly status: ActivityStatus;
  /** What the activity is doing; `undefined` if it has closed. */
  readonly runState: RunState | undefined;
  /**
   * The number of the running attempt, or of the next one if none runs. For a closed activity, the
   * number of the last attempt that started.
   */
  readonly attempt: number;
  /** A copy of the newest heartbeat details of any attempt; `undefined` if there are none. */
  readonly heartbeatDetails: Details | undefined;
  /** When the last heartbeat of any attempt came; `undefined` if there was none. */
  readonly lastHeartbeatTime: Date | undefined;
  /**
   * When the heartbeat details last changed; `undefined` if they never did. With `progressTimeout`
   * it is exact. Without, the details are compared when they are reported, and it may be too late by
   * the time between two reports.
   */
  readonly lastProgressTime: Date | undefined;
  /** When the running attempt times out without a heartbeat; `undefined` if it does not. */
  readonly heartbeatDeadline: Date | undefined;
  /** When the last attempt started; `undefined` if none has. */
  readonly lastStartedTime: Date | undefined;
  /** When the activity was first scheduled. */
  readonly scheduleTime: Date;
  /** When the activity closed; `undefined` while it is open. */
  readonly closeTime: Date | undefined;
  /** The reason given to `cancel()`; `undefined` if there is none. */
  readonly canceledReason: unknown;
  /** The failure of the last attempt that failed or timed out; `undefined` if none has. */
  readonly lastFailure: Error | undefined;
  /** When the current backoff or start delay is over; `undefined` if there is none. */
  readonly nextAttemptScheduleTime: Date | undefined;
  /** The length of the current backoff, in milliseconds; `undefined` if there is none. */
  readonly currentRetryInterval: number | undefined;
  /** When `scheduleToCloseTimeout` passes; `undefined` without that timeout. */
  readonly expirationTime: Date | undefined;
  /** The number of attempts that ended while their functions were still running. */
  readonly abandonedAttempts: number;
  /** The options that apply now, after clamping. */
  readonly options: DescribedOptions;
}

/** @param closedAt when the activity closed, if it has */
export function describe(execution: Execution, closedAt?: number): ActivityDescription {
  const { services, options, state, expiresAt, past } = execution;
  const { attempt, closedAs, lastAttempt, phase } = state;
  const time = (at: number | undefined): Date | undefined =>
    at === undefined || at === Infinity ? undefined : new Date(services.clock.wallAt(at));
  const delayed = phase === 'SCHEDULED' && !state.loading;
  const nextAttemptScheduleTime = time(delayed ? state.delayedUntil : undefined);
  const since = past?.backingOffSince;
  return Object.freeze({
    activityId: execution.activityId,
    activityType: execution.activityType,
    status: closedAs ?? (phase === 'PAUSED' ? 'PAUSED' : 'RUNNING'),
    runState: runStateOf(execution),
    attempt: state.attemptNumber + (attempt === undefined && closedAs === undefined ? 1 : 0),
    heartbeatDetails: execution.copyDetails(),
    lastHeartbeatTime: time(execution.lastHeartbeatAt),
    lastProgressTime: time(lastProgressAt(execution)),
    heartbeatDeadline: time(attempt?.alive.deadline),
    lastStartedTime: time(lastAttempt?.startedAt),
    scheduleTime: time(execution.scheduledAt) as Date,
    closeTime: time(closedAt),
    canceledReason: past?.cancelRequest?.cause,
    lastFailure: past?.lastFailure,
    nextAttemptScheduleTime,
    currentRetryInterval:
      nextAttemptScheduleTime && since !== undefined
        ? microseconds(state.delayedUntil - since)
        : undefined,
    expirationTime: time(expiresAt),
    abandonedAttempts: past?.abandoned ?? 0,
    options: describeOptions(options),
  });
}

/** When details of any attempt last changed. With a timeout for progress, that is exact. */
function lastProgressAt(execution: Execution): number | undefined {
  const { state, details, lastHeartbeatAt } = execution;
  const exact = state.lastAttempt?.progress?.beatenAt;
  if (exact !== undefined || lastHeartbeatAt === undefined || !details) return exact;
  return execution.checkpoint.progressedAt(lastHeartbeatAt);
}

/** Rounds to microseconds. Clock readings are fractions, so their differences are not exact. */
function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
