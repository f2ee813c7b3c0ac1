/**
 * What the runtimes have in common, here and on Temporal: a program that asks for no more than this
 * takes either. Types only. Here the methods act before they return; there they are requests.
 */
import type { ActivityContext } from './context/context.js';
import type { ActivityDescription } from './description.js';
import type { OptionsPatch } from './options/activity-options.js';
import type { ResetOptions, UnpauseOptions } from './options/steering-options.js';
import type { RunParameters } from './runtime.js';

/** The methods that `ActivityRuntime` and `TemporalRuntime` have in common. */
export interface ActivityRunner {
  /** Runs an activity and resolves to its result. See `ActivityRuntime.run`. */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>>;

  /**
   * Starts an activity and gives a handle as soon as it is scheduled. See `ActivityRuntime.start`.
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandleLike<Awaited<R>, D> | Promise<ActivityHandleLike<Awaited<R>, D>>;

  /**
   * Gives a handle of an open activity, or fails with `ActivityNotFoundError` if none has that id.
   */
  getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): ActivityHandleLike<Result, Details> | Promise<ActivityHandleLike<Result, Details>>;

  /** Completes attempts from outside the function, by their task tokens. */
  readonly completion: CompletionLike;
}

/**
 * A started activity, in this process or on a Temporal cluster. See `ActivityHandle` for the
 * details of each method.
 */
export interface ActivityHandleLike<Result = unknown, Details = unknown> {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The outcome, as `run` gives it. It may be asked for any number of times, or never. */
  result(): Promise<Result>;
  /** Asks the activity to stop; one that waits closes at once. */
  cancel(reason?: unknown): void | Promise<void>;
  /** Ends the activity now; what its function does no longer counts. */
  terminate(reason?: unknown): void | Promise<void>;
  /** Keeps further attempts from beginning until `unpause()`, and asks a running one to stop. */
  pause(): void | Promise<void>;
  /** Lets attempts begin again, after the rest of the delay and up to `jitter` more at random. */
  unpause(options?: UnpauseOptions): void | Promise<void>;
  /** A frozen picture of the activity as it is now. */
  describe(): DescriptionLike<Details> | Promise<DescriptionLike<Details>>;
  /** Completes the activity with a result, whether an attempt runs or not. */
  complete(result: Result): void | Promise<void>;
  /** Fails the running attempt as if its function had thrown the error. */
  fail(error: unknown): void | Promise<void>;
  /** Heartbeats for the running attempt; fails with a `CancelledFailure` if that should stop. */
  heartbeat(details?: Details): void | Promise<void>;
  /** Says that the running attempt has stopped because of `cancel()`. */
  reportCancellation(details?: unknown): void | Promise<void>;
  /**
   * Starts the activity over from attempt 1: now, or when the running attempt has ended without a
   * result.
   *
   * @experimental
   */
  reset(options?: ResetOptions): void | Promise<void>;
  /**
   * Changes options of the open activity. `undefined` keeps an option, `null` puts back its
   * default.
   *
   * @experimental
   */
  updateOptions(patch: OptionsPatch): void | Promise<void>;
}

/**
 * The description of an activity in this process or on a cluster: all but what only one process can
 * count.
 */
export type DescriptionLike<Details = unknown> = Omit<
  ActivityDescription<Details>,
  'abandonedAttempts'
>;

/** Completes attempts from outside the function, in this process or on a Temporal cluster. */
export interface CompletionLike {
  /** Completes the activity with a result. */
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void>;
  /** Fails the attempt as if its function had thrown the error: the retry policy decides. */
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void>;
  /** Heartbeats for the attempt; rejects with a `CancelledFailure` if that should stop. */
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
  /** Says that the attempt has stopped because the activity was cancelled. */
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
}
