/** The handle of an activity: waits for it, describes it and steers it. */
import { ignore } from '../kernel/promises.js';
import { refusable } from '../kernel/stack.js';
import * as outside from './activity/outside.js';
import { pause, reset, unpause } from './activity/pausing.js';
import { cancel, terminate } from './activity/stopping.js';
import { updateOptions } from './activity/update-options.js';
import type { ActivityContext } from './context/context.js';
import { describe, type ActivityDescription } from './description.js';
import type { Execution } from './activity/execution.js';
import { heartbeatsOf, type HeartbeatReport } from './heartbeats.js';
import type { OptionsPatch } from './options/activity-options.js';
import type { ResetOptions, UnpauseOptions } from './options/steering-options.js';

/** Prepares an activity for a handle whose `result()` may never be called. */
export function expectNobody({ caller }: Execution): void {
  caller.expectNobody();
}

/**
 * A handle of a started activity. Use it to wait for the activity, to describe it and to steer it. A
 * method has taken effect when it returns. An operation that the activity's state does not allow
 * throws `ActivityStateError`. `complete`, `fail`, `heartbeat` and `reportCancellation` throw
 * `ActivityNotFoundError` if there is no attempt to act on.
 */
export class ActivityHandle<Result = unknown, Details = unknown> {
  readonly #execution: Execution;
  readonly #result: Promise<Result>;
  #closedAt: number | undefined;

  /** @internal */
  constructor(execution: Execution, result: Promise<unknown>) {
    this.#execution = execution;
    const { clock } = execution.services;
    if (execution.isOpen) execution.onClosed(() => (this.#closedAt = clock.now()));
    else this.#closedAt = clock.now();
    this.#result = result as Promise<Result>;
    // The host should report an unhandled rejection only if `run` has returned this promise.
    const givenOut = execution.caller.asked && result === execution.result;
    if (result !== execution.result) result.catch(ignore);
    else if (!givenOut) execution.caller.keepQuiet();
  }

  /** The id of the activity, as given or generated. */
  get activityId(): string {
    return this.#execution.activityId;
  }

  /**
   * Resolves or rejects like `runActivity`. You may call it any number of times, or never.
   */
  result(): Promise<Result> {
    this.#execution.caller.ask();
    return this.#result;
  }

  /**
   * Follows the heartbeat details that are reported. Each loop begins with the newest report, if
   * there is one, and ends when the activity closes: `result()` says how. A slow loop gets only the
   * newest details.
   *
   * @example
   * for await (const { details } of handle.heartbeats()) showProgress(details);
   */
  heartbeats(): AsyncIterable<HeartbeatReport<Details>> {
    return heartbeatsOf(this.#execution) as AsyncIterable<HeartbeatReport<Details>>;
  }

  /** Resolves when no function of this activity is running any more, not even an abandoned one. */
  settled(): Promise<void> {
    return this.#execution.settled();
  }

  /**
   * Asks the activity to stop. A waiting activity closes at once. A running function receives the
   * request in its next heartbeat or in `ctx.sleep`, or at once with `cancellationDelivery:
   * 'immediate'`. Does nothing if the activity was cancelled before or has closed.
   */
  cancel(reason?: unknown): void {
    const { options } = this.#execution;
    cancel(this.#execution, reason, options.cancellationDelivery === 'immediate');
  }

  /**
   * Closes the activity now. A running function is told. Whatever it does afterwards does not count.
   *
   * @throws ActivityStateError if the activity has closed
   */
  terminate(reason?: unknown): void {
    refusable(this.terminate, () => terminate(this.#execution, reason));
  }

  /**
   * Keeps new attempts from starting until `unpause()`. A running function receives the request in
   * the same way as with `cancel()`. A second call does nothing.
   *
   * @throws ActivityStateError if the activity has closed, or was asked to cancel or start over
   */
  pause(): void {
    refusable(this.pause, () => pause(this.#execution));
  }

  /**
   * Lets attempts start again, after the rest of the delay plus a random delay up to `jitter`.
   *
   * @throws ActivityStateError if the activity is not paused
   */
  unpause(options: UnpauseOptions = {}): void {
    refusable(this.unpause, () => unpause(this.#execution, options));
  }

  /** Returns a frozen description of the activity as it is now. */
  describe(): ActivityDescription<Details> {
    return describe(this.#execution, this.#closedAt) as ActivityDescription<Details>;
  }

  /**
   * Completes the activity with a result, even if no attempt is running.
   *
   * @throws ActivityNotFoundError if the activity has closed
   */
  complete(result: Result): void {
    refusable(this.complete, () => outside.complete(this.#execution, result));
  }

  /**
   * Fails the running attempt as if its function had thrown the error: the retry policy decides.
   *
   * @throws ActivityNotFoundError if no attempt runs
   */
  fail(error: unknown): void {
    refusable(this.fail, () => outside.failAttempt(this.#execution, error));
  }

  /**
   * Heartbeats for the running attempt, and reports the details at once.
   *
   * @throws ActivityNotFoundError if no attempt runs
   * @throws CancelledFailure if the attempt should stop; the details are kept anyway
   */
  heartbeat(details?: Details): void {
    refusable(this.heartbeat, () => outside.heartbeat(this.#execution, details));
  }

  /**
   * Reports that the running attempt has stopped because of `cancel()`. This closes the activity.
   *
   * @throws ActivityNotFoundError if no attempt runs
   * @throws ActivityStateError if the activity was not asked to cancel
   */
  reportCancellation(details?: unknown): void {
    refusable(this.reportCancellation, () => outside.reportCancellation(this.#execution, details));
  }

  /**
   * Starts the activity over from attempt 1, now or when the running attempt has ended without a
   * result.
   *
   * @experimental
   * @throws ActivityStateError if the activity has closed, or was asked to cancel or start over
   */
  reset(options: ResetOptions = {}): void {
    refusable(this.reset, () => reset(this.#execution, options));
  }

  /**
   * Changes options of the open activity. `undefined` keeps an option, and `null` restores its
   * default. New timeouts of the running attempt count from the same moment as the old ones.
   *
   * @experimental
   * @throws TypeError for a bad option, before anything changes
   * @throws ActivityStateError if the activity has closed, or was asked to cancel or start over
   */
  updateOptions(patch: OptionsPatch): void {
    refusable(this.updateOptions, () => updateOptions(this.#execution, patch));
  }
}

/**
 * The handle of a recovered activity: its result and its details are those of one of the functions of
 * `T`.
 */
export type RecoveredHandle<T extends object> = [keyof T] extends [never]
  ? ActivityHandle
  : ActivityHandle<ResultOf<T[keyof T]>, DetailsOf<T[keyof T]>>;

type ResultOf<Fn> = Fn extends (...args: never[]) => infer R ? Awaited<R> : never;

type DetailsOf<Fn> = Fn extends (ctx: ActivityContext<infer D>, ...args: never[]) => unknown
  ? [D] extends [never]
    ? unknown
    : D
  : never;
