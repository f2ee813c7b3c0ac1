/**
 * systole: an in-process activity runtime. `runActivity` calls an async function with a context. The
 * function sends heartbeats through it. When an attempt fails, hangs or is too slow, the next one
 * starts from the details of the last heartbeat.
 */

// Running
export {
  runActivity,
  startActivity,
  proxyActivities,
  defaultRuntime,
} from './runtime/run-activity.js';
export { ActivityRuntime, type ProxyOptions, type RunParameters } from './runtime/runtime.js';
export type { AttachedRuntime, RuntimeStats } from './runtime/context/attached.js';
export type { RuntimeOptions } from './runtime/options/runtime-options.js';
export type {
  ActivityOptions,
  CancellationDelivery,
  CancellationType,
  DescribedOptions,
  IdConflictPolicy,
  OptionsPatch,
} from './runtime/options/activity-options.js';
export type { ProxiedActivities } from './runtime/proxy.js';
export type { ShutdownOptions, ShutdownResult } from './runtime/shutdown.js';
export type {
  LedgerEntry,
  Recovered,
  RecoverOptions,
  UnrecoveredEntry,
} from './runtime/shared/ledger.js';
export type {
  ErrorType,
  FailedAttemptInfo,
  FilledRetryPolicy,
  RetryPolicy,
} from './retry/policy.js';
export { retryAfter } from './retry/retry-after.js';
export { parseDuration, type Duration } from './kernel/duration.js';

// Steering
export type { ActivityHandle, RecoveredHandle } from './runtime/handle.js';
export type { HeartbeatReport } from './runtime/heartbeats.js';
export type { ActivityDescription, ActivityStatus } from './runtime/description.js';
export type { Completion } from './runtime/completion.js';
export type { ResetOptions, UnpauseOptions } from './runtime/options/steering-options.js';

// The interface that this runtime and Temporal's share
export type {
  ActivityHandleLike,
  ActivityRunner,
  CompletionLike,
  DescriptionLike,
} from './runtime/runner.js';

// The context of an activity
export type {
  ActivityContext,
  ActivityInfo,
  AnyActivity,
  CancellationDetails,
  WatchOptions,
} from './runtime/context/context.js';

// Errors that a caller may catch
export {
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  ActivityStateError,
  HeartbeatDetailsError,
  HeartbeatStoreError,
  RuntimeFullError,
  RuntimeShutdownError,
  type RunState,
} from './kernel/errors.js';
export {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  type ApplicationFailureFields,
  type CancelReason,
  type RetryState,
  type TimeoutType,
} from './kernel/failures.js';
export { isCancellation, type Cancellation } from './kernel/cancellation.js';
export { isTimeout, type Timeout } from './kernel/thrown.js';

// Events
export type {
  ActivityEvent,
  ActivityEventName,
  ActivityEvents,
  ActivityListener,
  ListenerOptions,
} from './kernel/events.js';

// Ports
export type { HeartbeatStore } from './heartbeat/store/store.js';
export type { DetailsSerializer } from './heartbeat/details/encoding.js';
export type {
  ActivityInterceptor,
  CaptureInfo,
  ExecuteInput,
} from './runtime/context/interceptors.js';
export { pinoLogger } from './kernel/logger.js';
export type { AttributesFirstLogger, LogAttributes, Logger } from './kernel/logger.js';
