/** What has been asked of an activity while an attempt runs, and waits for the attempt's answer. */
import { CancelledFailure } from '../../kernel/failures.js';
import type { ResolvedReset } from '../options/steering-options.js';

/** A reset that waits for the running attempt to end. */
export interface ResetRequest {
  readonly failure: CancelledFailure;
  readonly options: ResolvedReset;
  readonly delayMs: number;
}

export class Requests {
  #cancel: CancelledFailure | undefined;
  #reset: ResetRequest | undefined;
  #pause: CancelledFailure | undefined;

  get cancel(): CancelledFailure | undefined {
    return this.#cancel;
  }

  get reset(): ResetRequest | undefined {
    return this.#reset;
  }

  get pause(): CancelledFailure | undefined {
    return this.#pause;
  }

  askToCancel(request: CancelledFailure): void {
    this.#cancel = request;
  }

  askToReset(request: ResetRequest): void {
    this.#reset = request;
  }

  /** @param request undefined: the attempt is not asked to pause any more */
  askToPause(request: CancelledFailure | undefined): void {
    this.#pause = request;
  }

  /** What the function is to hear, of several: cancel before reset before pause. */
  get first(): CancelledFailure | undefined {
    return this.cancel ?? this.reset?.failure ?? this.pause;
  }

  /** All of them, for `cancellationDetails`. */
  get all(): CancelledFailure[] {
    return [this.cancel, this.reset?.failure, this.pause].filter((one) => one !== undefined);
  }
}

/** The reason delivered for a request. */
export function requested(
  reason: 'CANCELLED' | 'PAUSED' | 'RESET' | 'WORKER_SHUTDOWN' | 'NOT_FOUND',
  cause: unknown,
): CancelledFailure {
  return new CancelledFailure(reason, cause === undefined ? {} : { cause });
}
