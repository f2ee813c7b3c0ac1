/** The options of a runtime, and the checks of them. */
import { badOption, checkNames, hints, type OptionNames } from '../../kernel/bad-input.js';
import type { DetailsSerializer } from '../../heartbeat/details/encoding.js';
import type { HeartbeatStore } from '../../heartbeat/store/store.js';
import { LOG_LEVELS, type Logger } from '../../kernel/logger.js';
import { callHint } from './elsewhere.js';
import type { ActivityInterceptor } from '../context/interceptors.js';
import type { ActivityOptions } from './activity-options.js';
import { OPTION_NAMES, OWN_OPTIONS, resolveOptions } from './resolve.js';
import { ROWS } from './table.js';

/** The options of a runtime, all of which have defaults. */
export interface RuntimeOptions {
  /** The maximum number of attempts that run at once; the others wait. Default Infinity. */
  readonly maxConcurrentActivities?: number | undefined;
  /**
   * The maximum number of attempts with the same `concurrencyKey` that run at once. Default
   * Infinity.
   */
  readonly maxConcurrentPerKey?: number | undefined;
  /**
   * The maximum number of attempts that begin per second, evenly spaced, retries included. Default
   * Infinity.
   */
  readonly maxActivitiesPerSecond?: number | undefined;
  /**
   * The maximum number of activities that wait for a slot; one more is refused with a
   * `RuntimeFullError`. Default Infinity.
   */
  readonly maxWaiting?: number | undefined;
  /**
   * Options for every call that does not give its own. A call's `retryPolicy` replaces the whole
   * policy.
   */
  readonly defaults?: Omit<ActivityOptions, 'activityId' | 'signal'> | undefined;
  /**
   * Keeps the newest reported details of each activity beyond the life of the process: a `Map`, a
   * Keyv, or anything with `get`, `set` and `delete`. Default: details live as long as their
   * activity.
   */
  readonly store?: HeartbeatStore | undefined;
  /**
   * Writes and reads instances of your classes: a superjson instance with them registered. Default:
   * none.
   */
  readonly serializer?: DetailsSerializer | undefined;
  /**
   * Where the runtime logs: an object with `debug`, `info`, `warn` and `error`, or `false` for
   * silence. Default: `console`, for WARN and above.
   */
  readonly logger?: Logger | false | undefined;
  /**
   * The maximum size of heartbeat details as text, in bytes; larger ones are refused. Default 2
   * MiB.
   */
  readonly maxHeartbeatDetailsBytes?: number | undefined;
  /** Wrapped around every attempt and every heartbeat. The first is the outermost. */
  readonly interceptors?: readonly ActivityInterceptor[] | undefined;
}

type Check = (value: never, name: string) => void;

/** Every option of a runtime, and how it is checked. */
const CHECKS: { readonly [Name in keyof RuntimeOptions]-?: Check } = {
  maxConcurrentActivities: checkCount,
  maxConcurrentPerKey: checkCount,
  maxActivitiesPerSecond: checkRate,
  maxWaiting: checkCount,
  interceptors: checkInterceptors,
  defaults: checkDefaults,
  store: (value, name) => checkMethods(value, name, ['get', 'set', 'delete']),
  serializer: (value, name) => checkMethods(value, name, ['serialize', 'deserialize']),
  logger: (value, name) => {
    if (value !== false) checkMethods(value, name, LOG_LEVELS);
  },
  maxHeartbeatDetailsBytes: checkCount,
};

export const RUNTIME_OPTION_NAMES: OptionNames = /* @__PURE__ */ runtimeOptionNames();

function runtimeOptionNames(): OptionNames {
  return {
    of: 'ActivityRuntime',
    example: '{ maxConcurrentActivities: 10 }',
    known: new Set(Object.keys(CHECKS)),
    elsewhere: runtimeHint,
  };
}

const HINTS: Readonly<Record<string, string>> = {
  concurrency: 'maxConcurrentActivities',
  maxConcurrentActivityTaskExecutions: 'maxConcurrentActivities',
};

/** The options of a call are options of a runtime too, as its defaults. */
function runtimeHint(name: string): string | undefined {
  const { known } = defaultsNames();
  return hints(HINTS, name) ?? (known.has(name) ? `defaults.${name}` : callHint(name));
}

function defaultsNames(): OptionNames {
  return {
    of: 'defaults',
    example: OPTION_NAMES.example,
    known: new Set(ROWS.map(({ name }) => name)),
    elsewhere: (name) =>
      OWN_OPTIONS.includes(name) ? "a call's own option, never a default" : callHint(name),
  };
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function checkRuntimeOptions(options: RuntimeOptions): void {
  checkNames(options, RUNTIME_OPTION_NAMES);
  for (const name of Object.keys(CHECKS) as (keyof RuntimeOptions)[]) {
    CHECKS[name](options[name] as never, name);
  }
}

function checkDefaults(defaults: ActivityOptions | undefined): void {
  if (defaults === undefined) return;
  checkNames(defaults, defaultsNames());
  resolveOptions(defaults);
}

function checkCount(value: number | undefined, name: string): void {
  if (value === undefined || value === Infinity || (Number.isInteger(value) && value > 0)) return;
  throw badOption(name, value, 'a whole number above 0, or Infinity');
}

function checkRate(value: number | undefined, name: string): void {
  if (value === undefined || (typeof value === 'number' && value > 0)) return;
  throw badOption(name, value, 'a number above 0, or Infinity');
}

function checkInterceptors(interceptors: unknown): void {
  if (interceptors === undefined) return;
  const accepted = 'an array of objects with execute, heartbeat, or both';
  if (!Array.isArray(interceptors)) throw badOption('interceptors', interceptors, accepted);
  interceptors.forEach((one: unknown, index) => {
    const { execute, heartbeat } = (one ?? {}) as Partial<Record<string, unknown>>;
    const known = [execute, heartbeat].filter((method) => method !== undefined);
    if (known.length === 0 || known.some((method) => typeof method !== 'function')) {
      throw badOption(`interceptors[${index}]`, one, accepted);
    }
  });
}

function checkMethods(value: object | undefined, name: string, methods: readonly string[]): void {
  if (value === undefined) return;
  const has = (method: string): boolean =>
    typeof (value as Record<string, unknown> | null)?.[method] === 'function';
  if (!methods.every(has)) throw badOption(name, value, `an object with ${methods.join(', ')}`);
}
