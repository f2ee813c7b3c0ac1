/** The options of a runtime, and their checks. */
import {
  badOption,
  checkNames,
  hasMethods,
  option,
  type OptionNames,
  type Read,
} from '../../kernel/bad-input.js';
import type { DetailsSerializer } from '../../heartbeat/details/encoding.js';
import type { HeartbeatStore } from '../../heartbeat/store/store.js';
import { LOG_LEVELS, type Logger } from '../../kernel/logger.js';
import { callHint } from './elsewhere.js';
import type { ActivityInterceptor } from '../context/interceptors.js';
import type { ActivityOptions } from './activity-options.js';
import { OPTION_NAMES, OWN_OPTIONS, resolveOptions } from './resolve.js';
import { ROWS } from './table.js';

/** The options of a runtime. All of them have defaults. */
export interface RuntimeOptions {
  /** The maximum number of attempts that run at once. Others wait. Default Infinity. */
  readonly maxConcurrentActivities?: number | undefined;
  /**
   * The maximum number of attempts with the same `concurrencyKey` that run at once. Default
   * Infinity.
   */
  readonly maxConcurrentPerKey?: number | undefined;
  /**
   * The maximum number of attempts that start per second, evenly spaced. Retries count too. Default
   * Infinity.
   */
  readonly maxActivitiesPerSecond?: number | undefined;
  /**
   * The maximum number of activities that wait for a slot. One more is refused with a
   * `RuntimeFullError`. Default Infinity.
   */
  readonly maxWaiting?: number | undefined;
  /**
   * Options for every call that does not give its own. A call's `retryPolicy` replaces the whole
   * policy.
   */
  readonly defaults?: Omit<ActivityOptions, 'activityId' | 'signal'> | undefined;
  /**
   * Keeps the newest reported details of each activity after the process has ended: a `Map`, a Keyv,
   * or any object with `get`, `set` and `delete`. Default: details live as long as their activity.
   */
  readonly store?: HeartbeatStore | undefined;
  /**
   * Writes and reads instances of your classes in heartbeat details, such as a superjson instance
   * with your classes registered. Default: none.
   */
  readonly serializer?: DetailsSerializer | undefined;
  /**
   * Where the runtime logs: an object with `debug`, `info`, `warn` and `error`, or `false` for no
   * logs. Default: `console`, for WARN and ERROR.
   */
  readonly logger?: Logger | false | undefined;
  /**
   * The maximum size of heartbeat details as text, in bytes. Larger ones are refused. Default 2
   * MiB.
   */
  readonly maxHeartbeatDetailsBytes?: number | undefined;
  /** Code around every attempt and every heartbeat. The first interceptor is the outermost. */
  readonly interceptors?: readonly ActivityInterceptor[] | undefined;
}

const wholeNumber = /* @__PURE__ */ option(
  'a whole number above 0, or Infinity',
  (value: number) => value === Infinity || (Number.isInteger(value) && value > 0),
);

const objectWith = (...methods: readonly string[]): Read<unknown, unknown> =>
  option(`an object with ${methods.join(', ')}`, (value) => hasMethods(value, ...methods));

const loggerObject = /* @__PURE__ */ objectWith(...LOG_LEVELS);

/** All options of a runtime, each with its check. */
const CHECKS: { readonly [Name in keyof RuntimeOptions]-?: Read<never, unknown> } = {
  maxConcurrentActivities: wholeNumber,
  maxConcurrentPerKey: wholeNumber,
  maxActivitiesPerSecond: /* @__PURE__ */ option(
    'a number above 0, or Infinity',
    (value) => typeof value === 'number' && value > 0,
  ),
  maxWaiting: wholeNumber,
  interceptors: checkInterceptors,
  defaults: checkDefaults,
  store: /* @__PURE__ */ objectWith('get', 'set', 'delete'),
  serializer: /* @__PURE__ */ objectWith('serialize', 'deserialize'),
  logger: checkLogger,
  maxHeartbeatDetailsBytes: wholeNumber,
};

export const RUNTIME_OPTION_NAMES: OptionNames = /* @__PURE__ */ runtimeOptionNames();

function runtimeOptionNames(): OptionNames {
  return {
    of: 'ActivityRuntime',
    example: '{ maxConcurrentActivities: 10 }',
    known: Object.keys(CHECKS),
    elsewhere: runtimeHint,
  };
}

/** What to use instead of an unknown name. The options of a call belong in `defaults`. */
function runtimeHint(name: string): string | undefined {
  return ROWS.some((row) => row.name === name) ? `defaults.${name}` : callHint(name);
}

function defaultsNames(): OptionNames {
  return {
    of: 'defaults',
    example: OPTION_NAMES.example,
    known: ROWS.map(({ name }) => name),
    elsewhere: (name) =>
      OWN_OPTIONS.includes(name) ? 'an option of each call, not a default' : callHint(name),
  };
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function checkRuntimeOptions(options: RuntimeOptions): void {
  checkNames(options, RUNTIME_OPTION_NAMES);
  for (const name of Object.keys(CHECKS) as (keyof RuntimeOptions)[]) {
    CHECKS[name](options[name] as never, name);
  }
}

function checkLogger(logger: unknown, name: string): void {
  // The first method is one of pino's, the second one of Bunyan's.
  if (hasMethods(logger, 'bindings') || hasMethods(logger, 'addSerializers')) {
    throw badOption(name, logger, 'pinoLogger(logger): its methods take the attributes first');
  }
  if (logger !== false) loggerObject(logger, name);
}

function checkDefaults(defaults: ActivityOptions | undefined): void {
  if (defaults === undefined) return;
  checkNames(defaults, defaultsNames());
  resolveOptions(defaults);
}

/** An interceptor has at least one of these. */
const HOOKS = ['execute', 'heartbeat', 'capture', 'log', 'attach'];

function checkInterceptors(interceptors: unknown, name: string): void {
  if (interceptors === undefined) return;
  const accepted = `an array of objects with at least one of ${HOOKS.join(', ')}`;
  if (!Array.isArray(interceptors)) throw badOption(name, interceptors, accepted);
  interceptors.forEach((one: unknown, index) => {
    const hooks = (one ?? {}) as Partial<Record<string, unknown>>;
    const known = HOOKS.map((name) => hooks[name]).filter((method) => method !== undefined);
    if (known.length === 0 || known.some((method) => typeof method !== 'function')) {
      throw badOption(`${name}[${index}]`, one, accepted);
    }
  });
}
