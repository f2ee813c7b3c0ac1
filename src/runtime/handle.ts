/** An activity from outside: to wait for it, to look at it, and to steer it. */
import { ignore } from '../kernel/promises.js';
import * as outside from './activity/outside.js';
import { pause, reset, unpause } from './activity/pausing.js';
import { cancel, terminate } from './activity/stopping.js';
import { updateOptions } from './activity/update-options.js';
import { describe, type ActivityDescription } from './description.js';
import type { Execution } from './activity/execution.js';
import type { OptionsPatch } from './options/patch.js';
import type { ResetOptions, UnpauseOptions } from './options/steering-options.js';

/** Prepares an activity for a handle, which may never be asked for the result. */
export function expectNobody({ caller }: Execution): void {
  caller.expectNobody();
}

/**
 * A started activity. What a method does, it has done when it returns. An operation that the
 * activity's state does not allow throws `ActivityStateError`; `complete`, `fail`, `heartbeat` and
 * `reportCancellation` throw `ActivityNotFoundError` where there is no attempt to speak for.
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

  /** As given, or generated. */
  get activityId(): string {
    return this.#execution.activityId;
  }

  /**
   * The outcome, as `runActivity` gives it, for any number of callers. A failure that nobody has
   * asked for one turn of the event loop later is logged at ERROR, unless a listener of `failed`
   * was told.
   */
  result(): Promise<Result> {
    this.#execution.caller.ask();
    return this.#result;
  }

  /** Settles when no function of this activity runs any more, abandoned ones included. */
  settled(): Promise<void> {
    return this.#execution.settled();
  }

  /**
   * Asks the activity to stop: at once if it waits; a running function hears it inside its next
   * heartbeat, and now if it is in `ctx.sleep` or `ctx.keepAlive`, or with
   * `cancellationDelivery: 'immediate'`. Twice is once, and for a closed activity it does nothing.
   */
  cancel(reason?: unknown): void {
    const { options } = this.#execution;
    cancel(this.#execution, reason, options.cancellationDelivery === 'immediate');
  }

  /** Ends the activity now; a running function is told, and what it does no longer counts. */
  terminate(reason?: unknown): void {
    terminate(this.#execution, reason);
  }

  /** No further attempt begins until `unpause`; a running one hears it as of `cancel`. */
  pause(): void {
    pause(this.#execution);
  }

  /** Goes on after the rest of the delay, and up to `jitter` more at random. */
  unpause(options: UnpauseOptions = {}): void {
    unpause(this.#execution, options);
  }

  /** A frozen picture of the activity as it is now. */
  describe(): ActivityDescription<Details> {
    return describe(this.#execution, this.#closedAt) as ActivityDescription<Details>;
  }

  /** Completes the activity, whether an attempt runs or not. */
  complete(result: Result): void {
    outside.complete(this.#execution, result);
  }

  /** As if the running attempt had thrown it. */
  fail(error: unknown): void {
    outside.failAttempt(this.#execution, error);
  }

  /** Heartbeats for the running attempt; throws the `CancelledFailure` if it is to stop. */
  heartbeat(details?: Details): void {
    outside.heartbeat(this.#execution, details);
  }

  /** Says that the running attempt has stopped, after `cancel`. */
  reportCancellation(details?: unknown): void {
    outside.reportCancellation(this.#execution, details);
  }

  /**
   * Starts over from attempt 1: now, or when the running attempt has ended without a result.
   *
   * @experimental
   */
  reset(options: ResetOptions = {}): void {
    reset(this.#execution, options);
  }

  /**
   * Changes options; `undefined` keeps one, `null` puts back its default.
   *
   * @experimental
   */
  updateOptions(patch: OptionsPatch): void {
    updateOptions(this.#execution, patch);
  }
}
