/** How long to wait before the next attempt: pure functions of the policy. */
import type { FilledRetryPolicy } from './policy.js';

/**
 * The delay after failed attempt number `failedAttempt` (from 1), in milliseconds:
 * `initialInterval * backoffCoefficient^(n-1)`, at most the maximum interval, less a random part.
 *
 * @param random from 0 up to 1, as `Math.random` gives
 */
export function retryDelayMs(
  policy: FilledRetryPolicy,
  failedAttempt: number,
  random: () => number,
): number {
  const { initialInterval, backoffCoefficient, maximumInterval, jitter } = policy;
  // Grows to Infinity in the end, which the maximum then caps: there is no overflow to catch.
  const backoff = initialInterval * backoffCoefficient ** (failedAttempt - 1);
  const delay = Math.min(backoff, maximumInterval);
  return jitter === 0 ? delay : delay * (1 - jitter * random());
}

/**
 * Which attempt the delay is that after: with `maximumAttemptsWithoutProgress` only attempts since
 * the last progress count.
 */
export function countedAttempt(
  policy: FilledRetryPolicy,
  attempt: number,
  attemptsWithoutProgress: number,
): number {
  const countsAll = policy.maximumAttemptsWithoutProgress === Infinity;
  return countsAll ? attempt : Math.max(1, attemptsWithoutProgress);
}
