/** The handle of an activity in virtual time. */
import type { Execution } from '../runtime/activity/execution.js';
import { ActivityHandle } from '../runtime/handle.js';
import type { TimeSkipper } from './skipper.js';

/** A handle that lets time skip while its `result()` or `settled()` is pending. */
export class TestHandle<Result, Details> extends ActivityHandle<Result, Details> {
  readonly #execution: Execution;
  readonly #outcome: Promise<unknown>;
  readonly #skipper: TimeSkipper | undefined;

  constructor(execution: Execution, result: Promise<unknown>, skipper: TimeSkipper | undefined) {
    super(execution, result);
    this.#execution = execution;
    this.#outcome = result;
    this.#skipper = skipper;
  }

  override result(): Promise<Result> {
    this.#skipper?.awaitOutcome(this.#execution, this.#outcome);
    return super.result();
  }

  override settled(): Promise<void> {
    const settled = super.settled();
    this.#skipper?.awaitPromise(settled);
    return settled;
  }
}
