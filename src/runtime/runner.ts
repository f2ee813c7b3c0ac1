/**
 * The interface that this runtime and the one for Temporal share. A program that uses only this works
 * with both. In this process, methods take effect before they return. On Temporal they are requests.
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
   * Starts an activity and returns its handle as soon as it is scheduled. See
   * `ActivityRuntime.start`.
   */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandleLike<Awaited<R>, D> | Promise<ActivityHandleLike<Awaited<R>, D>>;

  /**
   * Returns the handle of an open activity. Fails with `ActivityNotFoundError` if none has that id.
   */
  getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): ActivityHandleLike<Result, Details> | Promise<ActivityHandleLike<Result, Details>>;

  /** Completes attempts from outside the function, by their task tokens. */
  readonly completion: CompletionLike;
}

/**
 * The handle of an activity, in this process or on a Temporal cluster. `ActivityHandle` explains
 * each method.
 */
export interface ActivityHandleLike<Result = unknown, Details = unknown> {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** Resolves or rejects like `run`. You may call it any number of times, or never. */
  result(): Promise<Result>;
  /** Asks the activity to stop. A waiting activity closes at once. */
  cancel(reason?: unknown): void | Promise<void>;
  /** Closes the activity now. Whatever its function does afterwards does not count. */
  terminate(reason?: unknown): void | Promise<void>;
  /** Keeps new attempts from starting until `unpause()`, and asks a running attempt to stop. */
  pause(): void | Promise<void>;
  /** Lets attempts start again, after the rest of the delay plus a random delay up to `jitter`. */
  unpause(options?: UnpauseOptions): void | Promise<void>;
  /** Returns a frozen description of the activity as it is now. */
  describe(): DescriptionLike<Details> | Promise<DescriptionLike<Details>>;
  /** Completes the activity with a result, even if no attempt is running. */
  complete(result: Result): void | Promise<void>;
  /** Fails the running attempt as if its function had thrown the error. */
  fail(error: unknown): void | Promise<void>;
  /** Heartbeats for the running attempt. Fails with a `CancelledFailure` if it should stop. */
  heartbeat(details?: Details): void | Promise<void>;
  /** Reports that the running attempt has stopped because of `cancel()`. */
  reportCancellation(details?: unknown): void | Promise<void>;
  /**
   * Starts the activity over from attempt 1, now or when the running attempt has ended without a
   * result.
   *
   * @experimental
   */
  reset(options?: ResetOptions): void | Promise<void>;
  /**
   * Changes options of the open activity. `undefined` keeps an option, and `null` restores its
   * default.
   *
   * @experimental
   */
  updateOptions(patch: OptionsPatch): void | Promise<void>;
}

/**
 * The description of an activity in this process or on a cluster. It lacks what only one process
 * can know.
 */
export type DescriptionLike<Details = unknown> = Omit<
  ActivityDescription<Details>,
  'abandonedAttempts' | 'heartbeatDeadline' | 'lastProgressTime'
>;

/** Completes attempts from outside the function, in this process or on a Temporal cluster. */
export interface CompletionLike {
  /** Completes the activity with a result. */
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void>;
  /** Fails the attempt as if its function had thrown the error: the retry policy decides. */
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void>;
  /** Heartbeats for the attempt. Rejects with a `CancelledFailure` if it should stop. */
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
  /** Reports that the attempt has stopped because the activity was cancelled. */
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
}
