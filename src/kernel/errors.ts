/** The errors for calls that a runtime or an activity refuses. */
import { Failure, KIND, type Fields } from './failure.js';
import { refusal } from './stack.js';

/** The base of the errors that refuse a call. Their stack starts where the call was made. */
abstract class Refusal<Name extends string> extends Failure<Name> {
  constructor(message: string, fields?: { readonly cause?: unknown }) {
    super(message, fields);
    refusal(this);
  }
}

/**
 * The error that `heartbeat()` throws for details that cannot be copied. It is not retried.
 */
export class HeartbeatDetailsError extends Refusal<'HeartbeatDetailsError'> {
  /** The place of the bad value in the details, such as `details.rows[3].cb`. */
  declare readonly path: string;

  constructor(message: string, fields: Fields<{ readonly path: string }>) {
    super(message, fields);
    this.path = fields.path;
  }

  get [KIND](): 'HeartbeatDetailsError' {
    return 'HeartbeatDetailsError';
  }
}

/**
 * The failure of an activity whose stored details cannot be read. No attempt starts, because it
 * would repeat work that is done.
 */
export class HeartbeatStoreError extends Failure<'HeartbeatStoreError'> {
  get [KIND](): 'HeartbeatStoreError' {
    return 'HeartbeatStoreError';
  }
}

/**
 * The error for an id that no open activity has, and for a task token or an operation that needs a
 * running attempt where there is none.
 */
export class ActivityNotFoundError extends Refusal<'ActivityNotFoundError'> {
  /** The id of the call; `undefined` for a task token, which errors never show. */
  declare readonly activityId: string | undefined;

  constructor(message: string, fields: Fields<{ readonly activityId?: string | undefined }> = {}) {
    super(message, fields);
    this.activityId = fields.activityId;
  }

  get [KIND](): 'ActivityNotFoundError' {
    return 'ActivityNotFoundError';
  }
}

/**
 * What an open activity is doing.
 *
 * - `'SCHEDULED'`: No attempt runs. The next one waits, for example for a slot or a delay.
 * - `'STARTED'`: An attempt runs.
 * - `'CANCEL_REQUESTED'`: An attempt runs and the activity was asked to cancel.
 * - `'PAUSE_REQUESTED'`: An attempt runs and the activity was asked to pause.
 * - `'PAUSED'`: No attempt runs, and none starts before `unpause()`.
 */
export type RunState = 'SCHEDULED' | 'STARTED' | 'CANCEL_REQUESTED' | 'PAUSED' | 'PAUSE_REQUESTED';

/**
 * The error for an operation that the activity's state does not allow, such as pausing a closed
 * one.
 */
export class ActivityStateError extends Refusal<'ActivityStateError'> {
  /** The id of the activity that refused the operation. */
  declare readonly activityId: string;
  /** What the activity was doing; `undefined` if it has closed. */
  declare readonly runState: RunState | undefined;
  /** The name of the refused operation, such as `pause`. */
  declare readonly operation: string;

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

/** The error for a call to a runtime that is shutting down or has shut down. */
export class RuntimeShutdownError extends Refusal<'RuntimeShutdownError'> {
  get [KIND](): 'RuntimeShutdownError' {
    return 'RuntimeShutdownError';
  }
}

/** The error for a call when the queue for a slot is full: `maxWaiting` activities wait already. */
export class RuntimeFullError extends Refusal<'RuntimeFullError'> {
  get [KIND](): 'RuntimeFullError' {
    return 'RuntimeFullError';
  }
}

/** The error for a call with an `activityId` that an open activity already has. */
export class ActivityAlreadyStartedError extends Refusal<'ActivityAlreadyStartedError'> {
  /** The id that is already in use. */
  declare readonly activityId: string;

  constructor(message: string, fields: Fields<{ readonly activityId: string }>) {
    super(message, fields);
    this.activityId = fields.activityId;
  }

  get [KIND](): 'ActivityAlreadyStartedError' {
    return 'ActivityAlreadyStartedError';
  }
}
