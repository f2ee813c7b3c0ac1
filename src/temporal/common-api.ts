/** What we use of Temporal's failures. Only this file imports `@temporalio/common`. */
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
  type RetryPolicy as TemporalRetryPolicy,
} from '@temporalio/common';
