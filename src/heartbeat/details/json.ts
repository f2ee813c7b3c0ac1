/** Heartbeat details as Temporal keeps them: JSON. */
import { show } from '../../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { copyDetails, showStep } from './copy.js';
import { DEFAULT_MAX_DETAILS_BYTES } from './size.js';

/**
 * A copy of the details, as the next attempt will find them; only -0 is 0 then.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept, or that JSON
 * would lose or change
 */
export function jsonDetails(details: unknown): unknown {
  const { value } = copyDetails(details, undefined, DEFAULT_MAX_DETAILS_BYTES);
  keepJson(value, 'details');
  return value;
}

/** Refuses what JSON lacks in a copy, and takes out the fields that JSON leaves out. */
function keepJson(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || (!isList && Object.getPrototypeOf(value) !== Object.prototype)) {
    const what = typeof value === 'object' ? show(value) : typeof value;
    throw new HeartbeatDetailsError(`${path}: ${what}; on Temporal details are JSON`, { path });
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined && !isList) Reflect.deleteProperty(value, key);
    else keepJson(item, path + showStep(isList ? Number(key) : key));
  }
}
