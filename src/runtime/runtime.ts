/** The public runtime: types and documentation here, the works in the engine. */
import { SystemClock } from '../kernel/clock.js';
import type { ActivityEventName, ActivityListener } from '../kernel/events.js';
import type { AnyFunction } from './attempt/attempt.js';
import type { Completion } from './completion.js';
import type { ActivityContext } from './context/context.js';
import type { ActivityDescription, ActivityStatus } from './description.js';
import { Engine, type RuntimeStats } from './engine.js';
import { ActivityHandle, expectNobody } from './handle.js';
import { executionOf } from './joining.js';
import { callOf, type ActivityOptions, type CallOptions } from './options/activity-options.js';
import type { RuntimeOptions } from './options/runtime-options.js';
import { proxyOf, type ProxiedActivities } from './proxy.js';
import type { ShutdownOptions, ShutdownResult } from './shutdown.js';

/** The arguments after the function: `options`, in which `args` is required if the function needs any. */
export type RunParameters<A extends readonly unknown[]> = [] extends A
  ? [options?: ActivityOptions & { readonly args?: Readonly<A> | undefined }]
  : [options: ActivityOptions & { readonly args: Readonly<A> }];

/** Options that calls may share. */
export type ProxyOptions = Omit<ActivityOptions, 'activityId' | 'activityType' | 'signal'>;

/** Runs activities in this process. `runActivity` uses one of its own; make more to set limits apart. */
export class ActivityRuntime {
  readonly #engine: Engine;

  /** @throws TypeError that names the option, the value received and what is accepted */
  constructor(options?: RuntimeOptions) {
    this.#engine = new Engine(options, new SystemClock(), Math.random);
  }

  /**
   * Runs an activity and resolves to its result. With a free slot the function has been called
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
    try {
      const started = this.#engine.start(fn as AnyFunction, callOf(rest));
      executionOf(started).caller.ask(); // a handle may have started what this call joins
      return started.result as Promise<Awaited<R>>;
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  /**
   * As `run`, and returns a handle of the activity at once.
   *
   * @throws what `run` rejects with before anything is scheduled
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandle<Awaited<R>, D> {
    const started = this.#engine.start(fn as AnyFunction, callOf(rest), expectNobody);
    return new ActivityHandle(executionOf(started), started.result);
  }

  /** The functions of an object, to be called without the context: each call runs an activity. */
  proxy<T extends object>(activities: T, options?: ProxyOptions): ProxiedActivities<T> {
    const run = (fn: AnyFunction, call: CallOptions): Promise<unknown> => this.run(fn, call);
    return proxyOf(activities, options, run) as ProxiedActivities<T>;
  }

  /**
   * A handle of an open activity.
   *
   * @throws ActivityNotFoundError
   */
  getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): ActivityHandle<Result, Details> {
    const execution = this.#engine.find(activityId);
    return new ActivityHandle(execution, execution.result);
  }

  /** Descriptions of the open activities, in the order they were scheduled. */
  list(
    filter: {
      readonly status?: ActivityStatus | undefined;
      readonly activityType?: string | undefined;
    } = {},
  ): ActivityDescription[] {
    const { status, activityType } = filter;
    return this.#engine
      .list()
      .filter(
        (one) =>
          (status === undefined || one.status === status) &&
          (activityType === undefined || one.activityType === activityType),
      );
  }

  /** How many activities there are; counted as they go, so asking costs nothing. */
  stats(): RuntimeStats {
    return this.#engine.stats();
  }

  /** Settles when nothing waits or runs. */
  idle(): Promise<void> {
    return this.#engine.idle();
  }

  /** Completes attempts from outside, by their task tokens. */
  get completion(): Completion {
    return this.#engine.completion;
  }

  /** Calls the listener at each such event, until the function returned is called. */
  on<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return this.#engine.events.add(event, listener, false);
  }

  /** As `on`, for the next event only. */
  once<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return this.#engine.events.add(event, listener, true);
  }

  /**
   * Takes no new work, lets what runs go on for `gracePeriod`, then cancels it. Settles when all
   * functions have, at the latest `abandonAfter` later. A second call gives the same promise.
   * Rejects with a `TypeError` for a bad option: then nothing has begun.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownResult> {
    return this.#engine.shutdown(options);
  }

  /** `await using runtime = new ActivityRuntime()` shuts it down at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
