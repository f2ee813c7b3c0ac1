/**
 * What a caller may catch. `instanceof` holds across two installed copies of the package, and from
 * the ES module to the CommonJS build: it compares a mark, not the class object.
 */
import { badOption } from './bad-input.js';
import { durationMs, type Duration } from './duration.js';

type Fields<T> = T & { readonly cause?: unknown };

/** Which class of this file an error is of: inherited, and out of the way of what users define. */
const KIND = '@@systole/failure';

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

/** True for a cancellation, bare or as the cause of an `ActivityFailure`. */
export function isCancellation(error: unknown): boolean {
  return unwrapActivityFailure(error) instanceof CancelledFailure;
}

/** True for a timeout (of the given type), bare or as the cause of an `ActivityFailure`. */
export function isTimeout(error: unknown, timeoutType?: TimeoutType): boolean {
  const reason = unwrapActivityFailure(error);
  return (
    reason instanceof TimeoutFailure &&
    (timeoutType === undefined || reason.timeoutType === timeoutType)
  );
}

function unwrapActivityFailure(error: unknown): unknown {
  return error instanceof ActivityFailure ? error.cause : error;
}

/**
 * Makes a failure without the frames of its stack: those of the engine tell nobody anything, and
 * capturing them is most of what a timeout costs. A cause keeps its own.
 */
export function withoutFrames<T>(make: () => T): T {
  const limit: unknown = Reflect.get(Error, LIMIT);
  if (limit === undefined || !Reflect.set(Error, LIMIT, 0)) return make();
  try {
    return make();
  } finally {
    Reflect.set(Error, LIMIT, limit);
  }
}

/** V8's, and frozen in some programs. */
const LIMIT = 'stackTraceLimit';

/** The one gate from a thrown value to a failure: an Error passes as it is, all else is wrapped. */
export function ensureError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new ApplicationFailure(`An activity threw ${describeThrown(thrown)}, not an Error`, {
    details: [thrown],
  });
}

/** What an ApplicationFailure says of its retry; nothing if it cannot be read, and of what is none. */
export function retryWishes(failure: Error): {
  readonly nonRetryable?: boolean;
  readonly nextRetryDelay?: Duration | undefined;
  readonly benign?: boolean;
} {
  try {
    if (!(failure instanceof ApplicationFailure)) return {};
    const { nonRetryable, nextRetryDelay, category } = failure;
    return { nonRetryable, nextRetryDelay, benign: category === 'BENIGN' };
  } catch {
    return {}; // an error of the user's own making
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    const { message }: { readonly message: unknown } = ensureError(thrown);
    return String(message);
  } catch {
    return 'an error whose message cannot be read';
  }
}

/** The name of an error's class, which for those of this file no minifier changes. */
export function classNameOf(error: Error): unknown {
  const prototype = Object.getPrototypeOf(error) as { [KIND]?: string } | null;
  if (prototype !== null && Object.hasOwn(prototype, KIND)) return prototype[KIND];
  return (error as { constructor?: { name?: unknown } }).constructor?.name;
}

/** Also one of another realm, such as a test framework's sandbox. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  } catch {
    return false; // a revoked proxy, a getter that throws
  }
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return JSON.stringify(shortened(thrown));
  try {
    return shortened(String(thrown));
  } catch {
    return 'an object';
  }
}

/** The whole is in `details`. */
function shortened(text: string): string {
  return text.length > 1_000 ? `${text.slice(0, 997)}...` : text;
}
