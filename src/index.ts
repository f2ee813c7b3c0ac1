/**
 * systole: an in-process activity runtime. `runActivity` calls an async function with a context;
 * the function heartbeats through it, and when an attempt fails, hangs or is too slow, the next one
 * starts from the last heartbeat's details.
 */

// Running
export { runActivity, defaultRuntime } from './runtime/run-activity.js';
export { ActivityRuntime, type RunParameters } from './runtime/runtime.js';
export type { RuntimeOptions } from './runtime/engine.js';
export type { ActivityOptions, CancellationType } from './runtime/options.js';
export type { ErrorType, RetryPolicy } from './retry/policy.js';
export type { Duration } from './duration.js';

// What an activity is given
export type {
  ActivityContext,
  ActivityInfo,
  AnyActivity,
  CancellationDetails,
  FilledRetryPolicy,
} from './runtime/context.js';

// What a caller may catch
export {
  ActivityAlreadyStartedError,
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  HeartbeatStoreError,
  TimeoutFailure,
  isCancellation,
  isTimeout,
  type ApplicationFailureFields,
  type CancelReason,
  type RetryState,
  type TimeoutType,
} from './failures.js';

// Events
export type {
  ActivityEvent,
  ActivityEventName,
  ActivityEvents,
  ActivityListener,
} from './events.js';

// Ports
export type { HeartbeatStore } from './heartbeat/store.js';
export type { DetailsSerializer } from './heartbeat/encoding.js';
export type { LogAttributes, Logger } from './logger.js';
