/** What is written out field by field: a field that is forgotten there fails here. */
import { describe, expect, test } from 'vitest';
import { patchOptions } from '../../src/runtime/options-patch.js';
import { resolveOptions, type ActivityOptions } from '../../src/runtime/options.js';
import { sameOptions, SharedOptions } from '../../src/runtime/shared-options.js';

const POLICY = {
  initialInterval: 10,
  backoffCoefficient: 3,
  maximumInterval: 500,
  maximumAttempts: 7,
  nonRetryableErrorTypes: ['A', RangeError],
  jitter: 0.5,
  maximumAttemptsWithoutProgress: 4,
};

/** Every option that activities share, other than its default. */
const FULL: ActivityOptions = {
  activityType: 'full',
  heartbeatTimeout: 1_000,
  startToCloseTimeout: 2_000,
  scheduleToStartTimeout: 3_000,
  scheduleToCloseTimeout: 4_000,
  progressTimeout: 1_500,
  startDelay: 50,
  heartbeatThrottleInterval: 250,
  cancellationType: 'ABANDON',
  cancellationDelivery: 'immediate',
  attemptOverlap: 600,
  priority: 1,
  concurrencyKey: 'key',
  idConflictPolicy: 'USE_EXISTING',
  retryPolicy: POLICY,
};

const resolve = (options: ActivityOptions) => resolveOptions(options, undefined, 'fn');

const OTHERS: [name: string, ActivityOptions][] = [
  ...Object.keys(FULL).map((name): [string, ActivityOptions] => [
    name,
    name === 'activityType' ? { ...FULL, activityType: 'other' } : { ...FULL, [name]: undefined },
  ]),
  ...Object.keys(POLICY).map((name): [string, ActivityOptions] => [
    `retryPolicy.${name}`,
    { ...FULL, retryPolicy: { ...POLICY, [name]: undefined } },
  ]),
  [
    'an error type',
    { ...FULL, retryPolicy: { ...POLICY, nonRetryableErrorTypes: ['A', TypeError] } },
  ],
];

describe('options of two calls', () => {
  test('are one object if they are the same', () => {
    const shared = new SharedOptions();
    const first = shared.share(resolve(FULL));
    expect(shared.share(resolve({ ...FULL, retryPolicy: { ...POLICY } }))).toBe(first);
  });

  test('cover every field there is', () => {
    const fields = Object.keys(resolve(FULL)).length;
    expect(Object.keys(FULL)).toHaveLength(fields);
    expect(Object.keys(POLICY)).toHaveLength(Object.keys(resolve(FULL).retryPolicy).length);
  });

  test.each(OTHERS)('are two if they differ in %s', (_, other) => {
    expect(sameOptions(resolve(FULL), resolve(other))).toBe(false);
    expect(sameOptions(resolve(other), resolve(FULL))).toBe(false);
  });
});

test('a patch of nothing changes nothing', () => {
  expect(patchOptions(resolve(FULL), {})).toEqual(resolve(FULL));
});
