/** Names of other retry libraries, and what they are here. */
import { hints } from '../kernel/bad-input.js';

const COUNTS_ALL = 'maximumAttempts (which counts the first attempt too)';

/** Fields of a policy. */
const FIELDS: Readonly<Record<string, string>> = {
  retries: COUNTS_ALL,
  maxRetries: COUNTS_ALL,
  attempts: 'maximumAttempts',
  maxAttempts: 'maximumAttempts',
  factor: 'backoffCoefficient',
  backoff: 'initialInterval and backoffCoefficient',
  minTimeout: 'initialInterval',
  delay: 'initialInterval',
  maxTimeout: 'maximumInterval',
  randomize: 'jitter, from 0 to 1',
  shouldRetry: 'nonRetryableErrorTypes, or throwing ApplicationFailure.nonRetryable()',
};

const FAILED_ATTEMPT = "runtime.on('attemptFailed', listener)";

/** What is no field of a policy. */
const REST: Readonly<Record<string, string>> = {
  maxRetryTime: 'scheduleToCloseTimeout, an option of the call',
  onFailedAttempt: FAILED_ATTEMPT,
  onRetry: FAILED_ATTEMPT,
  shouldConsumeRetry: 'not there: every failed attempt counts',
  unref: 'not there: timers of open activities keep the process alive',
};

/**
 * What a name of another retry library is here.
 *
 * @param prefix put before the fields of a policy
 */
export function retryHint(name: string, prefix = ''): string | undefined {
  const field = hints(FIELDS, name);
  return field === undefined ? hints(REST, name) : prefix + field;
}
