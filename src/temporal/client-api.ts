/** What we use of Temporal's client. Only this file imports `@temporalio/client`. */
export {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityExecutionAlreadyStartedError,
  ActivityExecutionFailedError,
  ActivityNotFoundError as TemporalActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  isGrpcServiceError,
  ServiceError,
  type ActivityExecutionDescription,
  type ActivityHandle as ClientHandle,
  type ActivityOptions as ClientOptions,
  type ActivityOptionsUpdate,
  type Client,
} from '@temporalio/client';
