/**
 * systole: an in-process activity runtime. `runActivity` calls an async function with a context;
 * the function heartbeats through it, and when an attempt fails, hangs or is too slow, the next one
 * starts from the last heartbeat's details.
 */

// Running
export {
  runActivity,
  startActivity,
  proxyActivities,
  defaultRuntime,
} from './runtime/run-activity.js';
export { ActivityRuntime, type ProxyOptions, type RunParameters } from './runtime/runtime.js';
export type { RuntimeStats } from './runtime/engine.js';
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
export type { ErrorType, FilledRetryPolicy, RetryPolicy } from './retry/policy.js';
export { parseDuration, type Duration } from './kernel/duration.js';

// Steering
export type { ActivityHandle } from './runtime/handle.js';
export type { ActivityDescription, ActivityStatus } from './runtime/description.js';
export type { Completion } from './runtime/completion.js';
export type { ResetOptions, UnpauseOptions } from './runtime/options/steering-options.js';

// What a program asks of a runtime, be it this one or Temporal's
export type {
  ActivityHandleLike,
  ActivityRunner,
  CompletionLike,
  DescriptionLike,
} from './runtime/runner.js';

// What an activity is given
export type {
  ActivityContext,
  ActivityInfo,
  AnyActivity,
  CancellationDetails,
} from './runtime/context/context.js';

// What a caller may catch
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
export { isCancellation } from './kernel/cancellation.js';
export { isTimeout } from './kernel/thrown.js';

// Events
export type {
  ActivityEvent,
  ActivityEventName,
  ActivityEvents,
  ActivityListener,
} from './kernel/events.js';

// Ports
export type { HeartbeatStore } from './heartbeat/store/store.js';
export type { DetailsSerializer } from './heartbeat/details/encoding.js';
export type { ActivityInterceptor, ExecuteInput } from './runtime/context/interceptors.js';
export type { LogAttributes, Logger } from './kernel/logger.js';
