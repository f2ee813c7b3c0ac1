/** Turns systole's options into those of a Standalone Activity, and refuses what Temporal lacks. */
import { quote } from '../kernel/text.js';
import type { ActivityOptions, CallOptions } from '../runtime/options/activity-options.js';
import { resolveOptions } from '../runtime/options/resolve.js';
import { ROWS, type ResolvedOptions } from '../runtime/options/table.js';
import type { FilledRetryPolicy } from '../retry/policy.js';
import type { ClientOptions } from './client-api.js';
import { insteadOf, SENT } from './options-table.js';

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

/** @throws TypeError for an option that Temporal does not have */
export function refuseUnsupported(options: ResolvedOptions): void {
  for (const { name, field, read } of ROWS) {
    const instead = insteadOf(name);
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
  const sent = SENT.map(({ field, sentAs, toServer }) => [sentAs, toServer(options[field])]);
  return {
    id: activityId,
    taskQueue,
    args,
    idConflictPolicy: 'FAIL', // also for a call that joins: see TemporalRuntime
    ...(Object.fromEntries(sent.filter(([, value]) => value !== undefined)) as object),
  };
}
