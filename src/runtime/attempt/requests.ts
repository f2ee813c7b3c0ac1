/** What has been asked of an activity while an attempt runs, and waits for the attempt's answer. */
import type { OptionNames } from '../../kernel/bad-input.js';
import type { Duration } from '../../kernel/duration.js';
import { CancelledFailure } from '../../kernel/failures.js';

/** How a reset is done. */
export interface ResetOptions {
  /** A paused activity stays so. Default false: a reset unpauses. */
  readonly keepPaused?: boolean | undefined;
  /** Forgets the heartbeat details. Default false. */
  readonly resetHeartbeat?: boolean | undefined;
  /** Longest random delay of the attempt, as of `unpause`. */
  readonly jitter?: Duration | undefined;
  /** Puts back the options as they were scheduled. Default false. */
  readonly restoreOriginalOptions?: boolean | undefined;
}

/** How an activity is unpaused. */
export interface UnpauseOptions {
  /** Longest random delay before the attempt. Default 0. */
  readonly jitter?: Duration | undefined;
}

export const UNPAUSE_NAMES: OptionNames = {
  of: 'unpause',
  example: "{ jitter: '1s' }",
  known: new Set(['jitter']),
};

export const RESET_NAMES: OptionNames = {
  of: 'reset',
  example: "{ jitter: '1s' }",
  known: new Set(['keepPaused', 'resetHeartbeat', 'jitter', 'restoreOriginalOptions']),
};

/** A reset that waits for the running attempt to end. */
export interface ResetRequest {
  readonly failure: CancelledFailure;
  readonly options: ResetOptions;
  readonly delayMs: number;
}

export class Requests {
  cancel: CancelledFailure | undefined;
  reset: ResetRequest | undefined;
  pause: CancelledFailure | undefined;

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
