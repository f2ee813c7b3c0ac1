/** Turns a patch for `updateOptions` into the client's request. */
import type { OptionsPatch } from '../runtime/options/activity-options.js';
import { readPatch } from '../runtime/options/patch.js';
import { resolveOptions } from '../runtime/options/resolve.js';
import { refuseUnsupported } from './activity-options.js';
import type { ActivityOptionsUpdate } from './client-api.js';
import { SENT } from './options-table.js';

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
  const update: Record<string, unknown> = {};
  for (const { name, field, sentAs, toServer } of SENT) {
    const change = patch[name as keyof OptionsPatch];
    if (change === undefined) continue;
    update[sentAs] = change === null ? null : (toServer(options[field]) ?? null);
  }
  return Object.keys(update).length === 0 ? undefined : update;
}
