/** The public runtime. It has types and documentation; the engine does the work. */
import { SystemClock } from '../kernel/clock.js';
import type { ActivityEventName, ActivityListener, ListenerOptions } from '../kernel/events.js';
import { refusable, rejectable } from '../kernel/stack.js';
import type { AnyFunction } from './attempt/owner.js';
import type { Completion } from './completion.js';
import type { RuntimeStats } from './context/attached.js';
import type { ActivityContext } from './context/context.js';
import type { ActivityDescription, ActivityStatus } from './description.js';
import { Engine } from './engine.js';
import { ActivityHandle, expectNobody, type RecoveredHandle } from './handle.js';
import { executionOf } from './joining.js';
import type { ActivityOptions } from './options/activity-options.js';
import { callOf } from './options/resolve.js';
import type { RuntimeOptions } from './options/runtime-options.js';
import { proxyOf, type ProxiedActivities } from './proxy.js';
import type { Recovered, RecoverOptions } from './shared/ledger.js';
import type { ShutdownOptions, ShutdownResult } from './shutdown.js';

/**
 * The parameters after the function: `options`, where `args` is required if the function takes
 * arguments.
 */
export type RunParameters<A extends readonly unknown[]> = [] extends A
  ? [
      options?: ActivityOptions & {
        /** The function's arguments after `ctx`: the same objects for every attempt. */
        readonly args?: Readonly<A> | undefined;
      },
    ]
  : [
      options: ActivityOptions & {
        /** The function's arguments after `ctx`: the same objects for every attempt. */
        readonly args: Readonly<A>;
      },
    ];

/** The key of the internal `run`. It is not a symbol, because two copies of this file may meet. */
export const RUN = '@@systole/run';

/** The options that all calls of a proxy may share. */
export type ProxyOptions = Omit<ActivityOptions, 'activityId' | 'activityType' | 'signal'>;

/**
 * Runs activities in this process. `runActivity` uses a default runtime. Make your own to give it
 * limits and other options.
 */
export class ActivityRuntime {
  readonly #engine: Engine;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options?: RuntimeOptions) {
    const engine = (): Engine => new Engine(options, new SystemClock(), Math.random);
    this.#engine = refusable(new.target, engine);
  }

  /**
   * Runs an activity and resolves to its result. If a slot is free, the function has been called
   * when this returns.
   *
   * Rejects with an `ActivityFailure` whose `cause` says why the activity failed. Before anything is
   * scheduled, it rejects with a `TypeError` for a bad option, an `ActivityAlreadyStartedError` for
   * an `activityId` that is in use, a `RuntimeFullError` or a `RuntimeShutdownError`.
   */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    return this[RUN](this.run, fn as AnyFunction, rest) as Promise<Awaited<R>>;
  }

  /** @internal Runs an activity like `run`, on behalf of the public function `called`. */
  [RUN](called: object, fn: AnyFunction, rest: readonly unknown[]): Promise<unknown> {
    return rejectable(called, () => {
      const started = this.#engine.start(fn, callOf(rest));
      executionOf(started).caller.ask(); // this call may join an activity that a handle started
      return started.result;
    });
  }

  /**
   * Starts an activity like `run`, and returns its handle at once.
   *
   * @throws the same errors that `run` rejects with before anything is scheduled
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    return refusable(this.start, () => {
      const started = this.#engine.start(fn as AnyFunction, callOf(rest), expectNobody);
      return new ActivityHandle(executionOf(started), started.result);
    });
  }

  /**
   * Makes functions that run activities. They have the same names and no context parameter. The name
   * is also the type of the activity.
   */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    return refusable(this.proxy, () =>
      proxyOf(activities, options, (fn, call, called) => this[RUN](called, fn, [call])),
    ) as ProxiedActivities<T>;
  }

  /**
   * Returns the handle of an open activity.
   *
   * @throws ActivityNotFoundError if no open activity has that id
   */
  getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): ActivityHandle<Result, Details> {
    const execution = refusable(this.getHandle, () => this.#engine.find(activityId));
    return new ActivityHandle(execution, execution.result);
  }

  /**
   * Returns descriptions of the open activities, in the order they were scheduled. A filter selects
   * some of them.
   */
  list(
    filter: {
      /** Selects activities with this status. Default: any status. */
      readonly status?: ActivityStatus | undefined;
      /** Selects activities of this type. Default: any type. */
      readonly activityType?: string | undefined;
    } = {},
  ): ActivityDescription[] {
    const { status, activityType } = filter;
    return this.#engine
      .list()
      .filter(
        (one) =>
          (status ?? one.status) === one.status &&
          (activityType ?? one.activityType) === one.activityType,
      );
  }

  /** Returns how many activities run, wait, are paused or are delayed. The call costs nothing. */
  stats(): RuntimeStats {
    return this.#engine.stats();
  }

  /** Resolves when no activity waits or runs. Paused activities do not count. */
  idle(): Promise<void> {
    return this.#engine.idle();
  }

  /**
   * Starts the activities that an earlier process left unfinished, with their own arguments and
   * options, from their last stored details. Needs a store such as `fileStore`: see
   * docs/durable.md.
   *
   * Rejects with a `TypeError` for a bad option or a store without a ledger, and with a
   * `RuntimeShutdownError` after `shutdown()`.
   *
   * @param activities the functions, by activity type. The type is usually the function's name
   */
  recover<T extends object>(
    activities: T,
    options?: RecoverOptions,
  ): Promise<Recovered<RecoveredHandle<T>>> {
    return rejectable(this.recover, () =>
      this.#engine.recover(activities, options).then((found) => ({
        ...found,
        recovered: found.recovered.map(
          (one) => new ActivityHandle(one, one.result) as RecoveredHandle<T>,
        ),
      })),
    );
  }

  /** Completes attempts from outside the function, by their task tokens. */
  get completion(): Completion {
    return this.#engine.completion;
  }

  /** Calls the listener at each event of that name. Returns a function that removes the listener. */
  on<Name extends ActivityEventName>(
    event: Name,
    listener: ActivityListener<Name>,
    { passive }: ListenerOptions = {},
  ): () => void {
    return refusable(this.on, () => this.#engine.events.add(event, listener, false, passive));
  }

  /**
   * Calls the listener at the next event of that name only. Returns a function that removes the
   * listener.
   */
  once<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return refusable(this.once, () => this.#engine.events.add(event, listener, true));
  }

  /**
   * Shuts the runtime down. It takes no new work, waits `gracePeriod` for running attempts and then
   * cancels them. Resolves when all functions have settled, or after a further `abandonAfter`. A
   * second call returns the same promise. Rejects with a `TypeError` for a bad option, before
   * anything happens.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownResult> {
    return rejectable(this.shutdown, () => this.#engine.shutdown(options));
  }

  /**
   * Shuts the runtime down at the end of a block that has `await using runtime = new
   * ActivityRuntime()`.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
