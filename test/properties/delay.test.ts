import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelayMs } from '../../src/retry/delay.js';
import { DEFAULT_RETRY_POLICY, type FilledRetryPolicy } from '../../src/retry/policy.js';

const RUNS = { numRuns: 1_000 };

const policy: fc.Arbitrary<FilledRetryPolicy> = fc
  .record({
    initialInterval: fc.oneof(
      fc.double({ min: 0.001, max: 1e7, noNaN: true }),
      fc.integer({ min: 1, max: 2 ** 40 }),
    ),
    backoffCoefficient: fc.oneof(
      fc.double({ min: 1, max: 100, noNaN: true }),
      fc.constantFrom(1, 2, 1.0000001, Number.MAX_VALUE),
    ),
    factor: fc.oneof(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.constant(Infinity)),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ factor, ...rest }) => ({
    ...DEFAULT_RETRY_POLICY,
    ...rest,
    maximumInterval: rest.initialInterval * factor,
  }));

const attempt = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 2 ** 31 }));
const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const steady = ({ ...fields }: FilledRetryPolicy): FilledRetryPolicy => ({
  ...fields,
  jitter: 0,
});

test('a delay grows between the initial and the maximum interval, and jitter only shortens it by its part', () => {
  fc.assert(
    fc.property(policy, attempt, fc.nat(2 ** 20), part, (given, n, more, random) => {
      const { initialInterval, maximumInterval, jitter } = given;
      const whole = retryDelayMs(steady(given), n, () => random);
      const later = retryDelayMs(steady(given), n + more, () => random);
      const shortened = retryDelayMs(given, n, () => random);
      const least = whole === Infinity ? 0 : whole * (1 - jitter) * (1 - 1e-12);
      return (
        whole >= initialInterval &&
        whole <= maximumInterval &&
        later >= whole &&
        (whole < maximumInterval || later === maximumInterval) &&
        shortened <= whole &&
        shortened >= least &&
        retryDelayMs(given, n, () => 0) === whole
      );
    }),
    { numRuns: 10_000 },
  );
});

test('below the maximum, each delay is the previous one times the coefficient', () => {
  fc.assert(
    fc.property(policy, fc.integer({ min: 1, max: 30 }), (given, n) => {
      const delay = retryDelayMs(steady(given), n, Math.random);
      const next = retryDelayMs(steady(given), n + 1, Math.random);
      expect(next).toBeGreaterThanOrEqual(delay);
      if (next < given.maximumInterval) {
        expect(Math.abs(next / delay / given.backoffCoefficient - 1)).toBeLessThan(1e-9);
      }
    }),
    RUNS,
  );
});

test('an attempt so late that the power overflows waits for the maximum interval', () => {
  fc.assert(
    fc.property(
      policy.filter(({ backoffCoefficient }) => backoffCoefficient >= 2),
      fc.integer({ min: 2_000, max: Number.MAX_SAFE_INTEGER }),
      (given, n) => {
        expect(retryDelayMs(steady(given), n, Math.random)).toBe(given.maximumInterval);
      },
    ),
    RUNS,
  );
});
