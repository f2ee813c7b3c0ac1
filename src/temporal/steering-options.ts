/** The options of a handle's operations, in the form that the client's requests take. */
import { badOption, checkNames, show } from '../kernel/bad-input.js';
import { durationMs } from '../kernel/duration.js';
import {
  RESET_NAMES,
  UNPAUSE_NAMES,
  type ResetOptions,
  type UnpauseOptions,
} from '../runtime/attempt/requests.js';
import type { Client } from './client-api.js';

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
  checkNames(options, RESET_NAMES);
  const { keepPaused = false, resetHeartbeat = false, restoreOriginalOptions = false } = options;
  const jitter = jitterMs(options);
  return {
    keepPaused,
    resetHeartbeat,
    restoreOriginalOptions,
    jitter: jitter === undefined ? null : protoDuration(jitter),
  };
}

/** What the client's `unpause` takes. */
export function unpauseOptions(options: UnpauseOptions): { readonly jitter?: number } {
  checkNames(options, UNPAUSE_NAMES);
  const jitter = jitterMs(options);
  return jitter === undefined ? {} : { jitter };
}

/** Its seconds are an int64, for which the encoder takes a number as well. */
function protoDuration(ms: number): ProtoDuration {
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1_000_000);
  return { seconds, nanos } as unknown as ProtoDuration;
}

/** @throws TypeError for what is no finite duration */
function jitterMs({ jitter }: UnpauseOptions): number | undefined {
  if (jitter === undefined) return undefined;
  const ms = durationMs(jitter, 'jitter');
  if (ms === Infinity) throw badOption('jitter', jitter, 'a finite duration');
  return ms;
}
