/** What the caller of an activity on Temporal is told: how it ended, or that it was cancelled. */
import { CancelledFailure } from '../kernel/failures.js';
import { Deferred, ignore } from '../kernel/promises.js';
import { activityFailure } from '../runtime/activity/failure-messages.js';
import type { CancellationType } from '../runtime/options/activity-options.js';
import {
  ActivityExecutionFailedError,
  type ActivityExecutionDescription,
  type Client,
  type ClientHandle,
} from './client-api.js';
import { asOwnError, isFailedPrecondition } from './client-errors.js';
import { lastAttempt, NO_REASON, outcomeOf } from './outcome.js';
import { asText } from './steering-options.js';

export class Caller<Result> {
  readonly #client: Client;
  readonly #handle: ClientHandle<Result>;
  readonly #cancelled = new Deferred<never>();
  readonly #stopWaiting = new AbortController();
  #result: Promise<Result> | undefined;
  /** A request to cancel that is under way: the activity may end before the server answers it. */
  #asking: Promise<void> | undefined;

  constructor(client: Client, handle: ClientHandle<Result>) {
    this.#client = client;
    this.#handle = handle;
    this.#cancelled.promise.catch(ignore);
  }

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
        throw asOwnError(error, 'result', this.#handle.activityId);
      }
      throw outcomeOf(this.#client, await this.#handle.describe(), error.cause);
    }
  }

  /** Asks the server to cancel the activity. `'ABANDON'` asks for nothing and ends the wait only. */
  cancel(reason: unknown, type: CancellationType): Promise<void> {
    const asking = this.#request(reason, type);
    this.#asking = asking.catch(ignore);
    return asking;
  }

  async #request(reason: unknown, type: CancellationType): Promise<void> {
    try {
      const description = await this.#handle.describe();
      if (description.closeTime !== undefined) return;
      if (type !== 'ABANDON') await this.#handle.cancel(asText(reason, NO_REASON));
      if (type !== 'WAIT_CANCELLATION_COMPLETED') this.#stop(description, reason);
    } catch (error) {
      if (isFailedPrecondition(error)) return; // the activity has closed, or was cancelled before
      throw asOwnError(error, 'cancel', this.#handle.activityId);
    }
  }

  /** Rejects the result at once, whatever the function does afterwards. */
  #stop(description: ActivityExecutionDescription, reason: unknown): void {
    const { activityId, activityType } = description;
    const attempt = lastAttempt(description);
    const cause = new CancelledFailure('CANCELLED', reason === undefined ? {} : { cause: reason });
    this.#cancelled.reject(
      activityFailure('CANCELED', cause, 'CANCEL_REQUESTED', { activityId, activityType, attempt }),
    );
    this.#stopWaiting.abort();
  }
}
