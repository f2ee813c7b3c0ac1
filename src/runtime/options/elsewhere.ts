/** What to use instead of a name that is not an option of a call. */
import { elsewhere } from '../../retry/elsewhere.js';
import { RETRY_POLICY_NAMES } from '../../retry/policy.js';

export function callHint(name: string): string | undefined {
  return RETRY_POLICY_NAMES.known.includes(name) ? `retryPolicy.${name}` : elsewhere(name);
}
