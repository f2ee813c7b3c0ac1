/** The caller of an activity: its promise, which is settled once, and nowhere else. */
import type { ActivityFailure } from '../../kernel/failures.js';
import { ignore } from '../../kernel/promises.js';
import { rejectionAtAwait } from '../../kernel/stack.js';

export class Caller {
  #resolve!: (result: unknown) => void;
  /** Whether the caller has its answer, or will have it after the last write to the store. */
  told = false;
  /**
   * Whether somebody has the promise, and so hears of a failure: `run` gives it out, a handle only
   * when it is asked for the result.
   */
  asked = true;
  #quiet = false;

  /** What `run` and `result()` give. A field initialiser, so that V8 needs no closure for it. */
  readonly result = new Promise<unknown>((resolve) => {
    this.#resolve = resolve;
  });

  ask(): void {
    this.asked = true;
  }

  /** `start` returns a handle, which may never be asked. */
  expectNobody(): void {
    this.asked = false;
  }

  /**
   * A rejection that nobody handles is not the host's to report. This handles it only when it comes:
   * V8 tells who awaits a promise as long as nothing else waits for it.
   */
  keepQuiet(): void {
    this.#quiet = true;
  }

  /** @param written settles after the last write to the store; undefined if none is under way */
  resolve(result: unknown, written: Promise<void> | undefined): void {
    if (this.told) return;
    this.told = true;
    if (written === undefined) this.#resolve(result);
    else void written.then(() => this.#resolve(result));
  }

  /** @param failure made only if nobody has told the caller before */
  reject(failure: () => ActivityFailure, written?: Promise<void>): void {
    if (this.told) return;
    this.told = true;
    const made = failure();
    if (written === undefined) this.#reject(made);
    else void written.then(() => this.#reject(made));
  }

  #reject(failure: ActivityFailure): void {
    const rejection = rejectionAtAwait(failure, () => {
      if (this.#quiet) this.result.catch(ignore);
    });
    this.#resolve(rejection);
  }
}
