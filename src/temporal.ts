/**
 * systole/temporal: the same activities on systole and on Temporal. `fromTemporal` makes Temporal's
 * activities run on systole. `toTemporal` makes systole's activities run on a Temporal worker, and
 * `TemporalRuntime` starts them. For Node. Needs `@temporalio/activity`, `@temporalio/common` and
 * `@temporalio/client`.
 */
export { fromTemporal, type FromTemporalOptions } from './temporal/from-temporal.js';
export type { GivenInfo, WorkflowExecution } from './temporal/info.js';
export { toTemporal, type ToTemporalOptions } from './temporal/to-temporal.js';
export { TemporalRuntime, type TemporalRuntimeOptions } from './temporal/runtime.js';
export type { TemporalActivityHandle } from './temporal/handle.js';
export type { TemporalCompletion } from './temporal/completion.js';
