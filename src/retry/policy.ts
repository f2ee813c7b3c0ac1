/** The retry policy: its type, its defaults, and the checks. */
import {
  badOption,
  checkNames,
  option,
  show,
  type OptionNames,
  type Read,
} from '../kernel/bad-input.js';
import { durationMs, finiteMs, type Duration } from '../kernel/duration.js';
import type { TimeoutType } from '../kernel/failures.js';
import { elsewhere } from './elsewhere.js';

/** An item of `nonRetryableErrorTypes`: an error class or the name of one. */
export type ErrorType = string | (abstract new (...args: never[]) => unknown);

/** What a function of a retry policy is told about a failed attempt. */
export interface FailedAttemptInfo {
  /** The id of the activity. */
  readonly activityId: string;
  /** The type of the activity. */
  readonly activityType: string;
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number;
  /**
   * The attempt that follows if the policy allows it, and the delay before it; `undefined` if none
   * follows.
   */
  readonly nextAttempt:
    | {
        /** The number of the next attempt. */
        readonly attempt: number;
        /** The delay before the next attempt, in milliseconds. */
        readonly delayMs: number;
      }
    | undefined;
}

/** When and how often a failed attempt is retried. The defaults are Temporal's. */
export interface RetryPolicy {
  /** The delay after the first failed attempt. Default `'1s'`; 0 counts as unset. */
  readonly initialInterval?: Duration | undefined;
  /** The factor by which each further delay grows, 1 or more. Default 2. */
  readonly backoffCoefficient?: number | undefined;
  /**
   * The maximum delay between attempts. Default: 100 times the initial interval. If you give only
   * this and it is below one second, it lowers the initial interval too. A value below a given
   * initial interval is refused.
   */
  readonly maximumInterval?: Duration | undefined;
  /**
   * The maximum number of attempts, including the first. Default Infinity; 0 means the same.
   */
  readonly maximumAttempts?: number | undefined;
  /**
   * The errors that are not retried. A class matches by `instanceof`. A string matches
   * `ApplicationFailure.type` or, without a type, the name that messages show or the name of the
   * class. `'TemporalTimeout:Heartbeat'` and `'TemporalTimeout:StartToClose'` match those timeouts.
   * Default `[]`.
   */
  readonly nonRetryableErrorTypes?: readonly ErrorType[] | undefined;
  /** The random part of each delay, from 0 (the default) to 1. It only makes delays shorter. */
  readonly jitter?: number | undefined;
  /**
   * The maximum number of attempts in a row without new heartbeat details. With it, delays grow only
   * with those attempts. `maximumAttempts` still limits all attempts. Default Infinity; 0 means the
   * same.
   */
  readonly maximumAttemptsWithoutProgress?: number | undefined;
  /**
   * Whether a failed attempt is retried. It is asked when nothing else in the policy rules a retry
   * out, after `onFailedAttempt`. If it throws or rejects, that is logged and the attempt is not
   * retried. `TemporalRuntime` refuses it.
   */
  readonly shouldRetry?:
    ((failure: Error, info: FailedAttemptInfo) => boolean | PromiseLike<boolean>) | undefined;
  /**
   * Called after each failed attempt, the last one too, and awaited before the delay. If it throws or
   * rejects, the activity closes with that error. `TemporalRuntime` refuses it.
   */
  readonly onFailedAttempt?: ((failure: Error, info: FailedAttemptInfo) => unknown) | undefined;
}

/**
 * A retry policy with its defaults filled in. Intervals are in milliseconds. Infinity means no limit.
 */
export type FilledRetryPolicy = Pick<RetryPolicy, Hook> & {
  // With `as` and not `Exclude<keyof ...>`, each field keeps its comment.
  readonly [Field in keyof RetryPolicy as Exclude<Field, Hook>]-?: Field extends
    'initialInterval' | 'maximumInterval'
    ? number
    : Exclude<RetryPolicy[Field], undefined>;
};

/** The fields that are functions. They have no default. */
type Hook = 'shouldRetry' | 'onFailedAttempt';

/** The names of timeouts in `nonRetryableErrorTypes`, as in Temporal. Other timeouts have none. */
export const TIMEOUT_NAMES: { readonly [Type in TimeoutType]?: string } = {
  HEARTBEAT: 'TemporalTimeout:Heartbeat',
  START_TO_CLOSE: 'TemporalTimeout:StartToClose',
};

const DEFAULT_INITIAL_MS = 1000;
const MAXIMUM_FACTOR = 100;
const NO_TYPES: readonly ErrorType[] = Object.freeze([]);

const limit = /* @__PURE__ */ option(
  'a whole number, or Infinity for no limit',
  (value: number) => value === Infinity || (Number.isInteger(value) && value >= 0),
);

// Zero counts as unset, as in Temporal.
const attempts = (value: number | undefined, name: string): number =>
  limit(value, name) || Infinity;
const interval =
  (read: typeof durationMs) =>
  (value: Duration | undefined, name: string): number | undefined =>
    value === undefined ? undefined : read(value, name) || undefined;

const hook = /* @__PURE__ */ option(
  'a function such as async (failure, info) => { ... }',
  (value) => typeof value === 'function',
);

/** All fields of a policy, each with the function that reads it. */
const FIELDS = {
  initialInterval: /* @__PURE__ */ interval(finiteMs),
  backoffCoefficient: /* @__PURE__ */ option(
    'a finite number, 1 or more',
    (value: number) => typeof value === 'number' && value >= 1 && value < Infinity,
    2,
  ),
  maximumInterval: /* @__PURE__ */ interval(durationMs),
  maximumAttempts: attempts,
  nonRetryableErrorTypes: errorTypes,
  jitter: /* @__PURE__ */ option(
    'a number from 0 to 1',
    (value: number) => typeof value === 'number' && value >= 0 && value <= 1,
    0,
  ),
  maximumAttemptsWithoutProgress: attempts,
  shouldRetry: hook,
  onFailedAttempt: hook,
} satisfies {
  readonly [Field in keyof RetryPolicy]-?: Read<NonNullable<RetryPolicy[Field]>, unknown>;
};

const READERS = /* @__PURE__ */ Object.entries(FIELDS) as readonly [
  keyof RetryPolicy,
  Read<never, unknown>,
][];

export const RETRY_POLICY_NAMES: OptionNames = {
  of: 'retryPolicy',
  example: '{ maximumAttempts: 5 }',
  known: Object.keys(FIELDS),
  elsewhere,
};

/**
 * Checks a policy and fills in its defaults.
 *
 * @throws TypeError that names the field, the value and what is accepted
 */
export function resolveRetryPolicy(policy: RetryPolicy | undefined): FilledRetryPolicy {
  if (policy === undefined) return DEFAULT_RETRY_POLICY;
  checkNames(policy, RETRY_POLICY_NAMES);
  const read: Record<string, unknown> = {};
  for (const [name, field] of READERS) {
    const value = field(policy[name] as never, `retryPolicy.${name}`);
    if (value !== undefined) read[name] = value;
  }
  const given = read as Given;
  const { initialInterval = Math.min(DEFAULT_INITIAL_MS, given.maximumInterval ?? Infinity) } =
    given;
  const { maximumInterval = MAXIMUM_FACTOR * initialInterval } = given;
  if (maximumInterval < initialInterval) {
    throw badOption(
      'retryPolicy.maximumInterval',
      policy.maximumInterval,
      `at least initialInterval (${show(policy.initialInterval)})`,
    );
  }
  return Object.freeze({ ...given, initialInterval, maximumInterval }) as FilledRetryPolicy;
}

type Given = { readonly [Field in keyof typeof FIELDS]: ReturnType<(typeof FIELDS)[Field]> };

export const DEFAULT_RETRY_POLICY: FilledRetryPolicy = /* @__PURE__ */ resolveRetryPolicy({});

function errorTypes(types: unknown, name: string): readonly ErrorType[] {
  if (types === undefined) return NO_TYPES;
  if (!Array.isArray(types)) throw badOption(name, types, 'an array of names and error classes');
  const checked = Array.from(types, (type: unknown, index) => errorType(type, `${name}[${index}]`));
  return Object.freeze(checked); // descriptions show it
}

/**
 * Whether a function is a class of errors. A predicate is not: an arrow function has no prototype,
 * and a plain function has a bare one. Classes of another realm, and old ones without the `class`
 * keyword, inherit from something or have members.
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
  const accepted = 'a name or an error class';
  if (typeof type === 'function') {
    if (isClass(type)) return type as ErrorType;
    throw badOption(name, type, `${accepted}. A predicate goes into retryPolicy.shouldRetry`);
  }
  if (typeof type !== 'string') throw badOption(name, type, accepted);
  // A misspelt timeout would match nothing, and the activity would be retried forever.
  const timeouts = Object.values(TIMEOUT_NAMES);
  if (type.startsWith('TemporalTimeout:') && !timeouts.includes(type)) {
    throw badOption(name, type, timeouts.join(' or '));
  }
  return type;
}
