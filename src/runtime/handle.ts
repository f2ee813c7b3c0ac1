/** An activity from outside: to wait for it, to look at it, and to steer it. */
import { ignore } from '../kernel/promises.js';
import { refusable } from '../kernel/stack.js';
import * as outside from './activity/outside.js';
import { pause, reset, unpause } from './activity/pausing.js';
import { cancel, terminate } from './activity/stopping.js';
import { updateOptions } from './activity/update-options.js';
import { describe, type ActivityDescription } from './description.js';
import type { Execution } from './activity/execution.js';
import type { OptionsPatch } from './options/activity-options.js';
import type { ResetOptions, UnpauseOptions } from './options/steering-options.js';

/** Prepares an activity for a handle, which may never be asked for the result. */
export function expectNobody({ caller }: Execution): void {
  caller.expectNobody();
}

/**
 * A started activity, to wait for, to look at and to steer. A method has acted when it returns. An
 * operation that the activity's state does not allow throws `ActivityStateError`. `complete`,
 * `fail`, `heartbeat` and `reportCancellation` throw `ActivityNotFoundError` if there is no attempt
 * to speak for.
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
    // A rejection that nobody handles is the host's to report only if `run` gave the promise out.
    const givenOut = execution.caller.asked && result === execution.result;
    if (result !== execution.result) result.catch(ignore);
    else if (!givenOut) execution.caller.keepQuiet();
  }

  /** The id of the activity, as given or generated. */
  get activityId(): string {
    return this.#execution.activityId;
  }

  /** The outcome, as `runActivity` gives it. It may be asked for any number of times, or never. */
  result(): Promise<Result> {
    this.#execution.caller.ask();
    return this.#result;
  }

  /** Resolves when no function of this activity runs any more, abandoned ones included. */
  settled(): Promise<void> {
    return this.#execution.settled();
  }

  /**
   * Asks the activity to stop. One that waits closes at once. A running function hears it inside
   * its next heartbeat or its `ctx.sleep`, or now with `cancellationDelivery: 'immediate'`. A
   * second call does nothing, and neither does one for a closed activity.
   */
  cancel(reason?: unknown): void {
    const { options } = this.#execution;
    cancel(this.#execution, reason, options.cancellationDelivery === 'immediate');
  }

  /**
   * Ends the activity now. A running function is told, and what it does no longer counts.
   *
   * @throws ActivityStateError if the activity has closed
   */
  terminate(reason?: unknown): void {
    refusable(this.terminate, () => terminate(this.#execution, reason));
  }

  /**
   * Keeps further attempts from beginning until `unpause()`. A running function hears it in the
   * same way as `cancel()`. A second call does nothing.
   *
   * @throws ActivityStateError if the activity has closed, or should cancel or start over
   */
  pause(): void {
    refusable(this.pause, () => pause(this.#execution));
  }

  /**
   * Lets attempts begin again, after the rest of the delay and up to `jitter` more at random.
   *
   * @throws ActivityStateError if the activity is not paused
   */
  unpause(options: UnpauseOptions = {}): void {
    refusable(this.unpause, () => unpause(this.#execution, options));
  }

  /** A frozen picture of the activity as it is now. */
  describe(): ActivityDescription<Details> {
    return describe(this.#execution, this.#closedAt) as ActivityDescription<Details>;
  }

  /**
   * Completes the activity with a result, whether an attempt runs or not.
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
   * @throws CancelledFailure if the attempt should stop, after the details were kept
   */
  heartbeat(details?: Details): void {
    refusable(this.heartbeat, () => outside.heartbeat(this.#execution, details));
  }

  /**
   * Says that the running attempt has stopped because of `cancel()`; this closes the activity.
   *
   * @throws ActivityNotFoundError if no attempt runs
   * @throws ActivityStateError if the activity was not asked to cancel
   */
  reportCancellation(details?: unknown): void {
    refusable(this.reportCancellation, () => outside.reportCancellation(this.#execution, details));
  }

  /**
   * Starts the activity over from attempt 1: now, or when the running attempt has ended without a
   * result.
   *
   * @experimental
   * @throws ActivityStateError if the activity has closed, or should cancel or start over already
   */
  reset(options: ResetOptions = {}): void {
    refusable(this.reset, () => reset(this.#execution, options));
  }

  /**
   * Changes options of the open activity. `undefined` keeps an option, `null` puts back its
   * default. The timeouts of the running attempt count from where they did before.
   *
   * @experimental
   * @throws TypeError for a bad option: then nothing has changed
   * @throws ActivityStateError if the activity has closed, or should cancel or start over
   */
  updateOptions(patch: OptionsPatch): void {
    refusable(this.updateOptions, () => updateOptions(this.#execution, patch));
  }
}
