/** Completes attempts on Temporal from outside, by their task tokens. */
import { badOption, checkResult, isBytes } from '../kernel/bad-input.js';
import type { CompletionLike } from '../runtime/runner.js';
import type { Client } from './client-api.js';
import { asOwnError } from './client-errors.js';
import { toTemporalFailure } from './to-temporal-failure.js';

/**
 * Completes attempts on Temporal by their `ctx.info.taskToken`, as text or as bytes. Every method
 * rejects with `ActivityNotFoundError` if the attempt has ended.
 */
export class TemporalCompletion implements CompletionLike {
  readonly #client: Client;

  /** @internal */
  constructor(client: Client) {
    this.#client = client;
  }

  /** Completes the activity with a result. */
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void> {
    return this.#act('complete', taskToken, (token) => {
      checkResult(result);
      return this.#client.activity.complete(token, result);
    });
  }

  /** Fails the attempt as if its function had thrown the error: the retry policy decides. */
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void> {
    return this.#act('fail', taskToken, (token) =>
      this.#client.activity.fail(token, toTemporalFailure(error)),
    );
  }

  /**
   * Heartbeats for the attempt; rejects with a `CancelledFailure` if it should stop. The details
   * are required: without them, the server would erase the last ones.
   */
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act('heartbeat', taskToken, (token) => {
      if (details === undefined) {
        throw badOption(
          'completion.heartbeat details',
          details,
          'details, because Temporal would erase the last ones; handle.heartbeat() keeps them',
        );
      }
      return this.#client.activity.heartbeat(token, details);
    });
  }

  /** Reports that the attempt has stopped because the activity was cancelled. */
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act('reportCancellation', taskToken, (token) =>
      this.#client.activity.reportCancellation(token, details),
    );
  }

  async #act(
    operation: string,
    taskToken: unknown,
    act: (token: Uint8Array) => Promise<void>,
  ): Promise<void> {
    if (typeof taskToken !== 'string' && !isBytes(taskToken)) {
      throw badOption('taskToken', taskToken, 'the ctx.info.taskToken of a running attempt');
    }
    try {
      const token = typeof taskToken === 'string' ? Buffer.from(taskToken, 'base64') : taskToken;
      await act(Uint8Array.from(token));
    } catch (error) {
      throw asOwnError(error, operation);
    }
  }
}
