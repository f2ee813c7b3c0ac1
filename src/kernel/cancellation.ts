/** What counts as having stopped: one rule, for the runtime and for code that catches an error. */
import { CancelledFailure, TimeoutFailure } from './failures.js';

/** Names of errors, or of their classes, that say so. `CancelledFailure` is Temporal's too. */
const NAMES = new Set<unknown>([
  'CancelledFailure',
  'AbortError',
  'CanceledError',
  'CancelledError',
  'APIUserAbortError',
]);

/** Messages of errors that have neither a name nor a code: Effect's, and OpenAI's when minified. */
const MESSAGES = new Set<unknown>(['All fibers interrupted without error', 'Request was aborted.']);

const CODES = new Set<unknown>(['ABORT_ERR', 'ERR_CANCELED']);

/** How many values are looked at: an error of the user's own making may have causes without end. */
const LIMIT = 30_000;

/**
 * True if the error says that something stopped because it was told to: a `CancelledFailure`, an
 * error that libraries throw when their signal aborts (`AbortError`, `CanceledError`, the codes
 * `ABORT_ERR` and `ERR_CANCELED`), or an error that holds one of these as a cause, among the
 * `errors` of an `AggregateError`, or in a `SuppressedError`. It looks through `ActivityFailure`.
 */
export function isCancellation(error: unknown): boolean {
  const found = new Set([error]);
  let left = LIMIT;
  // Grows while it is walked; a value that is met again is not walked again.
  for (const one of found) {
    if (--left < 0) return false;
    if (typeof one !== 'object' || one === null) continue;
    const name = read(one, 'name');
    if (one instanceof CancelledFailure || NAMES.has(name)) return true;
    if (CODES.has(read(one, 'code')) || MESSAGES.has(read(one, 'message'))) return true;
    if (NAMES.has(read(read(one, 'constructor'), 'name'))) return true; // OpenAI sets no name
    if (one instanceof TimeoutFailure) continue; // its cause is what happened before
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
