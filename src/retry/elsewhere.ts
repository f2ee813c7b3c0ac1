/** Option names from other libraries or other places, and what to use instead. */
import { hints } from '../kernel/bad-input.js';

const ATTEMPTS = 'retryPolicy.maximumAttempts';
const COUNTS_ALL = `${ATTEMPTS} (the first one counts too)`;
const FAILED_ATTEMPT = 'retryPolicy.onFailedAttempt';
const CONCURRENCY = 'maxConcurrentActivities, an option of ActivityRuntime';

const HINTS: Readonly<Record<string, string>> = {
  retry: 'retryPolicy',
  retries: COUNTS_ALL,
  maxRetries: COUNTS_ALL,
  attempts: ATTEMPTS,
  maxAttempts: ATTEMPTS,
  factor: 'retryPolicy.backoffCoefficient',
  backoff: 'retryPolicy.initialInterval and backoffCoefficient',
  minTimeout: 'retryPolicy.initialInterval',
  delay: 'startDelay, or retryPolicy.initialInterval between attempts',
  maxTimeout: 'retryPolicy.maximumInterval',
  randomize: 'retryPolicy.jitter, from 0 to 1',
  shouldRetry: 'retryPolicy.shouldRetry',
  maxRetryTime: 'scheduleToCloseTimeout, an option of the call',
  onFailedAttempt: FAILED_ATTEMPT,
  onRetry: FAILED_ATTEMPT,
  shouldConsumeRetry: 'not available: every failed attempt counts',
  unref: 'not available: open activities keep the process alive',
  timeout: 'startToCloseTimeout for one attempt, scheduleToCloseTimeout for all of them',
  id: 'activityId',
  jobId: 'activityId',
  abortSignal: 'signal',
  onProgress: "ctx.heartbeat(details) in the function, and runtime.on('heartbeat', listener)",
  concurrency: CONCURRENCY,
  maxConcurrentActivityTaskExecutions: CONCURRENCY,
  taskQueue: 'not needed in one process',
};

/** What to use instead of an unknown name. */
export function elsewhere(name: string): string | undefined {
  return hints(HINTS, name);
}
