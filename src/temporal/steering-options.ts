/** The options of a handle's operations, in the form that the client's requests take. */
import { show } from '../kernel/bad-input.js';
import {
  readReset,
  readUnpause,
  type ResetOptions,
  type UnpauseOptions,
} from '../runtime/options/steering-options.js';
import type { Client } from './client-api.js';
import { serverMs } from './duration.js';

export function asText(reason: unknown, otherwise: string): string {
  if (reason === undefined) return otherwise;
  if (reason instanceof Error) return reason.message;
  return typeof reason === 'string' ? reason : show(reason);
}

type ResetRequest = NonNullable<Parameters<Client['workflowService']['resetActivityExecution']>[0]>;
type ProtoDuration = NonNullable<ResetRequest['jitter']>;

/** The part of a reset request that the options make. */
export function resetRequest(
  options: ResetOptions,
): Pick<ResetRequest, 'keepPaused' | 'resetHeartbeat' | 'restoreOriginalOptions' | 'jitter'> {
  const { jitterMs, ...flags } = readReset(options);
  return { ...flags, jitter: jitterMs === 0 ? null : protoDuration(jitterMs) };
}

/** What the client's `unpause` takes. */
export function unpauseOptions(options: UnpauseOptions): { readonly jitter?: number } {
  const jitter = readUnpause(options);
  return jitter === 0 ? {} : { jitter: serverMs(jitter) };
}

/** Its seconds are an int64, for which the encoder takes a number as well. */
function protoDuration(duration: number): ProtoDuration {
  const ms = serverMs(duration);
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1_000_000);
  return { seconds, nanos } as unknown as ProtoDuration;
}
