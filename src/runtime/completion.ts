/** Completes attempts from outside, by their task tokens. */
import { badOption, isBytes } from '../kernel/bad-input.js';
import { ActivityNotFoundError } from '../kernel/errors.js';
import { rejectable } from '../kernel/stack.js';
import * as outside from './activity/outside.js';
import type { Execution } from './activity/execution.js';
import { tokenText } from './shared/ids.js';

/**
 * Completes attempts from outside the function, by their `ctx.info.taskToken` as text or bytes.
 * Every method rejects with a `TypeError` for anything else, and with `ActivityNotFoundError` if
 * the attempt has ended.
 */
export class Completion {
  readonly #tokens: ReadonlyMap<string, object>;

  /** @internal */
  constructor(tokens: ReadonlyMap<string, object>) {
    this.#tokens = tokens;
  }

  /** Completes the activity with a result. */
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void> {
    return this.#act(this.complete, taskToken, (execution) => outside.complete(execution, result));
  }

  /** Fails the attempt as if its function had thrown the error: the retry policy decides. */
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void> {
    return this.#act(this.fail, taskToken, (execution) => outside.failAttempt(execution, error));
  }

  /**
   * Heartbeats for the attempt, and reports the details at once. Rejects with a `CancelledFailure`
   * if the attempt should stop. The details are kept in that case too.
   */
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act(this.heartbeat, taskToken, (execution) =>
      outside.heartbeat(execution, details),
    );
  }

  /**
   * Reports that the attempt has stopped because the activity was cancelled. This closes the
   * activity. Rejects with an `ActivityStateError` if the activity was not asked to cancel.
   */
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act(this.reportCancellation, taskToken, (execution) =>
      outside.reportCancellation(execution, details),
    );
  }

  /** Acts at once. An error becomes a rejection. */
  #act(
    called: object,
    taskToken: string | Uint8Array,
    act: (execution: Execution) => void,
  ): Promise<void> {
    return rejectable(called, () => {
      act(this.#execution(taskToken));
      return Promise.resolve();
    });
  }

  #execution(taskToken: unknown): Execution {
    if (typeof taskToken !== 'string' && !isBytes(taskToken)) {
      throw badOption('taskToken', taskToken, 'the ctx.info.taskToken of a running attempt');
    }
    const execution = this.#tokens.get(tokenText(taskToken)) as Execution | undefined;
    // The token is a secret, so the message does not repeat it.
    if (execution === undefined) {
      throw new ActivityNotFoundError(
        'No running attempt has this task token; it has ended, or the token is wrong',
      );
    }
    return execution;
  }
}
