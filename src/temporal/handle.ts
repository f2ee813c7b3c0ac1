/** The handle of an activity on Temporal. */
import { quote } from '../kernel/text.js';
import { checkResult } from '../kernel/bad-input.js';
import { ActivityNotFoundError } from '../kernel/errors.js';
import type { CancellationType, OptionsPatch } from '../runtime/options/activity-options.js';
import type { ResetOptions, UnpauseOptions } from '../runtime/options/steering-options.js';
import type { ActivityHandleLike, DescriptionLike } from '../runtime/runner.js';
import { Caller } from './caller.js';
import {
  ActivityCompletionError,
  type ActivityExecutionDescription,
  type Client,
  type ClientHandle,
} from './client-api.js';
import { asOwnError } from './client-errors.js';
import { descriptionOf } from './description.js';
import { optionsUpdate } from './patch.js';
import { asText, resetRequest, unpauseOptions } from './steering-options.js';
import { toTemporalFailure } from './to-temporal-failure.js';

/**
 * A handle of an activity on Temporal. Each method is a request to the server and resolves when the
 * server has accepted it. An operation that the activity's state does not allow rejects with
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
  readonly #caller: Caller<Result>;

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
    this.#caller = new Caller(client, handle);
  }

  /**
   * Resolves to the result, like `TemporalRuntime.run`. Rejects with an `ActivityFailure` whose
   * `cause` says why it failed. You may call it any number of times, or never.
   */
  result(): Promise<Result> {
    return this.#caller.result();
  }

  /**
   * Asks the activity to stop. A waiting activity closes at once. A running function receives the
   * request in the answer to a heartbeat. A second call does nothing. The reason reaches the server
   * as text.
   */
  cancel(reason?: unknown): Promise<void> {
    return this.#caller.cancel(reason, this.#cancellationType);
  }

  /** @internal Only ends the wait of a caller who joined the activity. */
  leave(reason: unknown): Promise<void> {
    return this.#caller.cancel(reason, 'ABANDON');
  }

  /** Closes the activity now. A running function is told in the answer to its next heartbeat. */
  terminate(reason?: unknown): Promise<void> {
    return this.#do('terminate', () => this.#handle.terminate(asText(reason, 'terminated')));
  }

  /**
   * Keeps new attempts from starting until `unpause()`. A running function receives the request in
   * the answer to a heartbeat.
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

  /** Lets attempts start again, after the rest of the delay plus a random delay up to `jitter`. */
  unpause(options: UnpauseOptions = {}): Promise<void> {
    return this.#do('unpause', async () => this.#handle.unpause(unpauseOptions(options)));
  }

  /** Returns a frozen description of the activity as the server knows it. */
  async describe(): Promise<DescriptionLike<Details>> {
    const include = { includeHeartbeatDetails: true, includeLastFailure: true };
    let description: ActivityExecutionDescription;
    try {
      description = await this.#handle.describe(include);
    } catch (error) {
      throw asOwnError(error, 'describe', this.activityId);
    }
    const clientSide = { cancellationType: this.#cancellationType };
    return (await descriptionOf(description, clientSide)) as DescriptionLike<Details>;
  }

  /**
   * Completes the activity with a result, even if no attempt is running. Rejects with
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

  /** Reports that the running attempt has stopped because of `cancel()`. */
  reportCancellation(details?: unknown): Promise<void> {
    return this.#do('reportCancellation', () =>
      this.#client.activity.reportCancellation(this.#id, details),
    );
  }

  /**
   * Starts the activity over from attempt 1, now or when the running attempt has ended without a
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
   * Changes options of the open activity. `undefined` keeps an option, and `null` restores its
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
