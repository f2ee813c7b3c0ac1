/** Heartbeat details as JSON, the form in which Temporal keeps them. */
import { show } from '../../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { copyDetails, showStep } from './copy.js';
import { DEFAULT_MAX_DETAILS_BYTES } from './size.js';

/**
 * Copies details the way JSON would, so the next attempt finds the same. Only -0 becomes 0 later.
 *
 * @throws HeartbeatDetailsError with the path of the first value that JSON would lose or change
 */
export function jsonDetails(details: unknown): unknown {
  const { value } = copyDetails(details, undefined, DEFAULT_MAX_DETAILS_BYTES);
  keepJson(value, 'details');
  return value;
}

/** Refuses values that JSON cannot hold, and removes the fields that JSON leaves out. */
function keepJson(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || (!isList && Object.getPrototypeOf(value) !== Object.prototype)) {
    const what = typeof value === 'object' ? show(value) : typeof value;
    throw new HeartbeatDetailsError(`${path}: ${what}; on Temporal, details must be JSON`, {
      path,
    });
  }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined && !isList) Reflect.deleteProperty(value, key);
    else keepJson(item, path + showStep(isList ? Number(key) : key));
  }
}
