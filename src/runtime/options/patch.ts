/** Changing the options of an open activity. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import type { Duration } from '../../kernel/duration.js';
import { shownPolicy, type RetryPolicy } from '../../retry/policy.js';
import { callHint } from './elsewhere.js';
import { resolveOptions, type ActivityOptions, type ResolvedOptions } from './activity-options.js';

/** What `handle.updateOptions` takes: `undefined` keeps an option, `null` puts back its default. */
export interface OptionsPatch {
  readonly heartbeatTimeout?: Duration | null | undefined;
  readonly startToCloseTimeout?: Duration | null | undefined;
  readonly scheduleToStartTimeout?: Duration | null | undefined;
  readonly scheduleToCloseTimeout?: Duration | null | undefined;
  readonly progressTimeout?: Duration | null | undefined;
  /** Before the first attempt only. */
  readonly startDelay?: Duration | null | undefined;
  /** Replaces the whole policy. */
  readonly retryPolicy?: RetryPolicy | null | undefined;
  readonly priority?: number | null | undefined;
}

const PATCH_NAMES: OptionNames = {
  of: 'updateOptions',
  example: "{ heartbeatTimeout: '30s' }",
  known: new Set([
    'heartbeatTimeout',
    'startToCloseTimeout',
    'scheduleToStartTimeout',
    'scheduleToCloseTimeout',
    'progressTimeout',
    'startDelay',
    'retryPolicy',
    'priority',
  ]),
  elsewhere: callHint,
};

/**
 * Reads each option of a patch once.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function readPatch(patch: OptionsPatch): OptionsPatch {
  checkNames(patch, PATCH_NAMES);
  return { ...patch };
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function patchOptions(options: ResolvedOptions, patch: OptionsPatch): ResolvedOptions {
  const merged: Record<string, unknown> = { ...current(options) };
  for (const [name, value] of Object.entries(patch as Record<string, unknown>)) {
    if (value !== undefined) merged[name] = value ?? undefined;
  }
  return resolveOptions(merged);
}

function current(options: ResolvedOptions): ActivityOptions {
  return {
    activityType: options.activityType,
    heartbeatTimeout: options.heartbeatTimeoutMs,
    startToCloseTimeout: options.startToCloseTimeoutMs,
    scheduleToStartTimeout: options.scheduleToStartTimeoutMs,
    scheduleToCloseTimeout: options.scheduleToCloseTimeoutMs,
    progressTimeout: options.progressTimeoutMs,
    startDelay: options.startDelayMs,
    heartbeatThrottleInterval: options.throttleIntervalMs,
    retryPolicy: shownPolicy(options.retryPolicy),
    cancellationType: options.cancellationType,
    cancellationDelivery: options.cancellationDelivery,
    attemptOverlap: options.overlapWaitMs,
    priority: options.priority,
    concurrencyKey: options.concurrencyKey,
    idConflictPolicy: options.idConflictPolicy,
  };
}
