/** Whether a runtime is shutting down, and the signal that says so. */
import { abortQuietly } from '../context/interruption.js';

export class ShutdownState {
  begun = false;
  #controller: AbortController | undefined;

  /** `ctx.shutdownSignal`. Made when first read. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.begun && !this.#controller.signal.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  begin(): void {
    this.begun = true;
    abortQuietly(this.#controller);
  }
}
