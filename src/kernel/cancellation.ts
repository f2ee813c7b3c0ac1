/** Decides which errors count as a cancellation, for the runtime and for code that catches errors. */
import { CancelledFailure, TimeoutFailure } from './failures.js';

/** Names of errors or of their classes. Temporal has a `CancelledFailure` too. */
const NAMES = new Set<unknown>([
  'CancelledFailure',
  'AbortError',
  'CanceledError',
  'CancelledError',
  'APIUserAbortError',
]);

/** Messages of errors without a name or code: Effect's, and OpenAI's when minified. */
const MESSAGES = new Set<unknown>(['All fibers interrupted without error', 'Request was aborted.']);

const CODES = new Set<unknown>(['ABORT_ERR', 'ERR_CANCELED']);

/** The most values that are looked at. The user's own error may have endless causes. */
const LIMIT = 30_000;

declare const CANCELLATION: unique symbol;

/** An error for which `isCancellation` is true. */
export interface Cancellation extends Error {
  /**
   * A mark for the compiler. No error has it at run time. Where `isCancellation` is false, an `Error`
   * stays an `Error`.
   */
  readonly [CANCELLATION]: true;
}

/**
 * Whether an error means that something stopped because it was told to. That is a
 * `CancelledFailure`, an error that libraries throw when their signal aborts (`AbortError`,
 * `CanceledError`, the codes `ABORT_ERR` and `ERR_CANCELED`), or an error that contains one of these
 * as a cause, in the `errors` of an `AggregateError`, or in a `SuppressedError`. It looks inside an
 * `ActivityFailure` too.
 */
export function isCancellation(error: unknown): error is Cancellation {
  const found = new Set([error]);
  let left = LIMIT;
  // The set grows during the loop. Each value is looked at once.
  for (const one of found) {
    if (--left < 0) return false;
    if (typeof one !== 'object' || one === null) continue;
    const name = read(one, 'name');
    if (one instanceof CancelledFailure || NAMES.has(name)) return true;
    if (CODES.has(read(one, 'code')) || MESSAGES.has(read(one, 'message'))) return true;
    if (NAMES.has(read(read(one, 'constructor'), 'name'))) return true; // OpenAI sets no name
    if (one instanceof TimeoutFailure) continue; // its cause is an earlier failure
    found.add(read(one, 'cause'));
    if (name === 'SuppressedError') found.add(read(one, 'error')).add(read(one, 'suppressed'));
    const errors = read(one, 'errors');
    if (!isArray(errors)) continue;
    const length = Number(read(errors, 'length'));
    for (let index = 0; index < length && --left >= 0; index++) found.add(read(errors, index));
  }
  return false;
}

function read(value: unknown, key: string | number): unknown {
  try {
    return (value as Record<string | number, unknown> | undefined)?.[key];
  } catch {
    return undefined; // a getter that throws, a revoked proxy
  }
}

function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false; // a revoked proxy
  }
}
