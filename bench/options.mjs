// The same behaviour for every peer: 3 attempts, one minute per attempt.

/** The peers have no heartbeat timeout: only systole arms one and pays for it. */
export const activityOptions = {
  heartbeatTimeout: '10s',
  startToCloseTimeout: '1m',
  retryPolicy: { maximumAttempts: 3 },
};

/** For very many at once, because starting a million may take longer than the timeouts above. */
export const patientOptions = {
  ...activityOptions,
  heartbeatTimeout: '1h',
  startToCloseTimeout: '2h',
};

/**
 * All eleven options of p-retry in one object. If some are missing, a call costs 30 times as much.
 */
export const retryOptions = {
  retries: 2,
  factor: 2,
  minTimeout: 1000,
  maxTimeout: 100_000,
  maxRetryTime: Number.POSITIVE_INFINITY,
  randomize: false,
  onFailedAttempt: () => {},
  shouldRetry: () => true,
  shouldConsumeRetry: () => true,
  signal: undefined,
  unref: false,
};

export const timeoutMs = 60_000;

/** What people write without a library, inside p-retry: AbortController + setTimeout. */
export async function attemptByHand(fn) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error('timed out')), timeoutMs);
  try {
    return await fn({ signal: controller.signal });
  } finally {
    clearTimeout(timer);
  }
}
