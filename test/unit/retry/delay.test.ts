import { expect, test } from 'vitest';
import { countedAttempt, retryDelayMs } from '../../../src/retry/delay.js';
import { DEFAULT_RETRY_POLICY, resolveRetryPolicy } from '../../../src/retry/policy.js';

const half = (): number => 0.5;

test('delays double from 1 to 100 seconds', () => {
  const delays = Array.from({ length: 9 }, (_, n) =>
    retryDelayMs(DEFAULT_RETRY_POLICY, n + 1, half),
  );
  expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100].map((seconds) => seconds * 1_000));
});

test.each([
  // coefficient, attempt, delay
  [1, 1, 500],
  [1, 1_000, 500],
  [1.5, 3, 1_125],
  [2, 4, 4_000],
  [3, 3, 4_500],
  [10, 4, 60_000],
  [2, 1_023, 60_000],
  [2, 1_024, 60_000],
  [2, 1_025, 60_000],
  [2, 1_026, 60_000],
  [2, Number.MAX_SAFE_INTEGER, 60_000],
  [Number.MAX_VALUE, 3, 60_000],
])('with coefficient %d the delay after attempt %d is %d ms', (backoffCoefficient, attempt, ms) => {
  const policy = resolveRetryPolicy({
    initialInterval: 500,
    maximumInterval: '1m',
    backoffCoefficient,
  });
  expect(retryDelayMs(policy, attempt, half)).toBe(ms);
});

test('the coefficient is a power of the first interval, not of the previous delay', () => {
  const policy = resolveRetryPolicy({ initialInterval: 1, backoffCoefficient: 1.1 });
  expect(retryDelayMs(policy, 11, half)).toBe(1.1 ** 10);
});

test.each([
  // jitter, random, delay
  [0, 0.999, 1_000],
  [1, 0, 1_000],
  [1, 0.25, 750],
  [1, 0.999, 1.0000000000000009],
  [0.2, 0.5, 900],
  [0.5, 0, 1_000],
])('jitter %d with the random number %d makes %d of 1000 ms', (jitter, random, ms) => {
  const policy = resolveRetryPolicy({ jitter });
  expect(retryDelayMs(policy, 1, () => random)).toBe(ms);
});

test('jitter shortens the capped delay', () => {
  const policy = resolveRetryPolicy({ maximumInterval: '10s', jitter: 0.5 });
  expect(retryDelayMs(policy, 100, half)).toBe(7_500);
});

test('without jitter no random number is used', () => {
  const never = (): number => {
    throw new Error('asked');
  };
  expect(retryDelayMs(DEFAULT_RETRY_POLICY, 1, never)).toBe(1_000);
});

test.each([
  // maximumAttemptsWithoutProgress, attempt, attempts without progress, counted
  [undefined, 5, 2, 5],
  [0, 5, 2, 5],
  [Infinity, 5, 2, 5],
  [10, 5, 2, 2],
  [10, 5, 5, 5],
  [10, 5, 0, 1],
])(
  'with maximumAttemptsWithoutProgress %s, attempt %d, %d of them without progress, counts as %d',
  (maximumAttemptsWithoutProgress, attempt, withoutProgress, counted) => {
    const policy = resolveRetryPolicy({ maximumAttemptsWithoutProgress });
    expect(countedAttempt(policy, attempt, withoutProgress)).toBe(counted);
  },
);
