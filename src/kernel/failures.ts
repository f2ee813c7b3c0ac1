/**
 * What a caller may catch. `instanceof` holds across two installed copies of the package, and from
 * the ES module to the CommonJS build: it compares a mark, not the class object.
 */
import { badOption } from './bad-input.js';
import { durationMs, type Duration } from './duration.js';

type Fields<T> = T & { readonly cause?: unknown };

/** Which class of this file an error is of: inherited, and out of the way of what users define. */
export const KIND = '@@systole/failure';

/** The common base: `name`, `cause` if one is given, and `instanceof` by kind. */
abstract class Failure<Name extends string> extends Error {
  abstract get [KIND](): Name;

  /** On the prototype, so that a stack trace starts with it. Users may set another. */
  override get name(): Name {
    return this[KIND];
  }

  override set name(value: string) {
    const configurable = true;
    Object.defineProperty(this, 'name', { value, configurable, writable: true });
  }

  constructor(message: string | undefined, fields: { readonly cause?: unknown } | undefined) {
    super(message, fields !== undefined && 'cause' in fields ? { cause: fields.cause } : undefined);
  }

  /** The classes of this file compare kinds; those that users derive are compared as usual. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const prototype = this.prototype as { [KIND]?: string };
    if (!Object.hasOwn(prototype, KIND)) {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    }
    try {
      return (value as { [KIND]?: unknown } | undefined)?.[KIND] === prototype[KIND];
    } catch {
      return false; // a proxy that does not want to be looked at
    }
  }
}

/** Why a failed activity was not tried again; `undefined` after terminate and shutdown. */
export type RetryState =
  'MAXIMUM_ATTEMPTS_REACHED' | 'NON_RETRYABLE_FAILURE' | 'TIMEOUT' | 'CANCEL_REQUESTED';

/** The deadlines of an activity. */
export type TimeoutType =
  'HEARTBEAT' | 'START_TO_CLOSE' | 'SCHEDULE_TO_START' | 'SCHEDULE_TO_CLOSE' | 'PROGRESS';

/** Why an attempt was told to stop. */
export type CancelReason =
  'CANCELLED' | 'TIMED_OUT' | 'WORKER_SHUTDOWN' | 'PAUSED' | 'RESET' | 'NOT_FOUND';

/** What a rejected `runActivity` or `result()` rejects with; the reason itself is its `cause`. */
export class ActivityFailure extends Failure<'ActivityFailure'> {
  readonly activityId: string;
  readonly activityType: string;
  /** The last attempt made; 0 if there was none. */
  readonly attempt: number;
  readonly retryState: RetryState | undefined;
  /** The very object the activity threw, or a failure of the runtime. */
  declare readonly cause: unknown;

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

/** What `ApplicationFailure` carries beside its message. */
export interface ApplicationFailureFields {
  /** Compared with `retryPolicy.nonRetryableErrorTypes`. */
  readonly type?: string | undefined;
  /** True ends the activity whatever the retry policy says. Default false. */
  readonly nonRetryable?: boolean | undefined;
  readonly details?: readonly unknown[] | undefined;
  /** Replaces the computed delay, and its maximum, before the next attempt only. */
  readonly nextRetryDelay?: Duration | undefined;
  /** `'BENIGN'` is logged at DEBUG instead of WARN; nothing else changes. */
  readonly category?: 'BENIGN' | undefined;
  readonly cause?: unknown;
}

/** Thrown by an activity that wants a say in what comes next. */
export class ApplicationFailure extends Failure<'ApplicationFailure'> {
  readonly type: string | undefined;
  readonly nonRetryable: boolean;
  readonly details: readonly unknown[];
  readonly nextRetryDelay: Duration | undefined;
  readonly category: 'BENIGN' | undefined;

  constructor(message?: string, fields: ApplicationFailureFields = {}) {
    super(message, fields);
    if (fields.nextRetryDelay !== undefined) checkRetryDelay(fields.nextRetryDelay);
    this.type = fields.type;
    this.nonRetryable = fields.nonRetryable ?? false;
    this.details = fields.details ?? [];
    this.nextRetryDelay = fields.nextRetryDelay;
    this.category = fields.category;
  }

  /** With every field named, the message included. */
  static create(
    fields: ApplicationFailureFields & { readonly message?: string | undefined },
  ): ApplicationFailure {
    return applicationFailure(fields.message, fields);
  }

  /** One that the retry policy decides on. */
  static retryable(message?: string, type?: string, ...details: unknown[]): ApplicationFailure {
    return applicationFailure(message, { type: type ?? 'Error', details });
  }

  /** One that ends the activity. */
  static nonRetryable(message?: string, type?: string, ...details: unknown[]): ApplicationFailure {
    return applicationFailure(message, { type: type ?? 'Error', nonRetryable: true, details });
  }

  get [KIND](): 'ApplicationFailure' {
    return 'ApplicationFailure';
  }
}

/** Outside of the class: a build gives one that names itself another name. */
function applicationFailure(
  message: string | undefined,
  fields: ApplicationFailureFields,
): ApplicationFailure {
  return new ApplicationFailure(message, fields);
}

function checkRetryDelay(delay: Duration): void {
  const name = 'ApplicationFailure.nextRetryDelay';
  if (durationMs(delay, name) === Infinity) throw badOption(name, delay, 'a finite duration');
}

/** A deadline passed. */
export class TimeoutFailure extends Failure<'TimeoutFailure'> {
  readonly timeoutType: TimeoutType;
  /** A copy of the newest heartbeat details of any attempt; undefined if there were none. */
  readonly lastHeartbeatDetails: unknown;
  /** For how long of the wait the event loop was known to be blocked. */
  readonly eventLoopBlockedMs: number;

  constructor(
    message: string,
    fields: Fields<{
      readonly timeoutType: TimeoutType;
      readonly lastHeartbeatDetails?: unknown;
      readonly eventLoopBlockedMs?: number | undefined;
    }>,
  ) {
    super(message, fields);
    this.timeoutType = fields.timeoutType;
    this.lastHeartbeatDetails = fields.lastHeartbeatDetails;
    this.eventLoopBlockedMs = fields.eventLoopBlockedMs ?? 0;
  }

  get [KIND](): 'TimeoutFailure' {
    return 'TimeoutFailure';
  }
}

/** The `reason` of `ctx.signal`, and the cause of a cancelled activity's failure. */
export class CancelledFailure extends Failure<'CancelledFailure'> {
  declare readonly message: CancelReason;

  constructor(message: CancelReason, fields: { readonly cause?: unknown } = {}) {
    super(message, fields);
  }

  get [KIND](): 'CancelledFailure' {
    return 'CancelledFailure';
  }
}

/** Thrown by `heartbeat()` for details that could not come back as they were given. */
export class HeartbeatDetailsError extends Failure<'HeartbeatDetailsError'> {
  /** Where in the details: `details.rows[3].cb`. */
  readonly path: string;

  constructor(message: string, fields: Fields<{ readonly path: string }>) {
    super(message, fields);
    this.path = fields.path;
  }

  get [KIND](): 'HeartbeatDetailsError' {
    return 'HeartbeatDetailsError';
  }
}

/** The store could not be read, so the activity did not start: it would have repeated its work. */
export class HeartbeatStoreError extends Failure<'HeartbeatStoreError'> {
  constructor(message: string, fields: { readonly cause?: unknown } = {}) {
    super(message, fields);
  }

  get [KIND](): 'HeartbeatStoreError' {
    return 'HeartbeatStoreError';
  }
}

/** The reason given to `terminate` is its message. */
export class TerminatedFailure extends Failure<'TerminatedFailure'> {
  constructor(message: string, fields: { readonly cause?: unknown } = {}) {
    super(message, fields);
  }

  get [KIND](): 'TerminatedFailure' {
    return 'TerminatedFailure';
  }
}

/** No open activity, or no running attempt, of that id or token. */
export class ActivityNotFoundError extends Failure<'ActivityNotFoundError'> {
  /** Undefined if it was asked for by a task token, which no error shows. */
  readonly activityId: string | undefined;

  constructor(message: string, fields: Fields<{ readonly activityId?: string | undefined }> = {}) {
    super(message, fields);
    this.activityId = fields.activityId;
  }

  get [KIND](): 'ActivityNotFoundError' {
    return 'ActivityNotFoundError';
  }
}

/** What an open activity is doing. */
export type RunState = 'SCHEDULED' | 'STARTED' | 'CANCEL_REQUESTED' | 'PAUSED' | 'PAUSE_REQUESTED';

/** The activity is in no state for that operation. */
export class ActivityStateError extends Failure<'ActivityStateError'> {
  readonly activityId: string;
  /** Undefined for a closed activity. */
  readonly runState: RunState | undefined;
  readonly operation: string;

  constructor(
    message: string,
    fields: Fields<{
      readonly activityId: string;
      readonly runState: RunState | undefined;
      readonly operation: string;
    }>,
  ) {
    super(message, fields);
    this.activityId = fields.activityId;
    this.runState = fields.runState;
    this.operation = fields.operation;
  }

  get [KIND](): 'ActivityStateError' {
    return 'ActivityStateError';
  }
}

/** The runtime is shutting down, or has; it takes no new work. */
export class RuntimeShutdownError extends Failure<'RuntimeShutdownError'> {
  constructor(message: string, fields: { readonly cause?: unknown } = {}) {
    super(message, fields);
  }

  get [KIND](): 'RuntimeShutdownError' {
    return 'RuntimeShutdownError';
  }
}

/** As many activities wait for a slot as `maxWaiting` allows. */
export class RuntimeFullError extends Failure<'RuntimeFullError'> {
  constructor(message: string, fields: { readonly cause?: unknown } = {}) {
    super(message, fields);
  }

  get [KIND](): 'RuntimeFullError' {
    return 'RuntimeFullError';
  }
}

/** The id is that of an activity that is still open. */
export class ActivityAlreadyStartedError extends Failure<'ActivityAlreadyStartedError'> {
  readonly activityId: string;

  constructor(message: string, fields: Fields<{ readonly activityId: string }>) {
    super(message, fields);
    this.activityId = fields.activityId;
  }

  get [KIND](): 'ActivityAlreadyStartedError' {
    return 'ActivityAlreadyStartedError';
  }
}
