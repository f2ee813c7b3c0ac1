/** The requests that came while an attempt runs and that wait for its answer. */
import { CancelledFailure } from '../../kernel/failures.js';
import type { ResolvedReset } from '../options/steering-options.js';

/** A reset that waits for the running attempt to end. */
export interface ResetRequest {
  readonly failure: CancelledFailure;
  readonly options: ResolvedReset;
  readonly delayMs: number;
}

export interface Requests {
  readonly cancel?: CancelledFailure | undefined;
  readonly reset?: ResetRequest | undefined;
  readonly pause?: CancelledFailure | undefined;
}

/** The reasons for the function, the most important first: cancel, then reset, then pause. */
export function reasonsOf({ cancel, reset, pause }: Requests): CancelledFailure[] {
  return [cancel, reset?.failure, pause].filter((one) => one !== undefined);
}

/** Makes the reason that is delivered for a request. */
export function requested(
  reason: 'CANCELLED' | 'PAUSED' | 'RESET' | 'WORKER_SHUTDOWN' | 'NOT_FOUND',
  cause: unknown,
): CancelledFailure {
  return new CancelledFailure(reason, cause === undefined ? {} : { cause });
}
