/** What the ledger does when the options of an activity change. */
import type { ResolvedOptions } from '../runtime/options/table.js';
import { check } from '../runtime/activity/run-state.js';
import { encodeOptions, patchedOptions } from './entry.js';
import type { Tracked } from './tracked.js';

/**
 * Keeps the coming options of an activity.
 *
 * @throws TypeError for options that cannot be kept, and ActivityStateError for a start delay of an
 * activity that has had attempts in an earlier process, which its runtime does not know
 */
export function keepPatch(
  tracked: Tracked,
  patch: Readonly<Record<string, unknown>>,
  next: ResolvedOptions,
): void {
  const { activity, draft, hasRunBefore } = tracked;
  const isTooLate = hasRunBefore && patch['startDelay'] !== undefined;
  check(activity, 'updateOptions({ startDelay })', !isTooLate, '; its delay is over');
  const values = patchedOptions(draft.options.values, patch, next);
  draft.change(next, { values, text: encodeOptions(activity.services.codec, values) });
}
