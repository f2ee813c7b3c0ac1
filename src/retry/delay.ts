/** Computes the delay before the next attempt. Pure functions. */
import type { FilledRetryPolicy } from './policy.js';

/**
 * The delay after failed attempt number `failedAttempt` (from 1), in milliseconds:
 * `initialInterval * backoffCoefficient^(n-1)`, at most the maximum interval, minus a random part.
 *
 * @param random returns a number from 0 to 1, like `Math.random`
 */
export function retryDelayMs(
  policy: FilledRetryPolicy,
  failedAttempt: number,
  random: () => number,
): number {
  const { initialInterval, backoffCoefficient, maximumInterval, jitter } = policy;
  // This may grow to Infinity. The maximum caps it, so there is no overflow to handle.
  const backoff = initialInterval * backoffCoefficient ** (failedAttempt - 1);
  const delay = Math.min(backoff, maximumInterval);
  return jitter === 0 ? delay : delay * (1 - jitter * random());
}

/**
 * The attempt number from which the delay is computed. With `maximumAttemptsWithoutProgress`, only
 * attempts since the last progress count.
 */
export function countedAttempt(
  policy: FilledRetryPolicy,
  attempt: number,
  attemptsWithoutProgress: number,
): number {
  const countsAll = policy.maximumAttemptsWithoutProgress === Infinity;
  return countsAll ? attempt : Math.max(1, attemptsWithoutProgress);
}
