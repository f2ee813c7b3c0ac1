/** The caller of an activity. It owns the promise and settles it once. */
import { ignore } from '../../kernel/promises.js';
import { rejectionAtAwait } from '../../kernel/stack.js';

export class Caller {
  #resolve!: (result: unknown) => void;
  /** Whether the caller has its answer, or gets it after the last write to the store. */
  told = false;
  /**
   * Whether a user has the promise and so sees a failure. `run` returns it; a handle returns it only
   * from `result()`.
   */
  asked = true;
  #quiet = false;

  /** The promise that `run` and `result()` return. Made here, so that V8 needs no closure for it. */
  readonly result = new Promise<unknown>((resolve) => {
    this.#resolve = resolve;
  });

  ask(): void {
    this.asked = true;
  }

  /** Called by `start`, which returns a handle whose `result()` may never be called. */
  expectNobody(): void {
    this.asked = false;
  }

  /**
   * Keeps the host from reporting an unhandled rejection. The rejection is handled only when it
   * comes, because V8 knows who awaits a promise only while nothing else does.
   */
  keepQuiet(): void {
    this.#quiet = true;
  }

  /**
   * @param written resolves after the last write to the store, or rejects with the failure that the
   * caller gets instead; undefined if there is none
   */
  resolve(result: unknown, written: Promise<void> | undefined): void {
    if (this.told) return;
    this.told = true;
    if (written === undefined) this.#resolve(result);
    else {
      const fail = (failure: Error): void => this.#reject(failure);
      void written.then(() => this.#resolve(result), fail);
    }
  }

  /** @param failure called only if the caller has no answer yet */
  reject(failure: () => Error, written?: Promise<void>): void {
    if (this.told) return;
    this.told = true;
    const made = failure();
    if (written === undefined) this.#reject(made);
    else void written.then(() => this.#reject(made));
  }

  #reject(failure: Error): void {
    const rejection = rejectionAtAwait(failure, () => {
      if (this.#quiet) this.result.catch(ignore);
    });
    this.#resolve(rejection);
  }
}
