/** The public runtime: types and documentation here, the works in the engine. */
import { SystemClock } from '../clock.js';
import type { ActivityEventName, ActivityListener } from '../events.js';
import type { AnyFunction } from './attempt.js';
import type { ActivityContext } from './context.js';
import { Engine, type CallOptions, type RuntimeOptions } from './engine.js';
import type { ActivityOptions } from './options.js';

/** The arguments after the function: `options`, in which `args` is required if the function needs any. */
export type RunParameters<A extends readonly unknown[]> = [] extends A
  ? [options?: ActivityOptions & { readonly args?: Readonly<A> | undefined }]
  : [options: ActivityOptions & { readonly args: Readonly<A> }];

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
   * anything is scheduled, with a `TypeError` for a bad option and an
   * `ActivityAlreadyStartedError` for an `activityId` that is in use.
   */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>> {
    try {
      const call = rest[0] as CallOptions | undefined;
      return this.#engine.start(fn as AnyFunction, call) as Promise<Awaited<R>>;
    } catch (refused) {
      return Promise.reject(refused);
    }
  }

  /** Calls the listener at each such event, until the function returned is called. */
  on<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return this.#engine.events.add(event, listener, false);
  }

  /** As `on`, for the next event only. */
  once<Name extends ActivityEventName>(event: Name, listener: ActivityListener<Name>): () => void {
    return this.#engine.events.add(event, listener, true);
  }
}
