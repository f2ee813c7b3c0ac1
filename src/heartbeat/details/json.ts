/** Heartbeat details as Temporal keeps them: JSON. */
import { show } from '../../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../../kernel/failures.js';
import { copyDetails } from './copy.js';

/**
 * A copy of the details, as the next attempt will find them; only -0 is 0 then.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept, or that JSON
 * would lose or change
 */
export function jsonDetails(details: unknown): unknown {
  const { value } = copyDetails(details, () => undefined);
  return inJson(value, 'details', []);
}

/** @param value of a copy: reading it does not throw, and it is not nested deeply */
function inJson(value: unknown, path: string, open: readonly object[]): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw refused(value, path);
  if (open.includes(value)) throw refusedAs('a cycle', path);
  const within = [...open, value];
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => inJson(item, `${path}[${index}]`, within));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) throw refused(value, path);
  const copied: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    // JSON leaves it out, and reading it gives the same.
    if (item !== undefined) copied[key] = inJson(item, `${path}.${key}`, within);
  }
  return copied;
}

function refused(value: unknown, path: string): HeartbeatDetailsError {
  return refusedAs(typeof value === 'object' ? show(value) : typeof value, path);
}

function refusedAs(what: string, path: string): HeartbeatDetailsError {
  return new HeartbeatDetailsError(`${path}: ${what}; on Temporal details are JSON`, { path });
}
