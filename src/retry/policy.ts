/** The retry policy: its type, its defaults, and the one pass that checks it. */
import { badOption, checkNames, show, type OptionNames } from '../kernel/bad-input.js';
import { retryHint } from './elsewhere.js';
import { durationMs, type Duration } from '../kernel/duration.js';

/** An error class, or the name of one, in `nonRetryableErrorTypes`. */
export type ErrorType = string | (abstract new (...args: never[]) => unknown);

/** When and how often a failed attempt is retried. The defaults are Temporal's. */
export interface RetryPolicy {
  /** The delay after the first failed attempt. Default `'1s'`; 0 counts as unset. */
  readonly initialInterval?: Duration | undefined;
  /** The factor by which each further delay grows, 1 or more. Default 2. */
  readonly backoffCoefficient?: number | undefined;
  /**
   * The maximum delay between attempts. Default: 100 times the initial interval. Given alone and
   * below one second it lowers the initial interval too; below a given initial interval it is
   * refused.
   */
  readonly maximumInterval?: Duration | undefined;
  /**
   * The maximum number of attempts in all, the first included. Default Infinity, and 0 means the
   * same.
   */
  readonly maximumAttempts?: number | undefined;
  /**
   * The errors that end the activity. A class matches by `instanceof`. A string matches
   * `ApplicationFailure.type`, or else the constructor's name, or else an own `name`.
   * `'TemporalTimeout:Heartbeat'` and `'TemporalTimeout:StartToClose'` match those timeouts.
   * Default `[]`.
   */
  readonly nonRetryableErrorTypes?: readonly ErrorType[] | undefined;
  /** How much of each delay is random, from 0 (none, the default) to 1. It only shortens delays. */
  readonly jitter?: number | undefined;
  /**
   * The maximum number of attempts in a row that bring no new heartbeat details. With it the delays
   * grow with those attempts alone. Default Infinity, and 0 means the same. `maximumAttempts` still
   * limits the whole.
   */
  readonly maximumAttemptsWithoutProgress?: number | undefined;
}

/** A policy with nothing left open. Intervals in milliseconds, none is Infinity. */
export interface ResolvedRetryPolicy {
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
  readonly maximumAttempts: number;
  readonly nonRetryableErrorTypes: readonly ErrorType[];
  readonly jitter: number;
  readonly maximumAttemptsWithoutProgress: number;
}

/**
 * A retry policy with its defaults filled in. Intervals are milliseconds, and no limit is Infinity.
 */
export type FilledRetryPolicy = {
  readonly [Field in keyof RetryPolicy]-?: Field extends 'initialInterval' | 'maximumInterval'
    ? number
    : Exclude<RetryPolicy[Field], undefined>;
};

const DEFAULT_INITIAL_MS = 1000;
const DEFAULT_COEFFICIENT = 2;
const MAXIMUM_FACTOR = 100;
const NO_TYPES: readonly ErrorType[] = Object.freeze([]);

export const DEFAULT_RETRY_POLICY: ResolvedRetryPolicy = {
  initialIntervalMs: DEFAULT_INITIAL_MS,
  backoffCoefficient: DEFAULT_COEFFICIENT,
  maximumIntervalMs: MAXIMUM_FACTOR * DEFAULT_INITIAL_MS,
  maximumAttempts: Infinity,
  nonRetryableErrorTypes: NO_TYPES,
  jitter: 0,
  maximumAttemptsWithoutProgress: Infinity,
};

export const RETRY_POLICY_NAMES: OptionNames = {
  of: 'retryPolicy',
  example: '{ maximumAttempts: 5 }',
  known: new Set([
    'initialInterval',
    'backoffCoefficient',
    'maximumInterval',
    'maximumAttempts',
    'nonRetryableErrorTypes',
    'jitter',
    'maximumAttemptsWithoutProgress',
  ]),
  elsewhere: retryHint,
};

/**
 * Checks a policy and fills in what it leaves open.
 *
 * @throws TypeError that names the field, the value and what is accepted
 */
export function resolveRetryPolicy(policy: RetryPolicy | undefined): ResolvedRetryPolicy {
  if (policy === undefined) return DEFAULT_RETRY_POLICY;
  checkNames(policy, RETRY_POLICY_NAMES);
  const initialMs = interval(policy.initialInterval, 'retryPolicy.initialInterval');
  const maximumMs = interval(policy.maximumInterval, 'retryPolicy.maximumInterval');
  if (initialMs === Infinity) {
    throw badOption('retryPolicy.initialInterval', Infinity, 'a finite duration');
  }
  if (initialMs !== undefined && maximumMs !== undefined && maximumMs < initialMs) {
    throw badOption(
      'retryPolicy.maximumInterval',
      policy.maximumInterval,
      `at least the initialInterval, which is ${show(policy.initialInterval)}`,
    );
  }
  const initialIntervalMs = initialMs ?? Math.min(DEFAULT_INITIAL_MS, maximumMs ?? Infinity);
  return {
    initialIntervalMs,
    backoffCoefficient: coefficient(policy.backoffCoefficient),
    maximumIntervalMs: maximumMs ?? MAXIMUM_FACTOR * initialIntervalMs,
    maximumAttempts: attempts(policy.maximumAttempts, 'retryPolicy.maximumAttempts'),
    nonRetryableErrorTypes: errorTypes(policy.nonRetryableErrorTypes),
    jitter: jitterPart(policy.jitter),
    maximumAttemptsWithoutProgress: attempts(
      policy.maximumAttemptsWithoutProgress,
      'retryPolicy.maximumAttemptsWithoutProgress',
    ),
  };
}

/** Zero counts as unset, as in Temporal. */
function interval(value: Duration | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = durationMs(value, name);
  return ms === 0 ? undefined : ms;
}

function coefficient(value: number | undefined): number {
  if (value === undefined) return DEFAULT_COEFFICIENT;
  if (typeof value === 'number' && value >= 1 && value < Infinity) return value;
  throw badOption('retryPolicy.backoffCoefficient', value, 'a finite number, 1 or more');
}

function attempts(value: number | undefined, name: string): number {
  if (value === undefined || value === 0) return Infinity;
  if (value === Infinity || (Number.isInteger(value) && value > 0)) return value;
  throw badOption(name, value, 'a whole number, or Infinity for no limit');
}

function jitterPart(value: number | undefined): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw badOption('retryPolicy.jitter', value, 'a number from 0 to 1');
}

const TIMEOUT_PREFIX = 'TemporalTimeout:';
const TIMEOUT_TYPES: readonly string[] = [
  'TemporalTimeout:Heartbeat',
  'TemporalTimeout:StartToClose',
];

function errorTypes(types: unknown): readonly ErrorType[] {
  if (types === undefined) return NO_TYPES;
  const name = 'retryPolicy.nonRetryableErrorTypes';
  if (!Array.isArray(types)) throw badOption(name, types, 'an array of names and error classes');
  const checked = Array.from(types, (type: unknown, index) => errorType(type, `${name}[${index}]`));
  return Object.freeze(checked); // descriptions show it
}

/**
 * Whether errors may be instances of it. A predicate is none: an arrow function has no prototype,
 * and that of a plain function is bare. Classes of another realm, and those from before `class`,
 * inherit from something or have members.
 */
function isClass(type: object): boolean {
  try {
    const { prototype } = type as { readonly prototype: object };
    if (prototype instanceof Error) return true;
    const bare =
      Reflect.ownKeys(prototype).length === 1 && // its constructor
      Object.getPrototypeOf(Object.getPrototypeOf(prototype)) === null;
    return !bare || Function.prototype.toString.call(type).startsWith('class');
  } catch {
    return false;
  }
}

function errorType(type: unknown, name: string): ErrorType {
  if (typeof type === 'function') {
    if (isClass(type)) return type as ErrorType;
    const accepted =
      'a name or an error class. This function is no class: as a predicate it would never be ' +
      'called. Throw ApplicationFailure.nonRetryable() in the activity instead';
    throw badOption(name, type, accepted);
  }
  if (typeof type !== 'string') throw badOption(name, type, 'a name or an error class');
  // A misspelt timeout would match nothing, and the activity would retry for ever.
  if (type.startsWith(TIMEOUT_PREFIX) && !TIMEOUT_TYPES.includes(type)) {
    throw badOption(name, type, TIMEOUT_TYPES.join(' or '));
  }
  return type;
}

/** A resolved policy as `ctx.info` and `describe()` show it. */
export function shownPolicy(policy: ResolvedRetryPolicy): FilledRetryPolicy {
  const { initialIntervalMs, maximumIntervalMs, ...rest } = policy;
  return Object.freeze({
    initialInterval: initialIntervalMs,
    maximumInterval: maximumIntervalMs,
    ...rest,
  });
}
