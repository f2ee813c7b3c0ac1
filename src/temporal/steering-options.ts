/** Turns the options of a handle's operations into the client's requests. */
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

/** The fields of a reset request that come from the options. */
export function resetRequest(
  options: ResetOptions,
): Pick<ResetRequest, 'keepPaused' | 'resetHeartbeat' | 'restoreOriginalOptions' | 'jitter'> {
  const { jitterMs, ...flags } = readReset(options);
  return { ...flags, jitter: jitterMs === 0 ? null : protoDuration(jitterMs) };
}

/** The options for the client's `unpause`. */
export function unpauseOptions(options: UnpauseOptions): { readonly jitter?: number } {
  const jitter = readUnpause(options);
  return jitter === 0 ? {} : { jitter: serverMs(jitter) };
}

/** The seconds are an int64, but the encoder takes a number too. */
function protoDuration(duration: number): ProtoDuration {
  const ms = serverMs(duration);
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1_000_000);
  return { seconds, nanos } as unknown as ProtoDuration;
}
