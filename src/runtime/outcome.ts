/** How an activity's end, and the end of its attempts, is put into words. */
import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  type RetryState,
  type TimeoutType,
} from '../failures.js';
import type { Log } from '../logger.js';
import type { ResolvedOptions } from './options.js';

export type ClosedStatus = 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';

interface Attributes {
  readonly activityId: string;
  readonly activityType: string;
  readonly attempt: number;
}

const DONE: Readonly<Record<ClosedStatus, string>> = {
  FAILED: 'failed',
  TIMED_OUT: 'timed out',
  CANCELED: 'was cancelled',
  TERMINATED: 'was terminated',
};

/** The status of an activity that ends with this failure of its last attempt. */
export function failedStatus(failure: Error): ClosedStatus {
  return failure instanceof TimeoutFailure ? 'TIMED_OUT' : 'FAILED';
}

/** What the caller's promise rejects with. */
export function activityFailure(
  status: ClosedStatus,
  cause: Error,
  retryState: RetryState | undefined,
  attributes: Attributes,
): ActivityFailure {
  const { activityType, attempt } = attributes;
  const when = attempt === 0 ? 'before its first attempt' : `at attempt ${String(attempt)}`;
  const state = retryState === undefined ? '' : ` (${retryState})`;
  const message = `Activity ${activityType} ${DONE[status]} ${when}${state}: ${said(cause)}`;
  return new ActivityFailure(message, { ...attributes, retryState, cause });
}

/** An error's `toString` may be the user's own. */
function said(cause: Error): string {
  try {
    return String(cause);
  } catch {
    return 'an error that cannot be shown';
  }
}

const TIMEOUT_NAMES: Readonly<Record<TimeoutType, string>> = {
  HEARTBEAT: 'Heartbeat',
  START_TO_CLOSE: 'StartToClose',
  SCHEDULE_TO_START: 'ScheduleToStart',
  SCHEDULE_TO_CLOSE: 'ScheduleToClose',
  PROGRESS: 'Progress',
};

/** A deadline's failure; its cause is the failure of the attempt before. */
export function attemptTimeout(
  timeoutType: TimeoutType,
  context: {
    readonly options: ResolvedOptions;
    readonly lastHeartbeatDetails: unknown;
    readonly eventLoopBlockedMs: number;
    readonly previous: Error | undefined;
  },
): TimeoutFailure {
  const { options, previous, ...fields } = context;
  const ms = timeoutMs(timeoutType, options);
  return new TimeoutFailure(
    `activity ${TIMEOUT_NAMES[timeoutType]} timeout after ${String(ms)} ms`,
    {
      timeoutType,
      ...fields,
      ...(previous === undefined ? undefined : { cause: withoutCause(previous) }),
    },
  );
}

function timeoutMs(timeoutType: TimeoutType, options: ResolvedOptions): number {
  switch (timeoutType) {
    case 'HEARTBEAT':
    case 'PROGRESS':
      return options.heartbeatTimeoutMs;
    case 'START_TO_CLOSE':
      return options.startToCloseTimeoutMs;
    case 'SCHEDULE_TO_START':
      return options.scheduleToStartTimeoutMs;
    case 'SCHEDULE_TO_CLOSE':
      return options.scheduleToCloseTimeoutMs;
  }
}

/** An attempt timed out, and the delay before the next would pass the scheduleToClose deadline. */
export function noTimeToRetry(failure: TimeoutFailure): TimeoutFailure {
  return new TimeoutFailure(
    'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up ' +
      'retrying',
    {
      timeoutType: 'SCHEDULE_TO_CLOSE',
      lastHeartbeatDetails: failure.lastHeartbeatDetails,
      eventLoopBlockedMs: failure.eventLoopBlockedMs,
      cause: withoutCause(failure),
    },
  );
}

/** One level only: an activity that times out for ever must not grow a chain of causes. */
function withoutCause(failure: Error): Error {
  if (!(failure instanceof TimeoutFailure) || failure.cause === undefined) return failure;
  const { timeoutType, lastHeartbeatDetails, eventLoopBlockedMs } = failure;
  return new TimeoutFailure(failure.message, {
    timeoutType,
    lastHeartbeatDetails,
    eventLoopBlockedMs,
  });
}

/** Tells of failed attempts that are tried again. */
export class RetryLog {
  readonly #log: Log;
  readonly #endless: boolean;
  #warned = false;

  constructor(log: Log, options: ResolvedOptions) {
    this.#log = log;
    this.#endless =
      options.retryPolicy.maximumAttempts === Infinity && options.scheduleToCloseTimeoutMs === 0;
  }

  write(failure: Error, delayMs: number, attributes: Attributes): void {
    const benign = failure instanceof ApplicationFailure && failure.category === 'BENIGN';
    const hint =
      this.#endless && !this.#warned && !benign
        ? '. It will be retried for ever: neither retryPolicy.maximumAttempts nor ' +
          'scheduleToCloseTimeout is set'
        : '';
    if (!benign) this.#warned = true;
    this.#log(
      benign ? 'debug' : 'warn',
      `Activity ${attributes.activityType} failed at attempt ${String(attributes.attempt)}; next ` +
        `attempt in ${String(Math.round(delayMs))} ms${hint}`,
      { ...attributes, delayMs, error: failure },
    );
  }
}
