/**
 * What the runtimes have in common, here and on Temporal: a program that asks for no more than this
 * takes either. Types only. Here the methods act before they return; there they are requests.
 */
import type { ActivityContext } from './context/context.js';
import type { ActivityDescription } from './description.js';
import type { OptionsPatch } from './options/patch.js';
import type { ResetOptions, UnpauseOptions } from './options/steering-options.js';
import type { RunParameters } from './runtime.js';

/** `ActivityRuntime` of systole, and `TemporalRuntime` of systole/temporal. */
export interface ActivityRunner {
  /** Runs an activity and resolves to its result. See `ActivityRuntime.run`. */
  run<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): Promise<Awaited<R>>;

  /** As `run`, and gives a handle as soon as the activity is scheduled. */
  start<A extends unknown[], R, D = unknown>(
    fn: (this: void, ctx: ActivityContext<D>, ...args: A) => R,
    ...rest: RunParameters<A>
  ): ActivityHandleLike<Awaited<R>, D> | Promise<ActivityHandleLike<Awaited<R>, D>>;

  /** A handle of an open activity; `ActivityNotFoundError` if there is none of that id. */
  getHandle<Result = unknown, Details = unknown>(
    activityId: string,
  ): ActivityHandleLike<Result, Details> | Promise<ActivityHandleLike<Result, Details>>;

  /** Completes attempts from outside, by their task tokens. */
  readonly completion: CompletionLike;
}

/** A started activity, here or on a cluster. See `ActivityHandle` for what each method does. */
export interface ActivityHandleLike<Result = unknown, Details = unknown> {
  readonly activityId: string;
  result(): Promise<Result>;
  cancel(reason?: unknown): void | Promise<void>;
  terminate(reason?: unknown): void | Promise<void>;
  pause(): void | Promise<void>;
  unpause(options?: UnpauseOptions): void | Promise<void>;
  describe(): DescriptionLike<Details> | Promise<DescriptionLike<Details>>;
  complete(result: Result): void | Promise<void>;
  fail(error: unknown): void | Promise<void>;
  heartbeat(details?: Details): void | Promise<void>;
  reportCancellation(details?: unknown): void | Promise<void>;
  /** @experimental */
  reset(options?: ResetOptions): void | Promise<void>;
  /** @experimental */
  updateOptions(patch: OptionsPatch): void | Promise<void>;
}

/** An `ActivityDescription` without what only one process can count. */
export type DescriptionLike<Details = unknown> = Omit<
  ActivityDescription<Details>,
  'abandonedAttempts'
>;

/** Completion from outside, here or on a cluster. See `Completion`. */
export interface CompletionLike {
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void>;
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void>;
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void>;
}
