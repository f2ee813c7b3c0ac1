/** Completing attempts from outside, for whoever was given a task token. */
import { badOption, isBytes } from '../kernel/bad-input.js';
import { ActivityNotFoundError } from '../kernel/failures.js';
import * as outside from './activity/outside.js';
import type { Execution } from './activity/execution.js';
import { tokenText } from './shared/ids.js';

/**
 * Speaks for a running attempt by its `ctx.info.taskToken`, or by the token's bytes. Every call
 * rejects with a `TypeError` for anything else, and with `ActivityNotFoundError` if the attempt has
 * ended.
 */
export class Completion {
  readonly #tokens: ReadonlyMap<string, object>;

  /** @internal */
  constructor(tokens: ReadonlyMap<string, object>) {
    this.#tokens = tokens;
  }

  /** Completes the activity with a result. */
  complete(taskToken: string | Uint8Array, result?: unknown): Promise<void> {
    return this.#act(taskToken, (execution) => outside.complete(execution, result));
  }

  /** As if the attempt had thrown it: the retry policy decides. */
  fail(taskToken: string | Uint8Array, error: unknown): Promise<void> {
    return this.#act(taskToken, (execution) => outside.failAttempt(execution, error));
  }

  /** Says that the attempt is alive; rejects with the `CancelledFailure` if it is to stop. */
  heartbeat(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act(taskToken, (execution) => outside.heartbeat(execution, details));
  }

  /** Says that the attempt has stopped, after the activity was asked to. */
  reportCancellation(taskToken: string | Uint8Array, details?: unknown): Promise<void> {
    return this.#act(taskToken, (execution) => outside.reportCancellation(execution, details));
  }

  /** At once; what it throws is a rejection. */
  #act(taskToken: string | Uint8Array, act: (execution: Execution) => void): Promise<void> {
    return new Promise((resolve) => {
      act(this.#execution(taskToken));
      resolve();
    });
  }

  #execution(taskToken: unknown): Execution {
    if (typeof taskToken !== 'string' && !isBytes(taskToken)) {
      throw badOption('taskToken', taskToken, 'the ctx.info.taskToken of a running attempt');
    }
    const execution = this.#tokens.get(tokenText(taskToken)) as Execution | undefined;
    // The token is a secret, so the message does not repeat it.
    if (execution === undefined) {
      throw new ActivityNotFoundError('No running attempt has this task token');
    }
    return execution;
  }
}
