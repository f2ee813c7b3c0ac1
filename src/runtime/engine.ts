/** A runtime's works: it reads the options of a call, and wires each activity to what they share. */
import { badOption, refuseUnknown, type OptionNames } from '../bad-input.js';
import type { Clock } from '../clock.js';
import { Deadlines } from '../deadlines.js';
import { Events } from '../events.js';
import { ActivityAlreadyStartedError, CancelledFailure } from '../failures.js';
import { DetailsCodec } from '../heartbeat/details.js';
import type { DetailsSerializer } from '../heartbeat/encoding.js';
import type { HeartbeatStore } from '../heartbeat/store.js';
import { LOG_LEVELS, safeLog, type Logger } from '../logger.js';
import { Deferred } from '../promises.js';
import type { AnyFunction } from './attempt.js';
import { Execution } from './execution.js';
import { resolveOptions, type ActivityOptions, type ResolvedOptions } from './options.js';
import { activityFailure } from './outcome.js';
import { randomToken } from './random-token.js';
import { Scheduler } from './scheduler.js';
import type { Services } from './services.js';
import { OutsideSignals } from './signals.js';

/** Options of a runtime. */
export interface RuntimeOptions {
  /** Attempts that may run at once; the others wait. Default Infinity. */
  readonly maxConcurrentActivities?: number | undefined;
  /** For every call that does not give its own; a call's `retryPolicy` replaces the whole. */
  readonly defaults?: Omit<ActivityOptions, 'activityId' | 'signal'> | undefined;
  /**
   * Keeps the newest reported details of each activity beyond the life of the process: a `Map`, a
   * Keyv, or anything with `get`, `set` and `delete`. By default details live with their activity.
   */
  readonly store?: HeartbeatStore | undefined;
  /** Turns details into JSON and back: a superjson instance with your classes registered. */
  readonly serializer?: DetailsSerializer | undefined;
  /** `false` for silence. By default WARN and above go to `console`. */
  readonly logger?: Logger | false | undefined;
  /** Larger heartbeat details are refused. Default 2 MiB. */
  readonly maxHeartbeatDetailsBytes?: number | undefined;
}

const RUNTIME_OPTION_NAMES: OptionNames = {
  of: 'ActivityRuntime',
  known: new Set([
    'maxConcurrentActivities',
    'defaults',
    'store',
    'serializer',
    'logger',
    'maxHeartbeatDetailsBytes',
  ]),
  elsewhere: {
    concurrency: 'maxConcurrentActivities',
    maxConcurrentActivityTaskExecutions: 'maxConcurrentActivities',
    taskQueue: 'not needed in one process; systole/temporal has it',
  },
};

const DEFAULTS_NAMES: OptionNames = {
  of: 'defaults',
  known: new Set([
    'activityType',
    'heartbeatTimeout',
    'startToCloseTimeout',
    'scheduleToStartTimeout',
    'scheduleToCloseTimeout',
    'startDelay',
    'retryPolicy',
    'heartbeatThrottleInterval',
    'cancellationType',
    'attemptOverlap',
    'priority',
  ]),
  elsewhere: {
    args: "a call's own option, never a default",
    activityId: "a call's own option, never a default",
    signal: "a call's own option, never a default",
  },
};

/** What a call gives beside the function. */
export type CallOptions = ActivityOptions & { readonly args?: readonly unknown[] | undefined };

export class Engine {
  readonly events: Events;
  readonly #services: Services;
  readonly #defaults: ActivityOptions | undefined;
  /** Open activities that were given an id. */
  readonly #byId = new Map<string, Execution>();

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: RuntimeOptions = {}, clock: Clock, random: () => number) {
    checkRuntimeOptions(options);
    const log = safeLog(options.logger);
    this.events = new Events(log);
    this.#defaults = options.defaults;
    this.#services = {
      clock,
      deadlines: new Deadlines(clock),
      scheduler: new Scheduler(options.maxConcurrentActivities ?? Infinity),
      events: this.events,
      signals: new OutsideSignals(),
      codec: new DetailsCodec(options.serializer, options.maxHeartbeatDetailsBytes),
      store: options.store,
      log,
      random,
    };
  }

  /**
   * Runs an activity. Its promise settles when the caller is to know.
   *
   * @throws TypeError, ActivityAlreadyStartedError: then nothing has been scheduled
   */
  start(fn: AnyFunction, call: CallOptions | undefined): Promise<unknown> {
    if (typeof fn !== 'function') {
      throw badOption('the activity', fn, 'a function such as async (ctx, ...args) => { ... }');
    }
    const options = resolveOptions(call, this.#defaults, fn.name);
    const args = readArgs(call?.args);
    if (options.signal?.aborted === true) return abortedBefore(options, options.signal);
    const { activityId } = options;
    if (activityId !== undefined && this.#byId.has(activityId)) {
      throw new ActivityAlreadyStartedError(
        `activityId ${JSON.stringify(activityId)} is that of an activity that is still open`,
        { activityId },
      );
    }
    const caller = new Deferred<unknown>();
    const execution = new Execution(
      this.#services,
      { fn, args, options },
      caller,
      activityId === undefined ? undefined : () => this.#byId.delete(activityId),
    );
    if (activityId !== undefined) this.#byId.set(activityId, execution);
    execution.schedule();
    return caller.promise;
  }
}

const NO_ARGS: readonly unknown[] = [];

function readArgs(args: readonly unknown[] | undefined): readonly unknown[] {
  if (args === undefined) return NO_ARGS;
  if (Array.isArray(args)) return args;
  throw badOption('args', args, "an array of the function's arguments after ctx");
}

/** Its signal aborted before the call: nothing is scheduled, and the caller is told. */
function abortedBefore(options: ResolvedOptions, signal: AbortSignal): Promise<never> {
  const cause = new CancelledFailure('CANCELLED', { cause: signal.reason as unknown });
  const { activityType, activityId = randomToken() } = options;
  return Promise.reject(
    activityFailure('CANCELED', cause, 'CANCEL_REQUESTED', {
      activityId,
      activityType,
      attempt: 0,
    }),
  );
}

function checkRuntimeOptions(options: RuntimeOptions): void {
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw badOption(
      'ActivityRuntime',
      options,
      'an object such as { maxConcurrentActivities: 10 }',
    );
  }
  refuseUnknown(options, RUNTIME_OPTION_NAMES);
  checkCount('maxConcurrentActivities', options.maxConcurrentActivities);
  checkCount('maxHeartbeatDetailsBytes', options.maxHeartbeatDetailsBytes);
  checkMethods('store', options.store, ['get', 'set', 'delete']);
  checkMethods('serializer', options.serializer, ['serialize', 'deserialize']);
  if (options.logger !== false) checkMethods('logger', options.logger, LOG_LEVELS);
  const { defaults } = options;
  if (defaults === undefined) return;
  if (typeof defaults !== 'object' || (defaults as unknown) === null) {
    throw badOption('defaults', defaults, "an object such as { heartbeatTimeout: '10s' }");
  }
  refuseUnknown(defaults, DEFAULTS_NAMES);
  resolveOptions(defaults, undefined, '');
}

function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || value === Infinity || (Number.isInteger(value) && value > 0)) return;
  throw badOption(name, value, 'a whole number above 0, or Infinity');
}

function checkMethods(name: string, value: object | undefined, methods: readonly string[]): void {
  if (value === undefined) return;
  const has = (method: string): boolean =>
    typeof (value as Record<string, unknown> | null)?.[method] === 'function';
  if (!methods.every(has)) throw badOption(name, value, `an object with ${methods.join(', ')}`);
}
