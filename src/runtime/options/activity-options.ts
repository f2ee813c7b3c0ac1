/** The options of an activity: their types, their defaults, and the one pass that checks them. */
import {
  badOption,
  checkNames,
  isFields,
  showAll,
  type OptionNames,
} from '../../kernel/bad-input.js';
import { callHint } from './elsewhere.js';
import { durationMs, type Duration } from '../../kernel/duration.js';
import {
  resolveRetryPolicy,
  type ResolvedRetryPolicy,
  type RetryPolicy,
} from '../../retry/policy.js';

/**
 * What the caller hears when an activity is cancelled.
 *
 * - `'TRY_CANCEL'`: The caller is told at once, whatever the function still does.
 * - `'WAIT_CANCELLATION_COMPLETED'`: The caller gets the outcome of the function, and waits for
 *   it.
 * - `'ABANDON'`: The caller is told at once, and a running function is told nothing.
 */
export type CancellationType = 'TRY_CANCEL' | 'WAIT_CANCELLATION_COMPLETED' | 'ABANDON';

/**
 * How `handle.cancel()`, `pause()` and `reset()` reach a running function.
 *
 * - `'heartbeat'`: Inside its next `ctx.heartbeat()`, or at once while it is in `ctx.sleep` or
 *   `ctx.keepAlive`.
 * - `'immediate'`: At once, by `ctx.signal`.
 */
export type CancellationDelivery = 'heartbeat' | 'immediate';

/**
 * What happens to a call whose `activityId` an open activity already has.
 *
 * - `'FAIL'`: The call fails with `ActivityAlreadyStartedError`.
 * - `'USE_EXISTING'`: The call joins the open activity and shares its outcome.
 */
export type IdConflictPolicy = 'FAIL' | 'USE_EXISTING';

/**
 * The options of one call. They are read once, at the call. A bad one is a `TypeError` that names
 * the option, the value and what is accepted.
 */
export interface ActivityOptions {
  /** The id of the activity, which no other open activity may have. Default: a generated one. */
  readonly activityId?: string | undefined;
  /** What kind of activity it is, for events, logs and errors. Default: the function's name. */
  readonly activityType?: string | undefined;
  /**
   * The maximum time between heartbeats of an attempt. When it passes, the attempt fails and may be retried.
   * Default: none; 0 and Infinity mean none.
   */
  readonly heartbeatTimeout?: Duration | undefined;
  /** The maximum time of one attempt. When it passes, the attempt fails and may be retried. Default: none. */
  readonly startToCloseTimeout?: Duration | undefined;
  /**
   * The maximum wait for a free slot before each attempt. When it passes, the activity fails.
   * Default: none.
   */
  readonly scheduleToStartTimeout?: Duration | undefined;
  /**
   * The maximum time of the whole activity, with all attempts and delays. When it passes, the
   * activity fails. Default: none.
   */
  readonly scheduleToCloseTimeout?: Duration | undefined;
  /**
   * The maximum time without a heartbeat that brings details different from the ones before. When
   * it passes, the attempt fails and may be retried. Default: none.
   */
  readonly progressTimeout?: Duration | undefined;
  /**
   * The delay before the first attempt. It extends the two schedule timeouts by as much. Default:
   * none.
   */
  readonly startDelay?: Duration | undefined;
  /**
   * When and how often failed attempts are retried. Default: Temporal's policy, which retries
   * without end.
   */
  readonly retryPolicy?: RetryPolicy | undefined;
  /**
   * The minimum interval between reports of an attempt; 0 reports every heartbeat. Default: 0.8
   * times `heartbeatTimeout`, or 30 s without one, and 60 s at most.
   */
  readonly heartbeatThrottleInterval?: Duration | undefined;
  /** An outside signal. Its abort cancels the activity, and reaches `ctx.signal` at once. */
  readonly signal?: AbortSignal | undefined;
  /**
   * What the caller hears when the activity is cancelled. Default `'TRY_CANCEL'`: it is told at
   * once.
   */
  readonly cancellationType?: CancellationType | undefined;
  /**
   * How `handle.cancel()`, `pause()` and `reset()` reach a running function. Default `'heartbeat'`:
   * inside its next heartbeat.
   */
  readonly cancellationDelivery?: CancellationDelivery | undefined;
  /**
   * Whether a retry may begin while the function of a timed-out attempt is still running: `'allow'`
   * (default), `'forbid'`, or the maximum time to wait for that function.
   */
  readonly attemptOverlap?: 'allow' | 'forbid' | Duration | undefined;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). Default 3. */
  readonly priority?: number | undefined;
  /** A key whose activities share the runtime's `maxConcurrentPerKey`. Default: none. */
  readonly concurrencyKey?: string | undefined;
  /**
   * What happens if an open activity already has the `activityId`. Default `'FAIL'`: the call is
   * refused.
   */
  readonly idConflictPolicy?: IdConflictPolicy | undefined;
}

/** Options with nothing left open: milliseconds, and 0 for no timeout. Activities may share them. */
export interface ResolvedOptions {
  /** Undefined: the name of the function. */
  readonly activityType: string | undefined;
  readonly heartbeatTimeoutMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly scheduleToStartTimeoutMs: number;
  readonly scheduleToCloseTimeoutMs: number;
  readonly progressTimeoutMs: number;
  readonly startDelayMs: number;
  readonly retryPolicy: ResolvedRetryPolicy;
  /** Undefined: by the formula, from the heartbeat timeout. */
  readonly throttleIntervalMs: number | undefined;
  readonly cancellationType: CancellationType;
  readonly cancellationDelivery: CancellationDelivery;
  /** How long a retry waits for the function before it: 0 for `'allow'`, Infinity for `'forbid'`. */
  readonly overlapWaitMs: number;
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
  readonly idConflictPolicy: IdConflictPolicy;
}

export const DEFAULT_PRIORITY = 3;
export const PRIORITIES = 5;

export const OPTION_NAMES: OptionNames = {
  of: 'ActivityOptions',
  example: "{ heartbeatTimeout: '10s' }",
  known: new Set([
    'args',
    'activityId',
    'activityType',
    'heartbeatTimeout',
    'startToCloseTimeout',
    'scheduleToStartTimeout',
    'scheduleToCloseTimeout',
    'progressTimeout',
    'startDelay',
    'retryPolicy',
    'heartbeatThrottleInterval',
    'signal',
    'cancellationType',
    'cancellationDelivery',
    'attemptOverlap',
    'priority',
    'concurrencyKey',
    'idConflictPolicy',
  ]),
  elsewhere: callHint,
};

/** What names one call, and no two activities share. */
export const OWN_OPTIONS: readonly string[] = ['args', 'activityId', 'signal'];

const CANCELLATION_TYPES: readonly [CancellationType, ...CancellationType[]] = [
  'TRY_CANCEL',
  'WAIT_CANCELLATION_COMPLETED',
  'ABANDON',
];
const CANCELLATION_DELIVERIES: readonly [CancellationDelivery, ...CancellationDelivery[]] = [
  'heartbeat',
  'immediate',
];
const ID_CONFLICT_POLICIES: readonly [IdConflictPolicy, ...IdConflictPolicy[]] = [
  'FAIL',
  'USE_EXISTING',
];

const NO_OPTIONS: ActivityOptions = {};

/**
 * Checks the options of a call and fills in what they leave open.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function resolveOptions(
  given: ActivityOptions & { readonly args?: unknown } = NO_OPTIONS,
  defaults?: ActivityOptions,
): ResolvedOptions {
  checkNames(given, OPTION_NAMES);
  const options = defaults === undefined ? given : withDefaults(given, defaults);

  const scheduleToClose = timeout(options.scheduleToCloseTimeout, 'scheduleToCloseTimeout');
  const scheduleToStart = timeout(options.scheduleToStartTimeout, 'scheduleToStartTimeout');
  const startToClose = timeout(options.startToCloseTimeout, 'startToCloseTimeout');
  const heartbeat = timeout(options.heartbeatTimeout, 'heartbeatTimeout');
  // Nothing within an attempt can take longer than the attempt, and no attempt than the activity.
  const startToCloseTimeoutMs = shorter(startToClose, scheduleToClose);
  const heartbeatTimeoutMs = heartbeat === 0 ? 0 : shorter(heartbeat, startToCloseTimeoutMs);
  return {
    activityType: text(options.activityType, 'activityType'),
    heartbeatTimeoutMs,
    startToCloseTimeoutMs,
    scheduleToStartTimeoutMs: shorter(scheduleToStart, scheduleToClose),
    scheduleToCloseTimeoutMs: scheduleToClose,
    progressTimeoutMs: timeout(options.progressTimeout, 'progressTimeout'),
    startDelayMs: finite(options.startDelay, 'startDelay') ?? 0,
    retryPolicy: resolveRetryPolicy(options.retryPolicy),
    throttleIntervalMs:
      options.heartbeatThrottleInterval === undefined
        ? undefined
        : durationMs(options.heartbeatThrottleInterval, 'heartbeatThrottleInterval'),
    cancellationType: oneOf('cancellationType', CANCELLATION_TYPES, options.cancellationType),
    cancellationDelivery: oneOf(
      'cancellationDelivery',
      CANCELLATION_DELIVERIES,
      options.cancellationDelivery,
    ),
    overlapWaitMs: overlapWaitMs(options.attemptOverlap),
    priority: priority(options.priority),
    concurrencyKey: text(options.concurrencyKey, 'concurrencyKey'),
    idConflictPolicy: oneOf('idConflictPolicy', ID_CONFLICT_POLICIES, options.idConflictPolicy),
  };
}

/** The options of a call with their arguments. */
export type CallOptions = ActivityOptions & { readonly args?: readonly unknown[] | undefined };

/**
 * The options of a call: all that comes after the function.
 *
 * @throws TypeError if the function's own arguments come there
 */
export function callOf(rest: readonly unknown[]): CallOptions | undefined {
  const [call] = rest;
  if (rest.length <= 1 && (call === undefined || isFields(call))) return call;
  const args = isFields(call) ? rest.slice(1) : rest;
  throw new TypeError(
    `${OPTION_NAMES.of}: received ${showAll(rest)}; expected one object such as ` +
      `${OPTION_NAMES.example}. The function's arguments go into it: pass args: [${showAll(args)}]`,
  );
}

/** @throws TypeError as `resolveOptions`, which is called before */
export function activityIdOf(call: ActivityOptions | undefined): string | undefined {
  return text(call?.activityId, 'activityId');
}

/** @throws TypeError as `resolveOptions`, which is called before */
export function signalOf(call: ActivityOptions | undefined): AbortSignal | undefined {
  const signal: unknown = call?.signal;
  if (signal === undefined || isAbortSignal(signal)) return signal;
  throw badOption('signal', signal, 'an AbortSignal, such as the signal of an AbortController');
}

const NO_ARGS: readonly unknown[] = [];

/** @throws TypeError as `resolveOptions`, which is called before */
export function argsOf(call: { readonly args?: unknown } | undefined): readonly unknown[] {
  const args: unknown = call?.args;
  if (args === undefined) return NO_ARGS;
  if (Array.isArray(args)) return args as readonly unknown[];
  throw badOption('args', args, "an array of the function's arguments after ctx");
}

/** By shape: a polyfill's signal, or another realm's, is as good. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  );
}

/** What a call gives wins; `undefined` gives nothing. */
function withDefaults(given: ActivityOptions, defaults: ActivityOptions): ActivityOptions {
  const merged: Record<string, unknown> = { ...defaults };
  for (const name of OPTION_NAMES.known) {
    const value: unknown = given[name as keyof ActivityOptions];
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** 0 for none, which Infinity means too. */
function timeout(value: Duration | undefined, name: string): number {
  if (value === undefined) return 0;
  const ms = durationMs(value, name);
  return ms === Infinity ? 0 : ms;
}

/** Of two timeouts of which 0 is none. */
function shorter(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b;
  return Math.min(a, b);
}

function finite(value: Duration | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = durationMs(value, name);
  if (ms === Infinity) throw badOption(name, value, 'a finite duration');
  return ms;
}

export function text(value: string | undefined, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw badOption(name, value, 'a string');
}

/** One of a few words, the first of which is the default. */
function oneOf<Word extends string>(
  name: string,
  words: readonly [Word, ...Word[]],
  value: Word | undefined,
): Word {
  if (value === undefined) return words[0];
  if (words.includes(value)) return value;
  throw badOption(name, value, words.map((word) => `'${word}'`).join(' or '));
}

function overlapWaitMs(value: 'allow' | 'forbid' | Duration | undefined): number {
  if (value === undefined || value === 'allow') return 0;
  if (value === 'forbid') return Infinity;
  try {
    return durationMs(value, 'attemptOverlap');
  } catch {
    throw badOption('attemptOverlap', value, "'allow', 'forbid', or a duration such as '30s'");
  }
}

function priority(value: number | undefined): number {
  if (value === undefined) return DEFAULT_PRIORITY;
  if (Number.isInteger(value) && value >= 1 && value <= PRIORITIES) return value;
  throw badOption('priority', value, `a whole number from 1 (first) to ${String(PRIORITIES)}`);
}
