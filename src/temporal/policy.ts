/** A retry policy as the server has it, with nothing left open. */
import { DEFAULT_RETRY_POLICY } from '../retry/policy.js';
import type { FilledRetryPolicy } from '../retry/policy.js';
import type { TemporalRetryPolicy } from './common-api.js';
import { temporalDurationMs } from './duration.js';

/** Not checked: the server takes policies that `retryPolicy` would refuse. */
export function filledPolicy(policy: TemporalRetryPolicy = {}): FilledRetryPolicy {
  const defaults = DEFAULT_RETRY_POLICY;
  const initialInterval =
    temporalDurationMs(policy.initialInterval ?? 0) || defaults.initialInterval;
  return Object.freeze({
    initialInterval,
    backoffCoefficient: policy.backoffCoefficient || defaults.backoffCoefficient,
    maximumInterval: temporalDurationMs(policy.maximumInterval ?? 0) || 100 * initialInterval,
    maximumAttempts: policy.maximumAttempts || Infinity,
    nonRetryableErrorTypes: Object.freeze([...(policy.nonRetryableErrorTypes ?? [])]),
    jitter: 0,
    maximumAttemptsWithoutProgress: Infinity,
  });
}
