/** What can be known of an activity: `handle.describe()` and `runtime.list()`. */
import type { RunState } from '../kernel/failures.js';
import { shownPolicy } from '../retry/policy.js';
import { runStateOf } from './activity/run-state.js';
import type { ActivityInfo } from './context/context.js';
import type { Execution } from './activity/execution.js';
import type { CancellationType } from './options/activity-options.js';

/** What an activity has come to. `PAUSED` only while no attempt runs. */
export type ActivityStatus =
  'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELED' | 'TERMINATED' | 'TIMED_OUT' | 'PAUSED';

/** A frozen picture of an activity, without its arguments and token. Durations in milliseconds. */
export interface ActivityDescription<Details = unknown> {
  readonly activityId: string;
  readonly activityType: string;
  readonly status: ActivityStatus;
  /** Undefined when closed. */
  readonly runState: RunState | undefined;
  /** The running attempt, else the coming one; of a closed activity the last one made. */
  readonly attempt: number;
  /** A copy of the newest of any attempt; undefined if there are none. */
  readonly heartbeatDetails: Details | undefined;
  /** Of any attempt. */
  readonly lastHeartbeatTime: Date | undefined;
  /** When the last attempt began. */
  readonly lastStartedTime: Date | undefined;
  readonly scheduleTime: Date;
  /** Undefined while it is open. */
  readonly closeTime: Date | undefined;
  /** Of the last attempt that failed or timed out. */
  readonly lastFailure: Error | undefined;
  /** While a backoff or the start delay is pending. */
  readonly nextAttemptScheduleTime: Date | undefined;
  /** While a backoff is pending. */
  readonly currentRetryInterval: number | undefined;
  /** The scheduleToClose deadline. */
  readonly expirationTime: Date | undefined;
  /** Attempts that ended while their functions ran. */
  readonly abandonedAttempts: number;
  readonly options: DescribedOptions;
}

/** The options that hold, after clamping, in milliseconds; undefined timeouts are none. */
export interface DescribedOptions {
  readonly heartbeatTimeout: number | undefined;
  readonly startToCloseTimeout: number | undefined;
  readonly scheduleToStartTimeout: number | undefined;
  readonly scheduleToCloseTimeout: number | undefined;
  readonly progressTimeout: number | undefined;
  readonly startDelay: number;
  readonly retryPolicy: ActivityInfo['retryPolicy'];
  readonly cancellationType: CancellationType;
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
}

/** @param closedAt when the activity closed, if it has */
export function describe(execution: Execution, closedAt?: number): ActivityDescription {
  const { services, options, state, expiresAt, past } = execution;
  const { attempt, closedAs, lastAttempt, phase } = state;
  const date = (at: number): Date => new Date(services.clock.wallAt(at));
  const time = (at: number | undefined): Date | undefined =>
    at === undefined || at === Infinity ? undefined : date(at);
  const delayed = phase === 'SCHEDULED' && !state.loading && Number.isFinite(state.delayedUntil);
  const delayedUntil = delayed ? state.delayedUntil : undefined;
  const backingOff = delayedUntil !== undefined && past?.backingOffSince !== undefined;
  return Object.freeze({
    activityId: execution.activityId,
    activityType: execution.activityType,
    status: closedAs ?? (phase === 'PAUSED' ? 'PAUSED' : 'RUNNING'),
    runState: runStateOf(execution),
    attempt: state.attemptNumber + (attempt === undefined && closedAs === undefined ? 1 : 0),
    heartbeatDetails: execution.copyDetails(),
    lastHeartbeatTime: time(execution.lastHeartbeatAt),
    lastStartedTime: time(lastAttempt?.startedAt),
    scheduleTime: date(execution.scheduledAt),
    closeTime: time(closedAt),
    lastFailure: past?.lastFailure,
    nextAttemptScheduleTime: time(delayedUntil),
    currentRetryInterval: backingOff
      ? microseconds(delayedUntil - (past.backingOffSince ?? 0))
      : undefined,
    expirationTime: time(expiresAt),
    abandonedAttempts: past?.abandoned ?? 0,
    options: describeOptions(options),
  });
}

function describeOptions(options: Execution['options']): DescribedOptions {
  return Object.freeze({
    heartbeatTimeout: options.heartbeatTimeoutMs || undefined,
    startToCloseTimeout: options.startToCloseTimeoutMs || undefined,
    scheduleToStartTimeout: options.scheduleToStartTimeoutMs || undefined,
    scheduleToCloseTimeout: options.scheduleToCloseTimeoutMs || undefined,
    progressTimeout: options.progressTimeoutMs || undefined,
    startDelay: options.startDelayMs,
    retryPolicy: shownPolicy(options.retryPolicy),
    cancellationType: options.cancellationType,
    priority: options.priority,
    concurrencyKey: options.concurrencyKey,
  });
}

/** Clock readings are fractions, of which differences are not exact. */
function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
