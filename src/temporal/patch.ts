/** Turns a patch for `updateOptions` into the client's request. */
import type { OptionsPatch } from '../runtime/options/activity-options.js';
import { readPatch } from '../runtime/options/patch.js';
import { resolveOptions } from '../runtime/options/resolve.js';
import { refuseUnsupported, retryPolicy } from './activity-options.js';
import type { ActivityOptionsUpdate } from './client-api.js';
import { serverMs } from './duration.js';

/**
 * The client's form of the patch. Undefined if it changes nothing, because the server would refuse
 * that.
 *
 * @throws TypeError for a bad option, and for one that Temporal does not have
 */
export function optionsUpdate(given: OptionsPatch): ActivityOptionsUpdate | undefined {
  const patch = readPatch(given);
  const values = Object.entries(patch).filter(([, value]) => value !== null);
  const options = resolveOptions(Object.fromEntries(values));
  refuseUnsupported(options);
  const timeout = (ms: number): number | null => (ms === 0 ? null : serverMs(ms));
  const changes: readonly (readonly [keyof ActivityOptionsUpdate, unknown, unknown])[] = [
    ['heartbeatTimeout', patch.heartbeatTimeout, timeout(options.heartbeatTimeoutMs)],
    ['startToCloseTimeout', patch.startToCloseTimeout, timeout(options.startToCloseTimeoutMs)],
    [
      'scheduleToStartTimeout',
      patch.scheduleToStartTimeout,
      timeout(options.scheduleToStartTimeoutMs),
    ],
    [
      'scheduleToCloseTimeout',
      patch.scheduleToCloseTimeout,
      timeout(options.scheduleToCloseTimeoutMs),
    ],
    ['startDelay', patch.startDelay, timeout(options.startDelayMs)],
    ['retry', patch.retryPolicy, retryPolicy(options.retryPolicy)],
    ['priority', patch.priority, { priorityKey: options.priority }],
  ];
  const asked = changes.filter(([, change]) => change !== undefined);
  if (asked.length === 0) return undefined;
  return Object.fromEntries(
    asked.map(([name, change, value]) => [name, change === null ? null : value]),
  );
}
