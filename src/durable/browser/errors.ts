/** Says what is wrong with a database of a browser, in words that tell what to do. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { quote } from '../../kernel/text.js';
import { messageOf } from '../../kernel/thrown.js';

const FORBIDDEN =
  'cannot be opened: the settings of the browser, a private window or a sandboxed frame may ' +
  'forbid it';

/** The errors of IndexedDB that a user can do something about. */
const ADVICE: Readonly<Record<string, string>> = {
  QuotaExceededError:
    'cannot grow, because the disk is full or this site may not store more: make room, and ' +
    'writing continues by itself',
  SecurityError: FORBIDDEN,
  InvalidStateError: FORBIDDEN,
  UnknownError: 'cannot be read or written: the browser says no more than this',
};

/** Makes the error of the store from an error of IndexedDB. */
export function databaseError(name: string, cause: unknown): HeartbeatStoreError {
  if (cause instanceof HeartbeatStoreError) return cause;
  const advice = ADVICE[nameOf(cause) ?? ''];
  const what = advice === undefined ? `: ${messageOf(cause)}` : ` ${advice} (${messageOf(cause)})`;
  return new HeartbeatStoreError(`The database ${quote(name)}${what}`, { cause });
}

/** The name of an error of IndexedDB. Some are no longer instances of DOMException. */
export function nameOf(cause: unknown): string | undefined {
  const name = (cause as { readonly name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : undefined;
}
