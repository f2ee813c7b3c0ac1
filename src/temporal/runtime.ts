/** A runtime whose activities run on Temporal. */
import { quote } from '../kernel/text.js';
import { badOption, checkNames, hints, type OptionNames } from '../kernel/bad-input.js';
import { ActivityNotFoundError } from '../kernel/errors.js';
import { CancelledFailure } from '../kernel/failures.js';
import { ignore } from '../kernel/promises.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { ActivityOptions } from '../runtime/options/activity-options.js';
import { callHint } from '../runtime/options/elsewhere.js';
import {
  activityIdOf,
  argsOf,
  callOf,
  OPTION_NAMES,
  signalOf,
} from '../runtime/options/resolve.js';
import type { RuntimeOptions } from '../runtime/options/runtime-options.js';
import type { ResolvedOptions } from '../runtime/options/table.js';
import { activityFailure } from '../runtime/activity/failure-messages.js';
import type { ActivityRunner } from '../runtime/runner.js';
import type { RunParameters } from '../runtime/runtime.js';
import {
  ActivityExecutionAlreadyStartedError,
  type Client,
  type ClientHandle,
} from './client-api.js';
import { asOwnError } from './client-errors.js';
import { TemporalCompletion } from './completion.js';
import { TemporalActivityHandle } from './handle.js';
import { registeredName } from './registered-names.js';
import { resolveForTemporal, startOptions, type Destination } from './activity-options.js';

/** The options of `TemporalRuntime`. `client` and `taskQueue` are required. */
export interface TemporalRuntimeOptions {
  /** A `Client` of `@temporalio/client`. The runtime never closes it. */
  readonly client: Client;
  /** The task queue of the workers that run the activities, which `toTemporal` makes. */
  readonly taskQueue: string;
  /**
   * Options for every call that does not give its own. A call's `retryPolicy` replaces the whole
   * policy. Temporal needs `startToCloseTimeout` or `scheduleToCloseTimeout`, so set one here.
   */
  readonly defaults?: Omit<ActivityOptions, 'activityId' | 'activityType' | 'signal'> | undefined;
}

const NAMES: OptionNames = {
  of: 'TemporalRuntime',
  example: "{ client: new Client(), taskQueue: 'imports' }",
  known: ['client', 'taskQueue', 'defaults'],
  elsewhere: (name) => hints(HINTS, name) ?? callHint(name),
};

/** What to use on Temporal instead of the options of an `ActivityRuntime`. */
const HINTS: Readonly<Record<Exclude<keyof RuntimeOptions, 'defaults'>, string>> = {
  store: 'not needed: the server keeps the heartbeat details',
  serializer: 'the dataConverter of the Client; the default is JSON',
  logger: 'the logger of the Runtime of @temporalio/worker',
  interceptors: 'an option of toTemporal, or the interceptors of the Client',
  maxConcurrentActivities: 'maxConcurrentActivityTaskExecutions of the Worker',
  maxConcurrentPerKey: 'not available; use a separate task queue',
  maxActivitiesPerSecond: 'maxTaskQueueActivitiesPerSecond of the Worker',
  maxWaiting: 'not available; activities wait on the server',
  maxHeartbeatDetailsBytes: 'a limit of the server, 2 MiB',
};

const OWN = 'an option of each call, not a default';
const CALLS_OWN_OPTIONS = { args: OWN, activityId: OWN, activityType: OWN, signal: OWN };

const DEFAULTS_NAMES: OptionNames = {
  of: 'defaults',
  example: OPTION_NAMES.example,
  known: OPTION_NAMES.known.filter((name) => !Object.hasOwn(CALLS_OWN_OPTIONS, name)),
  elsewhere: (name) => hints(CALLS_OWN_OPTIONS, name) ?? callHint(name),
};

/**
 * Runs activities as Temporal's Standalone Activities. `run` and `start` work like those of
 * `ActivityRuntime`. A worker of the task queue finds the function by its name and runs it.
 * Arguments, results and heartbeat details are JSON. Options that Temporal does not have are refused.
 *
 * @example
 * const runtime = new TemporalRuntime({ client: new Client(), taskQueue: 'imports' });
 * await runtime.run(importRows, { args: ['big.csv'], startToCloseTimeout: '1h' });
 */
export class TemporalRuntime implements ActivityRunner {
  readonly #client: Client;
  readonly #taskQueue: string;
  readonly #defaults: ActivityOptions | undefined;
  /** Completes attempts from outside the function, by their task tokens. */
  readonly completion: TemporalCompletion;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options: TemporalRuntimeOptions) {
    checkNames(options, NAMES);
    const { client, taskQueue, defaults } = options;
    if (typeof (client as { activity?: unknown } | undefined)?.activity !== 'object') {
      throw badOption('client', client, 'a Client of @temporalio/client, 1.24 or later');
    }
    if (typeof taskQueue !== 'string' || taskQueue === '') {
      throw badOption('taskQueue', taskQueue, 'the name of the task queue of the workers');
    }
    if (defaults !== undefined) {
      checkNames(defaults, DEFAULTS_NAMES);
      // A call may add what is missing, but what is given must be possible.
      resolveForTemporal({ startToCloseTimeout: '1m', ...defaults }, undefined);
    }
    this.#client = client;
    this.#taskQueue = taskQueue;
    this.#defaults = defaults;
    this.completion = new TemporalCompletion(client);
  }

  /**
   * Runs an activity and resolves to its result. Rejects with an `ActivityFailure` whose `cause`
   * says why the activity failed. Before anything is scheduled, it rejects with a `TypeError` for an
   * option that is bad or that Temporal does not have, or with an `ActivityAlreadyStartedError`.
   */
  async run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    const handle = await this.start(fn, ...rest);
    return handle.result();
  }

  /** Starts an activity like `run`, and resolves to its handle once the server has accepted it. */
  async start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<TemporalActivityHandle<Awaited<R>, D>> {
    const call = callOf(rest);
    const activityType = call?.activityType ?? registeredName(fn);
    const options = resolveForTemporal(call, this.#defaults);
    const activityId = activityIdOf(call) ?? globalThis.crypto.randomUUID();
    const signal = signalOf(call);
    const args = argsOf(call);
    if (signal?.aborted === true) {
      const cause = new CancelledFailure('CANCELLED', { cause: signal.reason });
      const never = { activityId, activityType, attempt: 0 };
      throw activityFailure('CANCELED', cause, 'CANCEL_REQUESTED', never);
    }
    const destination = { activityId, taskQueue: this.#taskQueue, args };
    const { joined, open } = await this.#open<Awaited<R>>(activityType, destination, options);
    const handle = new TemporalActivityHandle<Awaited<R>, D>(
      this.#client,
      open,
      options.cancellationType,
    );
    if (signal !== undefined) {
      follow(signal, handle, (reason) => (joined ? handle.leave(reason) : handle.cancel(reason)));
    }
    return handle;
  }

  /** Starts an activity. On a conflict it joins the open one, if the options allow it. */
  async #open<R>(
    activityType: string,
    destination: Destination,
    options: ResolvedOptions,
  ): Promise<{ readonly joined: boolean; readonly open: ClientHandle<R> }> {
    const { activity } = this.#client;
    try {
      const open = await activity.start<R>(activityType, startOptions(destination, options));
      return { joined: false, open };
    } catch (error) {
      const joins = options.idConflictPolicy === 'USE_EXISTING';
      if (joins && error instanceof ActivityExecutionAlreadyStartedError) {
        return { joined: true, open: activity.getHandle<R>(error.activityId, error.runId) };
      }
      throw asOwnError(error, 'start', destination.activityId);
    }
  }

  /**
   * Resolves to the handle of an open activity. Rejects with `ActivityNotFoundError` if no open
   * activity has that id.
   */
  async getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): Promise<TemporalActivityHandle<Result, Details>> {
    const { activity } = this.#client;
    try {
      const { closeTime, activityRunId } = await activity.getHandle(activityId).describe();
      if (closeTime === undefined) {
        const run = activity.getHandle<Result>(activityId, activityRunId);
        return new TemporalActivityHandle<Result, Details>(this.#client, run);
      }
    } catch (error) {
      throw asOwnError(error, 'getHandle', activityId);
    }
    throw new ActivityNotFoundError(
      `No activity ${quote(activityId)} is open; it has closed, or the id is wrong`,
      { activityId },
    );
  }
}

/** Calls `onAbort` when the signal aborts, until the activity has closed. */
function follow(
  signal: AbortSignal,
  handle: TemporalActivityHandle,
  onAbort: (reason: unknown) => Promise<void>,
): void {
  const abort = (): void => {
    onAbort(signal.reason).catch(ignore);
  };
  if (signal.aborted)
    abort(); // while the activity was being started
  else signal.addEventListener('abort', abort, { once: true });
  const unfollow = (): void => {
    signal.removeEventListener('abort', abort);
  };
  handle.result().then(unfollow, unfollow);
}
