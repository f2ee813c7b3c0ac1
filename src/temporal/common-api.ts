/** What is used of Temporal's failures. The only file that imports `@temporalio/common`. */
export {
  ActivityCancellationDetails,
  ApplicationFailure as TemporalApplicationFailure,
  CancelledFailure as TemporalCancelledFailure,
  CompleteAsyncError,
  ensureApplicationFailure,
  noopMetricMeter,
  ServerFailure as TemporalServerFailure,
  TemporalFailure,
  TerminatedFailure as TemporalTerminatedFailure,
  TimeoutFailure as TemporalTimeoutFailure,
  type Logger as TemporalLogger,
  type RetryPolicy as TemporalRetryPolicy,
} from '@temporalio/common';
