// What a caller may catch.
import {
  ActivityAlreadyStartedError,
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  HeartbeatStoreError,
  TimeoutFailure,
  isCancellation,
  isTimeout,
  runActivity,
  type ApplicationFailureFields,
  type Cancellation,
  type CancelReason,
  type Duration,
  type RetryState,
  type Timeout,
  type TimeoutType,
} from 'systole';
import { check, typeOf, type Equal } from './assert.js';

// The unions.
type States = 'MAXIMUM_ATTEMPTS_REACHED' | 'NON_RETRYABLE_FAILURE' | 'TIMEOUT' | 'CANCEL_REQUESTED';
check<Equal<RetryState, States>>(true);
type Schedule = 'SCHEDULE_TO_START' | 'SCHEDULE_TO_CLOSE';
type Kinds = 'HEARTBEAT' | 'START_TO_CLOSE' | Schedule | 'PROGRESS' | 'STREAM';
check<Equal<TimeoutType, Kinds>>(true);
type Reasons = 'CANCELLED' | 'TIMED_OUT' | 'WORKER_SHUTDOWN' | 'PAUSED' | 'RESET' | 'NOT_FOUND';
check<Equal<CancelReason, Reasons>>(true);

// `instanceof` narrows what a call rejects with, and its cause.
async function caught(): Promise<void> {
  try {
    await runActivity(() => 1);
  } catch (error) {
    if (error instanceof ActivityFailure) {
      typeOf(error).is<ActivityFailure>();
      typeOf(error.activityId).is<string>();
      typeOf(error.activityType).is<string>();
      typeOf(error.attempt).is<number>();
      typeOf(error.retryState).is<RetryState | undefined>();
      typeOf(error.cause).is<Error | undefined>();
      typeOf(error.name).is<'ActivityFailure'>();
      typeOf(error.message).is<string>();
      const { cause } = error;
      if (cause instanceof TimeoutFailure) {
        typeOf(cause.timeoutType).is<TimeoutType>();
        typeOf(cause.lastHeartbeatDetails).is<unknown>();
        typeOf(cause.eventLoopBlockedMs).is<number>();
        typeOf(cause.name).is<'TimeoutFailure'>();
      } else if (cause instanceof CancelledFailure) {
        typeOf(cause.message).is<CancelReason>();
        typeOf(cause.cause).is<unknown>();
      } else if (cause instanceof ApplicationFailure) {
        typeOf(cause.type).is<string | undefined>();
        typeOf(cause.nonRetryable).is<boolean>();
        typeOf(cause.details).is<readonly unknown[]>();
        typeOf(cause.nextRetryDelay).is<Duration | undefined>();
        typeOf(cause.category).is<'BENIGN' | undefined>();
      } else if (cause instanceof HeartbeatDetailsError) {
        typeOf(cause.path).is<string>();
      } else if (cause instanceof HeartbeatStoreError) {
        typeOf(cause.name).is<'HeartbeatStoreError'>();
      } else {
        typeOf(cause).is<Error | undefined>();
      }
    } else if (error instanceof ActivityAlreadyStartedError) {
      typeOf(error.activityId).is<string>();
    }
    typeOf(isCancellation(error)).is<boolean>();
    typeOf(isTimeout(error)).is<boolean>();
    isTimeout(error, 'HEARTBEAT');
    isTimeout(error, undefined);
    // @ts-expect-error Argument of type '"heartbeat"' is not assignable to parameter of type
    isTimeout(error, 'heartbeat');
  }
}
void caught;

// The predicates narrow: no cast for what a caller catches.
declare const caughtError: unknown;
declare const activityFailure: ActivityFailure;
declare const anyError: Error;
if (isTimeout(caughtError)) typeOf(caughtError.cause.timeoutType).is<TimeoutType | undefined>();
if (isTimeout(caughtError)) typeOf(caughtError.timeoutType).is<TimeoutType | undefined>();
if (isTimeout(caughtError)) typeOf(caughtError).is<Timeout>();
if (isTimeout(activityFailure)) {
  typeOf(activityFailure.cause.timeoutType).is<TimeoutType>();
  typeOf(activityFailure.cause.lastHeartbeatDetails).is<unknown>();
} else typeOf(activityFailure).is<ActivityFailure>();
if (isTimeout(activityFailure, 'PROGRESS')) {
  typeOf(activityFailure.cause.timeoutType).is<'PROGRESS'>();
} else typeOf(activityFailure).is<ActivityFailure>();
if (isTimeout(activityFailure.cause)) {
  typeOf(activityFailure.cause.timeoutType).is<TimeoutType | undefined>();
}
if (isTimeout(anyError)) typeOf(anyError.cause.timeoutType).is<TimeoutType | undefined>();
else typeOf(anyError).is<Error>();
if (isCancellation(caughtError)) typeOf(caughtError).is<Cancellation>();
if (isCancellation(caughtError)) typeOf(caughtError.message).is<string>();
if (isCancellation(anyError)) typeOf(anyError).is<Cancellation>();
else typeOf(anyError).is<Error>();
if (isCancellation(activityFailure)) typeOf(activityFailure.attempt).is<number>();
else typeOf(activityFailure).is<ActivityFailure>();

// One failure is never taken for another: `name` tells them apart, in unions too.
declare const timeout: TimeoutFailure;
declare const cancelled: CancelledFailure;
declare const store: HeartbeatStoreError;
declare const either: TimeoutFailure | CancelledFailure;
if (either instanceof TimeoutFailure) typeOf(either).is<TimeoutFailure>();
else typeOf(either).is<CancelledFailure>();
if (either.name === 'CancelledFailure') typeOf(either).is<CancelledFailure>();
const errors: Error[] = [timeout, cancelled, store];
void errors;
// @ts-expect-error '"?CancelledFailure"?' is not assignable to type '"?HeartbeatStoreError"?'
const confused: HeartbeatStoreError = cancelled;
void confused;

// Every field is read-only.
declare const failure: ActivityFailure;
declare const application: ApplicationFailure;
declare const details: HeartbeatDetailsError;
declare const started: ActivityAlreadyStartedError;
// @ts-expect-error Cannot assign to 'activityId' because it is a read-only property
failure.activityId = '';
// @ts-expect-error Cannot assign to 'activityType' because it is a read-only property
failure.activityType = '';
// @ts-expect-error Cannot assign to 'attempt' because it is a read-only property
failure.attempt = 2;
// @ts-expect-error Cannot assign to 'retryState' because it is a read-only property
failure.retryState = undefined;
// @ts-expect-error Cannot assign to 'cause' because it is a read-only property
failure.cause = undefined;
// @ts-expect-error Cannot assign to 'type' because it is a read-only property
application.type = 'Other';
// @ts-expect-error Cannot assign to 'nonRetryable' because it is a read-only property
application.nonRetryable = true;
// @ts-expect-error Cannot assign to 'details' because it is a read-only property
application.details = [];
// @ts-expect-error Property 'push' does not exist on type 'readonly unknown\[\]'
application.details.push(1);
// @ts-expect-error Cannot assign to 'nextRetryDelay' because it is a read-only property
application.nextRetryDelay = '1s';
// @ts-expect-error Cannot assign to 'category' because it is a read-only property
application.category = undefined;
// @ts-expect-error Cannot assign to 'timeoutType' because it is a read-only property
timeout.timeoutType = 'HEARTBEAT';
// @ts-expect-error Cannot assign to 'lastHeartbeatDetails' because it is a read-only property
timeout.lastHeartbeatDetails = 1;
// @ts-expect-error Cannot assign to 'eventLoopBlockedMs' because it is a read-only property
timeout.eventLoopBlockedMs = 1;
// @ts-expect-error Cannot assign to 'message' because it is a read-only property
cancelled.message = 'PAUSED';
// @ts-expect-error Cannot assign to 'path' because it is a read-only property
details.path = '';
// @ts-expect-error Cannot assign to 'activityId' because it is a read-only property
started.activityId = '';

// Constructors: a message, and fields with an optional cause.
const cause = new Error('why');
new ActivityFailure('m', { activityId: 'a', activityType: 't', attempt: 1, cause });
new ActivityFailure('m', {
  activityId: 'a',
  activityType: 't',
  attempt: 1,
  retryState: undefined,
  cause: undefined,
});
new TimeoutFailure('m', { timeoutType: 'HEARTBEAT', lastHeartbeatDetails: { line: 1 }, cause });
new CancelledFailure('CANCELLED', { cause: 'thrown by somebody' });
new CancelledFailure('PAUSED');
new HeartbeatDetailsError('m', { path: 'details.rows[3]' });
new HeartbeatStoreError('m');
new HeartbeatStoreError('m', { cause });
new ActivityAlreadyStartedError('m', { activityId: 'a' });
// @ts-expect-error Argument of type '"stop"' is not assignable to parameter of type 'CancelReason'
new CancelledFailure('stop');
// @ts-expect-error Expected 2 arguments, but got 1
new TimeoutFailure('m');
// @ts-expect-error Type '"SOON"' is not assignable to type 'TimeoutType'
new TimeoutFailure('m', { timeoutType: 'SOON' });
// @ts-expect-error (missing the following properties|not assignable to parameter)
new ActivityFailure('m', { activityId: 'a' });

// ApplicationFailure, four ways.
const fields: ApplicationFailureFields = {
  type: 'ValidationError',
  nonRetryable: true,
  details: [{ row: 3 }] as const,
  nextRetryDelay: '5 minutes',
  category: 'BENIGN',
  cause: 'anything',
};
typeOf(new ApplicationFailure('m', fields)).is<ApplicationFailure>();
new ApplicationFailure();
new ApplicationFailure(undefined, { type: undefined, nextRetryDelay: undefined });
typeOf(ApplicationFailure.create({ message: 'm', ...fields })).is<ApplicationFailure>();
typeOf(ApplicationFailure.retryable('m', 'Flaky', 1, { two: 2 })).is<ApplicationFailure>();
typeOf(ApplicationFailure.nonRetryable('m')).is<ApplicationFailure>();
// @ts-expect-error Type '"5"' is not assignable to type 'Duration
new ApplicationFailure('m', { nextRetryDelay: '5' });
// @ts-expect-error Type '"benign"' is not assignable to type '"BENIGN"
new ApplicationFailure('m', { category: 'benign' });
// @ts-expect-error 'retryable' does not exist in type 'ApplicationFailureFields'
new ApplicationFailure('m', { retryable: false });

// One of one's own.
class ValidationFailure extends ApplicationFailure {
  readonly row: number;
  constructor(row: number) {
    super('bad row', { type: 'ValidationFailure', nonRetryable: true });
    this.row = row;
  }
}
declare const thrown: unknown;
if (thrown instanceof ValidationFailure) typeOf(thrown.row).is<number>();
