/** The public runtime: types and documentation here, the works in the engine. */
import { SystemClock } from '../kernel/clock.js';
import type { ActivityEventName, ActivityListener } from '../kernel/events.js';
import { refusable, rejectable } from '../kernel/stack.js';
import type { AnyFunction } from './attempt/owner.js';
import type { Completion } from './completion.js';
import type { ActivityContext } from './context/context.js';
import type { ActivityDescription, ActivityStatus } from './description.js';
import { Engine, type RuntimeStats } from './engine.js';
import { ActivityHandle, expectNobody } from './handle.js';
import { executionOf } from './joining.js';
import type { ActivityOptions } from './options/activity-options.js';
import { callOf } from './options/resolve.js';
import type { RuntimeOptions } from './options/runtime-options.js';
import { proxyOf, type ProxiedActivities } from './proxy.js';
import type { ShutdownOptions, ShutdownResult } from './shutdown.js';

/**
 * The parameters after the function: `options`, in which `args` is required if the function needs
 * any.
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

/** Not a symbol: the runtime may be that of another copy of this file. */
export const RUN = '@@systole/run';

/** The options that all calls of a proxy may share. */
export type ProxyOptions = Omit<ActivityOptions, 'activityId' | 'activityType' | 'signal'>;

/**
 * Runs activities in this process. `runActivity` uses one of its own; make more of them to set
 * limits apart.
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
   * Rejects with an `ActivityFailure` whose `cause` says why the activity failed; or, before
   * anything is scheduled, with a `TypeError` for a bad option, an `ActivityAlreadyStartedError`
   * for an `activityId` that is in use, a `RuntimeFullError` or a `RuntimeShutdownError`.
   */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    return this[RUN](this.run, fn as AnyFunction, rest) as Promise<Awaited<R>>;
  }

  /** @internal As `run`, for the public function of ours that the user has called. */
  [RUN](called: object, fn: AnyFunction, rest: readonly unknown[]): Promise<unknown> {
    return rejectable(called, () => {
      const started = this.#engine.start(fn, callOf(rest));
      executionOf(started).caller.ask(); // a handle may have started what this call joins
      return started.result;
    });
  }

  /**
   * Starts an activity like `run`, and returns a handle of it at once.
   *
   * @throws what `run` rejects with before anything is scheduled
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
   * Makes functions that run activities: an object with the same names, called without the context.
   * The type of each activity is its name there.
   */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    return refusable(this.proxy, () =>
      proxyOf(activities, options, (fn, call, called) => this[RUN](called, fn, [call])),
    ) as ProxiedActivities<T>;
  }

  /**
   * Gives a handle of an open activity.
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
   * Descriptions of the open activities, in the order they were scheduled; with a filter only of
   * those that fit.
   */
  list(
    filter: {
      /** Only activities of this status. Default: of any. */
      readonly status?: ActivityStatus | undefined;
      /** Only activities of this type. Default: of any. */
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

  /** How many activities there are. They are counted all the time, so asking costs nothing. */
  stats(): RuntimeStats {
    return this.#engine.stats();
  }

  /** Resolves when no activity waits or runs. Paused ones do not count. */
  idle(): Promise<void> {
    return this.#engine.idle();
  }

  /** Completes attempts from outside the function, by their task tokens. */
  get completion(): Completion {
    return this.#engine.completion;
  }

  /** Calls the listener at each such event, until the function that it returns is called. */
  on<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return refusable(this.on, () => this.#engine.events.add(event, listener, false));
  }

  /**
   * Calls the listener at the next such event only. The function that it returns removes the
   * listener.
   */
  once<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return refusable(this.once, () => this.#engine.events.add(event, listener, true));
  }

  /**
   * Shuts the runtime down: it takes no new work, gives running attempts `gracePeriod` and then
   * cancels them. Resolves when all functions have settled, at the latest `abandonAfter` later. A
   * second call returns the same promise. Rejects with a `TypeError` for a bad option: then nothing
   * has begun.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownResult> {
    return rejectable(this.shutdown, () => this.#engine.shutdown(options));
  }

  /**
   * Shuts the runtime down at the end of a block with `await using runtime = new
   * ActivityRuntime()`.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
