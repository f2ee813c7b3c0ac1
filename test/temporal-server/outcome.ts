/** How an activity ended, in the same form for every door. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from 'systole';

export interface PlainFailure {
  readonly class: string;
  readonly message?: string | undefined;
  readonly type?: string | undefined;
  readonly nonRetryable?: boolean;
  readonly details?: readonly unknown[];
  readonly category?: string | undefined;
  readonly nextRetryDelay?: unknown;
  readonly timeoutType?: string;
  readonly lastHeartbeatDetails?: unknown;
  readonly cause?: PlainFailure | string | undefined;
}

export type Outcome =
  | { readonly value: unknown }
  | {
      readonly failed: PlainFailure;
      readonly attempt: number;
      readonly retryState: string | undefined;
    };

export async function outcomeOf(result: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await result };
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { attempt, retryState, cause } = error;
    return { failed: plain(cause), attempt, retryState };
  }
}

/** A class of systole's. Any other error is `original`. */
export function plain(error: unknown): PlainFailure {
  if (error instanceof ApplicationFailure) {
    const { message, type, nonRetryable, details, category, nextRetryDelay } = error;
    return withCause(error, {
      class: 'ApplicationFailure',
      message,
      // An empty string in the protocol means none.
      type: type === '' ? undefined : type,
      nonRetryable,
      details: [...details],
      category,
      nextRetryDelay,
    });
  }
  if (error instanceof TimeoutFailure) {
    const { timeoutType, lastHeartbeatDetails } = error;
    // Here the message also says how long the timeout is.
    const message = error.message.replace(/ after \d+ ms$/, '');
    const fields = { message, timeoutType, lastHeartbeatDetails };
    return withCause(error, { class: 'TimeoutFailure', ...fields });
  }
  if (error instanceof CancelledFailure) {
    return withCause(error, { class: 'CancelledFailure', message: error.message });
  }
  if (error instanceof TerminatedFailure) {
    return { class: 'TerminatedFailure', message: error.message };
  }
  if (error instanceof Error) {
    return { class: 'original', message: error.message, type: error.constructor.name };
  }
  return { class: 'original', message: String(error) };
}

function withCause(error: Error, failure: PlainFailure): PlainFailure {
  const { cause } = error;
  if (cause === undefined) return failure;
  return { ...failure, cause: typeof cause === 'string' ? cause : plain(cause) };
}
