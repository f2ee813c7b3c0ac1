/** What to use instead of a name that is not an option of a call. */
import { elsewhere } from '../../retry/elsewhere.js';
import { RETRY_POLICY_NAMES } from '../../retry/policy.js';
import { RUNTIME_NAMES } from './runtime-options.js';

export function callHint(name: string): string | undefined {
  if (RETRY_POLICY_NAMES.known.includes(name)) return `retryPolicy.${name}`;
  return RUNTIME_NAMES.includes(name) ? 'an option of ActivityRuntime' : elsewhere(name);
}
