/** Heartbeats of activities that were written for Temporal and run on systole. */
import { HeartbeatDetailsError } from '../kernel/errors.js';
import { messageOf } from '../kernel/thrown.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { heartbeatForTemporal } from '../runtime/context/heartbeat-origin.js';

/**
 * Heartbeats with details that have gone through JSON, as on their way to a server. Without details,
 * the last ones are kept.
 *
 * @throws HeartbeatDetailsError for details that JSON cannot hold
 */
export function heartbeat(ctx: ActivityContext, details: unknown): void {
  const kept = details === undefined ? undefined : throughJson(details);
  heartbeatForTemporal(() => {
    ctx.heartbeat(kept);
  });
}

function throughJson(details: unknown): unknown {
  if (details instanceof Uint8Array) return details;
  const text = json(details);
  if (text !== undefined) return JSON.parse(text) as unknown;
  throw new HeartbeatDetailsError(`details: JSON cannot hold a ${typeof details}`, {
    path: 'details',
  });
}

function json(details: unknown): string | undefined {
  try {
    return JSON.stringify(details);
  } catch (cause) {
    throw new HeartbeatDetailsError(`details: ${messageOf(cause)}`, { path: 'details', cause });
  }
}
