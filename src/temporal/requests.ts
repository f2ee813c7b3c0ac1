/** What a handle is asked for, as the client's requests have it. */
import { show } from '../bad-input.js';
import { durationMs } from '../duration.js';
import type { OptionsPatch } from '../runtime/options-patch.js';
import { resolveRetryPolicy } from '../retry/policy.js';
import type { ActivityOptionsUpdate, Client } from './client-api.js';
import { retryPolicy, unsupported } from './start-options.js';

export function asText(reason: unknown, otherwise: string): string {
  if (reason === undefined) return otherwise;
  if (reason instanceof Error) return reason.message;
  return typeof reason === 'string' ? reason : show(reason);
}

type ProtoDuration = NonNullable<
  NonNullable<Parameters<Client['workflowService']['resetActivityExecution']>[0]>['jitter']
>;

/** Its seconds are an int64, for which the encoder takes a number as well. */
export function protoDuration(ms: number): ProtoDuration {
  const seconds = Math.floor(ms / 1_000);
  const nanos = Math.round((ms - seconds * 1_000) * 1_000_000);
  return { seconds, nanos } as unknown as ProtoDuration;
}

export function optionsUpdate(patch: OptionsPatch): ActivityOptionsUpdate {
  const { progressTimeout, retryPolicy: policy, priority, ...timeouts } = patch;
  if (progressTimeout !== undefined && progressTimeout !== null) {
    throw unsupported('progressTimeout', 'use startToCloseTimeout');
  }
  const update: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(timeouts as Record<string, unknown>)) {
    if (value === undefined) continue;
    update[name] = value === null ? null : durationMs(value, name) || null;
  }
  if (policy !== undefined) {
    update['retry'] = policy === null ? null : retryPolicy(resolveRetryPolicy(policy));
  }
  if (priority !== undefined) {
    update['priority'] = priority === null ? null : { priorityKey: priority };
  }
  return update;
}
