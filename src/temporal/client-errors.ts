/** Turns the errors of Temporal's client into systole's. */
import { quote } from '../kernel/text.js';
import {
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  ActivityStateError,
} from '../kernel/errors.js';
import { CancelledFailure } from '../kernel/failures.js';
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityExecutionAlreadyStartedError,
  ActivityPausedError,
  ActivityResetError,
  isGrpcServiceError,
  ServiceError,
  TemporalActivityNotFoundError,
} from './client-api.js';

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;
/** The server's messages for a bad task token. The client passes on nothing but the message. */
const NO_TOKEN = ['Error deserializing task token.', 'Task token not set on request.'];

/** Converts an error of an operation on an activity or attempt. Other errors stay as they are. */
export function asOwnError(error: unknown, operation: string, activityId?: string): unknown {
  const cause = error;
  if (isNotFound(error)) {
    return activityId === undefined
      ? new ActivityNotFoundError(
          'No running attempt has this task token; it has ended, or the token is wrong',
          { cause },
        )
      : new ActivityNotFoundError(`No attempt of activity ${quote(activityId)} is open`, {
          activityId,
          cause,
        });
  }
  if (error instanceof ActivityExecutionAlreadyStartedError) {
    const id = error.activityId;
    return new ActivityAlreadyStartedError(
      `activityId ${quote(id)} is already in use by an open activity`,
      { activityId: id, cause },
    );
  }
  if (error instanceof ActivityCancelledError) return new CancelledFailure('CANCELLED');
  if (error instanceof ActivityResetError) return new CancelledFailure('RESET');
  if (error instanceof ActivityPausedError) return new CancelledFailure('PAUSED');
  if (isFailedPrecondition(error) || error instanceof ActivityCompletionError) {
    const reason = error instanceof ServiceError ? (error.cause?.message ?? '') : said(error);
    return new ActivityStateError(`${operation}: ${reason}`, {
      activityId: activityId ?? '',
      runState: undefined,
      operation,
      cause,
    });
  }
  if (grpcCode(error) === INVALID_ARGUMENT) {
    const { details } = (error as { readonly cause?: { readonly details?: string } }).cause ?? {};
    return new TypeError(`${operation}: Temporal refused an option: ${details ?? said(error)}`, {
      cause,
    });
  }
  return error;
}

function isNotFound(error: unknown): boolean {
  return (
    error instanceof TemporalActivityNotFoundError ||
    grpcCode(error) === NOT_FOUND ||
    (error instanceof ActivityCompletionError && NO_TOKEN.includes(error.message))
  );
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the server refused a request because the activity's state does not allow it. */
export function isFailedPrecondition(error: unknown): boolean {
  return grpcCode(error) === FAILED_PRECONDITION;
}

function grpcCode(error: unknown): number | undefined {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) ? grpc.code : undefined;
}
