/** The options of a runtime, and the check of each. */
import { badOption, hasMethods, option, type Read } from '../../kernel/bad-input.js';
import type { DetailsSerializer } from '../../heartbeat/details/encoding.js';
import type { HeartbeatStore } from '../../heartbeat/store/store.js';
import { LOG_LEVELS, type Logger } from '../../kernel/logger.js';
import { ignore } from '../../kernel/promises.js';
import type { ActivityInterceptor } from '../context/interceptors.js';
import type { ActivityOptions } from './activity-options.js';

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
export const RUNTIME_CHECKS: { readonly [Name in keyof RuntimeOptions]-?: Read<never, unknown> } = {
  maxConcurrentActivities: wholeNumber,
  maxConcurrentPerKey: wholeNumber,
  maxActivitiesPerSecond: /* @__PURE__ */ option(
    'a number above 0, or Infinity',
    (value) => typeof value === 'number' && value > 0,
  ),
  maxWaiting: wholeNumber,
  interceptors: checkInterceptors,
  defaults: ignore, // `checkRuntimeOptions` checks them, because they are options of a call
  store: /* @__PURE__ */ objectWith('get', 'set', 'delete'),
  serializer: /* @__PURE__ */ objectWith('serialize', 'deserialize'),
  logger: checkLogger,
  maxHeartbeatDetailsBytes: wholeNumber,
};

export const RUNTIME_NAMES: readonly string[] = /* @__PURE__ */ Object.keys(RUNTIME_CHECKS);

function checkLogger(logger: unknown, name: string): void {
  // The first method is one of pino's, the second one of Bunyan's.
  if (hasMethods(logger, 'bindings') || hasMethods(logger, 'addSerializers')) {
    throw badOption(name, logger, 'pinoLogger(logger): its methods take the attributes first');
  }
  if (logger !== false) loggerObject(logger, name);
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
