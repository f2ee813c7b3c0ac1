/** Whether a runtime is shutting down, and its shutdown signal. */
import { CancelledFailure } from '../../kernel/failures.js';
import { abortQuietly } from '../context/interruption.js';

export class ShutdownState {
  /** Why activities should stop; undefined until the shutdown has begun. */
  reason: CancelledFailure | undefined;
  #controller: AbortController | undefined;

  get begun(): boolean {
    return this.reason !== undefined;
  }

  /** The signal behind `ctx.shutdownSignal`. Made when first read. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.begun && !this.#controller.signal.aborted) this.#controller.abort(this.reason);
    return this.#controller.signal;
  }

  begin(): void {
    this.reason = new CancelledFailure('WORKER_SHUTDOWN');
    abortQuietly(this.#controller, this.reason);
  }
}
