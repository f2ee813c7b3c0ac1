/** Turns systole's options into those of a Standalone Activity, and refuses what Temporal lacks. */
import { quote } from '../kernel/text.js';
import type { ActivityOptions, CallOptions } from '../runtime/options/activity-options.js';
import { resolveOptions } from '../runtime/options/resolve.js';
import { ROWS, type OptionName, type ResolvedOptions } from '../runtime/options/table.js';
import type { ErrorType, FilledRetryPolicy } from '../retry/policy.js';
import type { ClientOptions } from './client-api.js';
import type { TemporalRetryPolicy } from './common-api.js';
import { serverMs } from './duration.js';

/** The server counts attempts in 32 bits, so a higher limit means no limit. */
const MOST_ATTEMPTS = 2 ** 31 - 1;

/** @throws TypeError for a bad option, and for one that Temporal does not have */
export function resolveForTemporal(
  call: CallOptions | undefined,
  defaults: ActivityOptions | undefined,
): ResolvedOptions {
  const options = resolveOptions(call, defaults);
  refuseUnsupported(options);
  if (options.startToCloseTimeoutMs === 0 && options.scheduleToCloseTimeoutMs === 0) {
    throw new TypeError(
      'Temporal needs startToCloseTimeout or scheduleToCloseTimeout; set one in the call or in the ' +
        'defaults of the TemporalRuntime',
    );
  }
  return options;
}

/** The options that Temporal does not have, each with what to use instead. */
const INSTEAD: { readonly [Name in OptionName]?: string } = {
  progressTimeout: 'use startToCloseTimeout, or let the activity watch its own progress',
  heartbeatThrottleInterval: 'set maxHeartbeatThrottleInterval of the Worker',
  cancellationDelivery: "use 'heartbeat': a worker receives requests in heartbeats only",
  attemptOverlap:
    'a retry may run at the same time as an attempt that timed out; make the activity idempotent',
  concurrencyKey:
    'use a separate task queue whose worker limits maxConcurrentActivityTaskExecutions',
};

/** @throws TypeError for an option that Temporal does not have */
export function refuseUnsupported(options: ResolvedOptions): void {
  for (const { name, field, read } of ROWS) {
    const instead = INSTEAD[name];
    const isGiven = instead !== undefined && options[field] !== read(undefined, name);
    if (isGiven) throw unsupported(name, instead);
  }
  refuseUnsupportedPolicy(options.retryPolicy);
}

function refuseUnsupportedPolicy(policy: FilledRetryPolicy): void {
  if (policy.shouldRetry !== undefined) {
    const instead = 'throw ApplicationFailure.nonRetryable() in the activity';
    throw unsupported('retryPolicy.shouldRetry', instead);
  }
  if (policy.onFailedAttempt !== undefined) {
    throw unsupported('retryPolicy.onFailedAttempt', 'use an interceptor of toTemporal');
  }
  if (policy.jitter > 0) {
    throw unsupported('retryPolicy.jitter', 'leave it out');
  }
  if (policy.maximumAttemptsWithoutProgress !== Infinity) {
    throw unsupported('retryPolicy.maximumAttemptsWithoutProgress', 'use maximumAttempts');
  }
  policy.nonRetryableErrorTypes.forEach((type, index) => {
    if (typeof type === 'string') return;
    throw unsupported(
      `retryPolicy.nonRetryableErrorTypes[${index}] by class`,
      `use the name of the class, ${quote(type.name)}`,
    );
  });
}

function unsupported(name: string, instead: string): TypeError {
  return new TypeError(`Temporal has no ${name}: ${instead}`);
}

/** The identity of an activity, its arguments, and the task queue it goes to. */
export interface Destination {
  readonly activityId: string;
  readonly taskQueue: string;
  readonly args: readonly unknown[];
}

export function startOptions(
  { activityId, taskQueue, args }: Destination,
  options: ResolvedOptions,
): ClientOptions {
  return {
    id: activityId,
    taskQueue,
    args,
    idConflictPolicy: 'FAIL', // also for a call that joins: see TemporalRuntime
    priority: { priorityKey: options.priority },
    retry: retryPolicy(options.retryPolicy),
    ...given('heartbeatTimeout', options.heartbeatTimeoutMs),
    ...given('startToCloseTimeout', options.startToCloseTimeoutMs),
    ...given('scheduleToStartTimeout', options.scheduleToStartTimeoutMs),
    ...given('scheduleToCloseTimeout', options.scheduleToCloseTimeoutMs),
    ...given('startDelay', options.startDelayMs),
  };
}

function given<Name extends string>(name: Name, ms: number): { readonly [N in Name]?: number } {
  return (ms === 0 ? {} : { [name]: serverMs(ms) }) as { readonly [N in Name]?: number };
}

export function retryPolicy(policy: FilledRetryPolicy): TemporalRetryPolicy {
  const { maximumAttempts, nonRetryableErrorTypes } = policy;
  return {
    initialInterval: serverMs(policy.initialInterval),
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: serverMs(policy.maximumInterval),
    nonRetryableErrorTypes: nonRetryableErrorTypes.filter(isName),
    ...(maximumAttempts > MOST_ATTEMPTS ? undefined : { maximumAttempts }),
  };
}

function isName(type: ErrorType): type is string {
  return typeof type === 'string';
}
