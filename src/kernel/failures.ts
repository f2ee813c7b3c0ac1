/** The failures of activities and attempts. */
import type { Duration } from './duration.js';
import { Failure, KIND, type Fields } from './failure.js';
import { setStack } from './stack.js';

/**
 * Why a failed activity was not retried; `undefined` after `terminate()` and a shutdown.
 *
 * - `'MAXIMUM_ATTEMPTS_REACHED'`: The last attempt that `maximumAttempts` or
 *   `maximumAttemptsWithoutProgress` allows has failed.
 * - `'NON_RETRYABLE_FAILURE'`: The failure is marked as non-retryable or listed in
 *   `nonRetryableErrorTypes`.
 * - `'TIMEOUT'`: A schedule timeout has passed, or the next delay would have passed the
 *   `scheduleToCloseTimeout`.
 * - `'CANCEL_REQUESTED'`: The activity was asked to cancel.
 */
export type RetryState =
  'MAXIMUM_ATTEMPTS_REACHED' | 'NON_RETRYABLE_FAILURE' | 'TIMEOUT' | 'CANCEL_REQUESTED';

/**
 * Which deadline of an activity has passed.
 *
 * - `'HEARTBEAT'`: No heartbeat came for `heartbeatTimeout`. The attempt is retried.
 * - `'START_TO_CLOSE'`: One attempt took longer than `startToCloseTimeout`. It is retried.
 * - `'PROGRESS'`: No heartbeat brought new details for `progressTimeout`. The attempt is retried.
 * - `'STREAM'`: A stream that `ctx.watch` reads brought no item in time. The function throws it, and
 *   the attempt is retried.
 * - `'SCHEDULE_TO_START'`: An attempt waited for a free slot longer than `scheduleToStartTimeout`.
 *   The activity closes without a retry.
 * - `'SCHEDULE_TO_CLOSE'`: The whole activity took longer than `scheduleToCloseTimeout`. The activity
 *   closes without a retry.
 */
export type TimeoutType = DeadlineType | 'STREAM';

/** The timeouts that the runtime watches. A function throws the type `'STREAM'` itself. */
export type DeadlineType =
  'HEARTBEAT' | 'START_TO_CLOSE' | 'SCHEDULE_TO_START' | 'SCHEDULE_TO_CLOSE' | 'PROGRESS';

/**
 * Why an attempt should stop: the `message` of a `CancelledFailure`.
 *
 * - `'CANCELLED'`: The activity was cancelled, by its handle or an outside signal.
 * - `'TIMED_OUT'`: The attempt has timed out. The `cause` is the `TimeoutFailure`.
 * - `'WORKER_SHUTDOWN'`: The runtime is shutting down.
 * - `'PAUSED'`: The activity should pause.
 * - `'RESET'`: The activity should start over from attempt 1.
 * - `'NOT_FOUND'`: The attempt has ended, for example because the activity was terminated.
 */
export type CancelReason =
  'CANCELLED' | 'TIMED_OUT' | 'WORKER_SHUTDOWN' | 'PAUSED' | 'RESET' | 'NOT_FOUND';

/**
 * The error that `runActivity` and `result()` reject with. Its `cause` says why the activity
 * failed.
 */
export class ActivityFailure extends Failure<'ActivityFailure'> {
  /** The id of the activity that failed. */
  declare readonly activityId: string;
  /** The type of the activity that failed. */
  declare readonly activityType: string;
  /** The number of the last attempt that started; 0 if none did. */
  declare readonly attempt: number;
  /** Why the activity was not retried; `undefined` after `terminate()` and a shutdown. */
  declare readonly retryState: RetryState | undefined;
  /**
   * The error object that the function threw, or a failure made by the runtime, such as a
   * `TimeoutFailure`.
   */
  declare readonly cause: Error | undefined;

  constructor(
    message: string,
    fields: Fields<{
      readonly activityId: string;
      readonly activityType: string;
      readonly attempt: number;
      readonly retryState?: RetryState | undefined;
    }>,
  ) {
    super(message, fields);
    this.activityId = fields.activityId;
    this.activityType = fields.activityType;
    this.attempt = fields.attempt;
    this.retryState = fields.retryState;
  }

  get [KIND](): 'ActivityFailure' {
    return 'ActivityFailure';
  }
}

/** The fields of an `ApplicationFailure` besides its message. */
export interface ApplicationFailureFields {
  /** A name for this kind of failure. `retryPolicy.nonRetryableErrorTypes` can list it. */
  readonly type?: string | undefined;
  /** Whether the failure is never retried, whatever the retry policy says. Default false. */
  readonly nonRetryable?: boolean | undefined;
  /** Any further data about the failure. Default `[]`. */
  readonly details?: readonly unknown[] | undefined;
  /**
   * The delay before the next attempt. It replaces the computed delay and its maximum once. A value
   * that is not a finite duration is ignored and logged at WARN.
   */
  readonly nextRetryDelay?: Duration | undefined;
  /**
   * With `'BENIGN'`, the failure is logged at DEBUG instead of WARN or ERROR. Nothing else changes.
   */
  readonly category?: 'BENIGN' | undefined;
  /** The error that led to this failure. */
  readonly cause?: unknown;
}

/** A failure that an activity throws to control whether and when it is retried. */
export class ApplicationFailure extends Failure<'ApplicationFailure', string | undefined> {
  /** The name of this kind of failure; `undefined` if it has none. */
  declare readonly type: string | undefined;
  /** Whether the failure is never retried, whatever the retry policy says. */
  declare readonly nonRetryable: boolean;
  /** Further data about the failure. If the function threw a non-Error, that is the first item. */
  declare readonly details: readonly unknown[];
  /** The delay before the next attempt; `undefined` for the policy's delay. */
  declare readonly nextRetryDelay: Duration | undefined;
  /** The value `'BENIGN'` for a failure that is logged at DEBUG; otherwise `undefined`. */
  declare readonly category: 'BENIGN' | undefined;

  constructor(message?: string, fields: ApplicationFailureFields = {}) {
    super(message, fields);
    this.type = fields.type;
    this.nonRetryable = fields.nonRetryable ?? false;
    this.details = fields.details ?? [];
    this.nextRetryDelay = fields.nextRetryDelay;
    this.category = fields.category;
  }

  /** Makes a failure from an object with all fields, including the message. */
  static create(
    fields: ApplicationFailureFields & {
      /** The message of the failure. Default: an empty string. */
      readonly message?: string | undefined;
    },
  ): ApplicationFailure {
    return applicationFailure(fields.message, fields, 'create');
  }

  /**
   * Makes a failure that is retried if the policy allows it. The type defaults to `'Error'`.
   */
  static retryable(message?: string, type?: string, ...details: unknown[]): ApplicationFailure {
    return applicationFailure(message, { type: type ?? 'Error', details }, 'retryable');
  }

  /** Makes a failure that is never retried. The type defaults to `'Error'`. */
  static nonRetryable(message?: string, type?: string, ...details: unknown[]): ApplicationFailure {
    const fields = { type: type ?? 'Error', nonRetryable: true, details };
    return applicationFailure(message, fields, 'nonRetryable');
  }

  get [KIND](): 'ApplicationFailure' {
    return 'ApplicationFailure';
  }
}

/** Defined outside of the class, because a build renames a class that refers to itself. */
function applicationFailure(
  message: string | undefined,
  fields: ApplicationFailureFields,
  called: 'create' | 'retryable' | 'nonRetryable',
): ApplicationFailure {
  const failure = new ApplicationFailure(message, fields);
  setStack(failure, ApplicationFailure[called]);
  return failure;
}

/** The failure of an attempt or an activity that timed out. */
export class TimeoutFailure extends Failure<'TimeoutFailure'> {
  /** Which timeout has passed. */
  declare readonly timeoutType: TimeoutType;
  /** A copy of the newest heartbeat details of any attempt; `undefined` if there are none. */
  declare readonly lastHeartbeatDetails: unknown;
  /** How long the event loop is known to have been blocked during the wait, in milliseconds. */
  declare readonly eventLoopBlockedMs: number;
  /**
   * The stack of the code that was running when a worker had to be killed for this timeout, with
   * your own line first; `undefined` if there was none to kill, or nothing can be told.
   */
  declare readonly stuckAt: string | undefined;

  constructor(
    message: string,
    fields: Fields<{
      readonly timeoutType: TimeoutType;
      readonly lastHeartbeatDetails?: unknown;
      readonly eventLoopBlockedMs?: number | undefined;
      readonly stuckAt?: string | undefined;
    }>,
  ) {
    super(message, fields);
    this.timeoutType = fields.timeoutType;
    this.lastHeartbeatDetails = fields.lastHeartbeatDetails;
    this.eventLoopBlockedMs = fields.eventLoopBlockedMs ?? 0;
    if (fields.stuckAt !== undefined) this.stuckAt = fields.stuckAt;
  }

  get [KIND](): 'TimeoutFailure' {
    return 'TimeoutFailure';
  }
}

/** Adds `stuckAt` to a timeout. It is known only when the worker has been killed, a while later. */
export function tellStuckAt(failure: TimeoutFailure, stack: string): void {
  Object.assign(failure, { stuckAt: stack });
}

/**
 * The `reason` of an aborted `ctx.signal`, and the `cause` when a cancelled activity fails.
 */
export class CancelledFailure extends Failure<'CancelledFailure', CancelReason> {
  /** Why the attempt should stop. `CancelReason` explains each value. */
  declare readonly message: CancelReason;

  get [KIND](): 'CancelledFailure' {
    return 'CancelledFailure';
  }
}

/**
 * The `cause` when a terminated activity fails. Its message is the reason given to `terminate`.
 */
export class TerminatedFailure extends Failure<'TerminatedFailure'> {
  get [KIND](): 'TerminatedFailure' {
    return 'TerminatedFailure';
  }
}
