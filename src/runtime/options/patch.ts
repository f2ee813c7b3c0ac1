/** Changing the options of an open activity. */
import { checkNames, type OptionNames } from '../../kernel/bad-input.js';
import type { Duration } from '../../kernel/duration.js';
import { shownPolicy, type RetryPolicy } from '../../retry/policy.js';
import { callHint } from './elsewhere.js';
import { resolveOptions, type ActivityOptions, type ResolvedOptions } from './activity-options.js';

/** What `handle.updateOptions` takes. `undefined` keeps an option, `null` puts back its default. */
export interface OptionsPatch {
  /** The maximum time between heartbeats of an attempt. */
  readonly heartbeatTimeout?: Duration | null | undefined;
  /** The maximum time of one attempt, from its start. */
  readonly startToCloseTimeout?: Duration | null | undefined;
  /** The maximum wait for a free slot before each attempt. */
  readonly scheduleToStartTimeout?: Duration | null | undefined;
  /** The maximum time of the whole activity, from when it was scheduled. */
  readonly scheduleToCloseTimeout?: Duration | null | undefined;
  /** The maximum time without a heartbeat that brings new details. */
  readonly progressTimeout?: Duration | null | undefined;
  /** The delay before the first attempt. It is refused once that waits for a slot or has begun. */
  readonly startDelay?: Duration | null | undefined;
  /** The retry policy, which replaces the whole one before. */
  readonly retryPolicy?: RetryPolicy | null | undefined;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). */
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
