/** The server's retry policy with all defaults filled in. */
import { DEFAULT_RETRY_POLICY } from '../retry/policy.js';
import type { FilledRetryPolicy } from '../retry/policy.js';
import type { TemporalRetryPolicy } from './common-api.js';
import { temporalDurationMs } from './duration.js';

/** Fills in the defaults. Values are not checked: the server accepts some that systole refuses. */
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
