/** What can be read of whatever was thrown: it may be the user's own in every respect. */
import type { Duration } from './duration.js';
import { KIND } from './failure.js';
import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  type TimeoutType,
} from './failures.js';

/**
 * Whether an error is a timeout (of the given type), either itself or as the cause of an
 * `ActivityFailure`.
 */
export function isTimeout(error: unknown, timeoutType?: TimeoutType): boolean {
  const reason = error instanceof ActivityFailure ? error.cause : error;
  return (
    reason instanceof TimeoutFailure &&
    (timeoutType === undefined || reason.timeoutType === timeoutType)
  );
}

/** The one gate from a thrown value to a failure: an Error passes as it is, all else is wrapped. */
export function ensureError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new ApplicationFailure(`An activity threw ${describeThrown(thrown)}, not an Error`, {
    details: [thrown],
  });
}

/** What an ApplicationFailure says of its retry; nothing if it cannot be read, and of what is none. */
export function retryWishes(failure: Error): {
  readonly nonRetryable?: boolean;
  readonly nextRetryDelay?: Duration | undefined;
  readonly benign?: boolean;
} {
  try {
    if (!(failure instanceof ApplicationFailure)) return {};
    const { nonRetryable, nextRetryDelay, category } = failure;
    return { nonRetryable, nextRetryDelay, benign: category === 'BENIGN' };
  } catch {
    return {}; // an error of the user's own making
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    const { message }: { readonly message: unknown } = ensureError(thrown);
    return String(message);
  } catch {
    return 'an error whose message cannot be read';
  }
}

/** The name of an error's class, which for those of this file no minifier changes. */
export function classNameOf(error: Error): unknown {
  const prototype = Object.getPrototypeOf(error) as { [KIND]?: string } | null;
  if (prototype !== null && Object.hasOwn(prototype, KIND)) return prototype[KIND];
  return (error as { constructor?: { name?: unknown } }).constructor?.name;
}

/** Also one of another realm, such as a test framework's sandbox. */
export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  } catch {
    return false; // a revoked proxy, a getter that throws
  }
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return JSON.stringify(shortened(thrown));
  try {
    return shortened(String(thrown));
  } catch {
    return 'an object';
  }
}

/** The whole is in `details`. */
function shortened(text: string): string {
  return text.length > 1_000 ? `${text.slice(0, 997)}...` : text;
}
