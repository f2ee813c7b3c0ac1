/** Retry policies in the client's form, and back. */
import { DEFAULT_RETRY_POLICY } from '../retry/policy.js';
import type { ErrorType, FilledRetryPolicy } from '../retry/policy.js';
import type { TemporalRetryPolicy } from './common-api.js';
import { serverMs, temporalDurationMs } from './duration.js';

/** The server counts attempts in 32 bits, so a higher limit means no limit. */
const MAX_ATTEMPTS = 2 ** 31 - 1;

export function clientPolicy(policy: FilledRetryPolicy): TemporalRetryPolicy {
  const { maximumAttempts, nonRetryableErrorTypes } = policy;
  return {
    initialInterval: serverMs(policy.initialInterval),
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: serverMs(policy.maximumInterval),
    nonRetryableErrorTypes: nonRetryableErrorTypes.filter(isName),
    ...(maximumAttempts > MAX_ATTEMPTS ? undefined : { maximumAttempts }),
  };
}

function isName(type: ErrorType): type is string {
  return typeof type === 'string';
}

/** Fills in the defaults of the server's policy. Values are not checked: the server accepts some that systole refuses. */
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
