/** What a handle is asked for, as the client's requests have it. */
import { badOption, show } from '../kernel/bad-input.js';
import { durationMs } from '../kernel/duration.js';
import { resolveOptions } from '../runtime/options/activity-options.js';
import { checkPatch, type OptionsPatch } from '../runtime/options/patch.js';
import type { UnpauseOptions } from '../runtime/attempt/requests.js';
import type { ActivityOptionsUpdate, Client } from './client-api.js';
import { refuseUnsupported, retryPolicy } from './start-options.js';

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

/** @throws TypeError for what is no finite duration */
export function jitterMs({ jitter }: UnpauseOptions): number | undefined {
  if (jitter === undefined) return undefined;
  const ms = durationMs(jitter, 'jitter');
  if (ms === Infinity) throw badOption('jitter', jitter, 'a finite duration');
  return ms;
}

/**
 * The patch as the client has it; undefined if it changes nothing, which the server would refuse.
 *
 * @throws TypeError for a bad option, and for one that Temporal does not have
 */
export function optionsUpdate(patch: OptionsPatch): ActivityOptionsUpdate | undefined {
  checkPatch(patch);
  const values = Object.entries(patch).filter(([, value]) => value !== null);
  const options = resolveOptions(Object.fromEntries(values));
  refuseUnsupported(options);
  const changes: readonly (readonly [keyof ActivityOptionsUpdate, unknown, unknown])[] = [
    ['heartbeatTimeout', patch.heartbeatTimeout, options.heartbeatTimeoutMs || null],
    ['startToCloseTimeout', patch.startToCloseTimeout, options.startToCloseTimeoutMs || null],
    [
      'scheduleToStartTimeout',
      patch.scheduleToStartTimeout,
      options.scheduleToStartTimeoutMs || null,
    ],
    [
      'scheduleToCloseTimeout',
      patch.scheduleToCloseTimeout,
      options.scheduleToCloseTimeoutMs || null,
    ],
    ['startDelay', patch.startDelay, options.startDelayMs || null],
    ['retry', patch.retryPolicy, retryPolicy(options.retryPolicy)],
    ['priority', patch.priority, { priorityKey: options.priority }],
  ];
  const given = changes.filter(([, change]) => change !== undefined);
  if (given.length === 0) return undefined;
  return Object.fromEntries(
    given.map(([name, change, value]) => [name, change === null ? null : value]),
  );
}
