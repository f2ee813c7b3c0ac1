/** Heartbeat details as Temporal keeps them: JSON. */
import { show } from '../../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { copyDetails, showStep } from './copy.js';
import { DEFAULT_MAX_DETAILS_BYTES, tooLarge } from './size.js';

/**
 * A copy of the details, as the next attempt will find them; only -0 is 0 then.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept, or that JSON
 * would lose or change
 */
export function jsonDetails(details: unknown): unknown {
  const { value, size } = copyDetails(details, undefined, DEFAULT_MAX_DETAILS_BYTES);
  if (size > DEFAULT_MAX_DETAILS_BYTES)
    throw tooLarge(`more than ${size}`, DEFAULT_MAX_DETAILS_BYTES);
  return inJson(value, 'details');
}

/** `value` is part of a copy: reading it does not throw, and it ends. */
function inJson(value: unknown, path: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw refused(typeof value, path);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => inJson(item, path + showStep(index)));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) throw refused(show(value), path);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined) // JSON leaves it out, and reading it gives the same
      .map(([key, item]) => [key, inJson(item, path + showStep(key))]),
  );
}

function refused(what: string, path: string): HeartbeatDetailsError {
  return new HeartbeatDetailsError(`${path}: ${what}; on Temporal details are JSON`, { path });
}
