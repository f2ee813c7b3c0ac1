/** An activity on Temporal from outside. */
import { quote } from '../kernel/text.js';
import { checkResult } from '../kernel/bad-input.js';
import { ActivityNotFoundError } from '../kernel/errors.js';
import { CancelledFailure } from '../kernel/failures.js';
import { Deferred, ignore } from '../kernel/promises.js';
import { activityFailure } from '../runtime/activity/failure-messages.js';
import type { CancellationType, OptionsPatch } from '../runtime/options/activity-options.js';
import type { ResetOptions, UnpauseOptions } from '../runtime/options/steering-options.js';
import type { ActivityHandleLike, DescriptionLike } from '../runtime/runner.js';
import {
  ActivityCompletionError,
  ActivityExecutionFailedError,
  type ActivityExecutionDescription,
  type Client,
  type ClientHandle,
} from './client-api.js';
import { asOwnError, isFailedPrecondition } from './client-errors.js';
import { descriptionOf } from './description.js';
import { lastAttempt, NO_REASON, outcomeOf } from './outcome.js';
import { optionsUpdate } from './patch.js';
import { asText, resetRequest, unpauseOptions } from './steering-options.js';
import { toTemporalFailure } from './to-temporal-failure.js';

/**
 * An activity on Temporal. Its methods are requests: the server has granted one when its promise
 * resolves. An operation that the activity's state does not allow rejects with
 * `ActivityStateError`.
 */
export class TemporalActivityHandle<
  Result = unknown,
  Details = unknown,
> implements ActivityHandleLike<Result, Details> {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  readonly #client: Client;
  readonly #handle: ClientHandle<Result>;
  readonly #cancellationType: CancellationType;
  readonly #cancelled = new Deferred<never>();
  readonly #stopWaiting = new AbortController();
  #result: Promise<Result> | undefined;
  /** A `cancel` under way: the server may grant it, and the activity end, before it answers. */
  #asking: Promise<void> | undefined;

  /** @internal */
  constructor(
    client: Client,
    handle: ClientHandle<Result>,
    cancellationType: CancellationType = 'TRY_CANCEL',
  ) {
    this.activityId = handle.activityId;
    this.#client = client;
    this.#handle = handle;
    this.#cancellationType = cancellationType;
    this.#cancelled.promise.catch(ignore);
  }

  /**
   * The outcome, as `TemporalRuntime.run` gives it: rejects with an `ActivityFailure` whose `cause`
   * says why. It may be asked for any number of times, or never.
   */
  result(): Promise<Result> {
    this.#result ??= Promise.race([this.#cancelled.promise, this.#wait()]);
    this.#result.catch(ignore);
    return this.#result;
  }

  async #wait(): Promise<Result> {
    try {
      const result = await this.#client.withAbortSignal(this.#stopWaiting.signal, () =>
        this.#handle.result(),
      );
      await this.#asking;
      return result;
    } catch (error) {
      await this.#asking;
      if (!(error instanceof ActivityExecutionFailedError)) {
        throw asOwnError(error, 'result', this.activityId);
      }
      throw outcomeOf(this.#client, await this.#handle.describe(), error.cause);
    }
  }

  /**
   * Asks the activity to stop: one that waits closes at once, a running function hears it in the
   * answer to a heartbeat. A second call does nothing. The reason reaches the server as text.
   */
  cancel(reason?: unknown): Promise<void> {
    return this.#ask(reason, this.#cancellationType);
  }

  /** @internal Ends the wait of a caller who has joined the activity, and nothing else. */
  leave(reason: unknown): Promise<void> {
    return this.#ask(reason, 'ABANDON');
  }

  #ask(reason: unknown, type: CancellationType): Promise<void> {
    const asking = this.#request(reason, type);
    this.#asking = asking.catch(ignore);
    return asking;
  }

  async #request(reason: unknown, type: CancellationType): Promise<void> {
    try {
      const description = await this.#handle.describe();
      if (description.closeTime !== undefined) return;
      if (type !== 'ABANDON') await this.#handle.cancel(asText(reason, NO_REASON));
      if (type !== 'WAIT_CANCELLATION_COMPLETED') this.#stopCaller(description, reason);
    } catch (error) {
      if (isFailedPrecondition(error)) return; // closed, or asked before
      throw asOwnError(error, 'cancel', this.activityId);
    }
  }

  /** The caller is told at once, whatever the function goes on to do. */
  #stopCaller(description: ActivityExecutionDescription, reason: unknown): void {
    const { activityId, activityType } = description;
    const attempt = lastAttempt(description);
    const cause = new CancelledFailure('CANCELLED', reason === undefined ? {} : { cause: reason });
    this.#cancelled.reject(
      activityFailure('CANCELED', cause, 'CANCEL_REQUESTED', { activityId, activityType, attempt }),
    );
    this.#stopWaiting.abort();
  }

  /** Ends the activity now. A running function hears it in the answer to its next heartbeat. */
  terminate(reason?: unknown): Promise<void> {
    return this.#do('terminate', () => this.#handle.terminate(asText(reason, 'terminated')));
  }

  /**
   * Keeps further attempts from beginning until `unpause()`. A running function hears it in the
   * answer to a heartbeat.
   */
  async pause(): Promise<void> {
    try {
      await this.#handle.pause();
    } catch (error) {
      const { runState } = await this.#handle.describe();
      if (runState === 'PAUSED' || runState === 'PAUSE_REQUESTED') return;
      throw asOwnError(error, 'pause', this.activityId);
    }
  }

  /** Lets attempts begin again, after the rest of the delay and up to `jitter` more at random. */
  unpause(options: UnpauseOptions = {}): Promise<void> {
    return this.#do('unpause', async () => this.#handle.unpause(unpauseOptions(options)));
  }

  /** A frozen picture of the activity as the server knows it. */
  async describe(): Promise<DescriptionLike<Details>> {
    const include = { includeHeartbeatDetails: true, includeLastFailure: true };
    let description: ActivityExecutionDescription;
    try {
      description = await this.#handle.describe(include);
    } catch (error) {
      throw asOwnError(error, 'describe', this.activityId);
    }
    return (await descriptionOf(description, this.#cancellationType)) as DescriptionLike<Details>;
  }

  /**
   * Completes the activity with a result, whether an attempt runs or not. Rejects with
   * `ActivityNotFoundError` if it has closed.
   */
  complete(result: Result): Promise<void> {
    return this.#do('complete', async () => {
      checkResult(result);
      try {
        await this.#client.activity.complete(this.#id, result);
      } catch (error) {
        if (!(error instanceof ActivityCompletionError) || (await this.#isOpen())) throw error;
        const { activityId } = this;
        throw new ActivityNotFoundError(`Activity ${quote(activityId)} has closed`, {
          activityId,
        });
      }
    });
  }

  /**
   * Fails the running attempt as if its function had thrown the error: the retry policy decides.
   */
  fail(error: unknown): Promise<void> {
    const failure = toTemporalFailure(error);
    return this.#do('fail', () => this.#client.activity.fail(this.#id, failure));
  }

  /** Heartbeats for the running attempt; rejects with a `CancelledFailure` if it should stop. */
  heartbeat(details?: Details): Promise<void> {
    return this.#do('heartbeat', async () => {
      // Without details the server would erase the last ones.
      const newest = details === undefined ? (await this.describe()).heartbeatDetails : details;
      await this.#client.activity.heartbeat(this.#id, newest);
    });
  }

  /** Says that the running attempt has stopped because of `cancel()`. */
  reportCancellation(details?: unknown): Promise<void> {
    return this.#do('reportCancellation', () =>
      this.#client.activity.reportCancellation(this.#id, details),
    );
  }

  /**
   * Starts the activity over from attempt 1: now, or when the running attempt has ended without a
   * result.
   *
   * @experimental
   */
  reset(options: ResetOptions = {}): Promise<void> {
    return this.#do('reset', async () => {
      await this.#client.workflowService.resetActivityExecution({
        namespace: this.#client.options.namespace,
        activityId: this.activityId,
        runId: this.#handle.runId ?? '',
        identity: this.#client.options.identity,
        requestId: globalThis.crypto.randomUUID(),
        ...resetRequest(options),
      });
    });
  }

  /**
   * Changes options of the open activity. `undefined` keeps an option, `null` puts back its
   * default.
   *
   * @experimental
   */
  updateOptions(patch: OptionsPatch): Promise<void> {
    return this.#do('updateOptions', async () => {
      const update = optionsUpdate(patch);
      if (update !== undefined) await this.#handle.updateOptions(update);
    });
  }

  async #isOpen(): Promise<boolean> {
    const { closeTime } = await this.#handle.describe();
    return closeTime === undefined;
  }

  get #id(): { readonly activityId: string; readonly runId?: string } {
    const { activityId } = this;
    const { runId } = this.#handle;
    return runId === undefined ? { activityId } : { activityId, runId };
  }

  async #do(operation: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw asOwnError(error, operation, this.activityId);
    }
  }
}
