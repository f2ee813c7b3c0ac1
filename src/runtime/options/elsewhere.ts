/** What a name that is no option of a call is here. */
import { elsewhere } from '../../retry/elsewhere.js';
import { RETRY_POLICY_NAMES } from '../../retry/policy.js';

export function callHint(name: string): string | undefined {
  return RETRY_POLICY_NAMES.known.has(name) ? `retryPolicy.${name}` : elsewhere(name);
}
