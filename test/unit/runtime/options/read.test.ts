/** One reading of options for many calls, which must never be that of other options. */
import { describe, expect, test } from 'vitest';
import { patchOptions } from '../../../../src/runtime/options/patch.js';
import { OptionsReader } from '../../../../src/runtime/options/read.js';
import type { ActivityOptions } from '../../../../src/runtime/options/activity-options.js';
import { resolveOptions } from '../../../../src/runtime/options/resolve.js';
import type { RetryPolicy } from '../../../../src/retry/policy.js';

const POLICY = {
  initialInterval: 10,
  backoffCoefficient: 3,
  maximumInterval: 500,
  maximumAttempts: 7,
  nonRetryableErrorTypes: ['A', RangeError],
  jitter: 0.5,
  shouldRetry: () => true,
  onFailedAttempt: () => {},
  maximumAttemptsWithoutProgress: 4,
} satisfies RetryPolicy;

/** Every option that calls may share, other than its default. */
const FULL = {
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
} satisfies ActivityOptions;

const resolve = (options: ActivityOptions) => resolveOptions(options);

/** Reads `FULL` first, and then the options. */
function readAfterFull(options: ActivityOptions) {
  const reader = new OptionsReader(undefined);
  const full = reader.read(FULL);
  return { full, read: reader.read(options) };
}

const without = (name: string): ActivityOptions =>
  Object.fromEntries(Object.entries(FULL).filter(([other]) => other !== name));

const OTHERS: [name: string, ActivityOptions][] = [
  ...Object.keys(FULL).flatMap((name): [string, ActivityOptions][] => [
    [`${name}, which it lacks`, without(name)],
    [`${name}, which is undefined`, { ...FULL, [name]: undefined }],
  ]),
  ...Object.keys(POLICY).map((name): [string, ActivityOptions] => [
    `retryPolicy.${name}`,
    { ...FULL, retryPolicy: { ...POLICY, [name]: undefined } },
  ]),
  ['the retry policy, which is empty', { ...FULL, retryPolicy: {} }],
  [
    'an error type',
    { ...FULL, retryPolicy: { ...POLICY, nonRetryableErrorTypes: ['A', TypeError] } },
  ],
  [
    'one more error type',
    { ...FULL, retryPolicy: { ...POLICY, nonRetryableErrorTypes: ['A', RangeError, 'B'] } },
  ],
];

describe('the options of two calls', () => {
  test("are read once if they are the same, whatever each call's own options are", () => {
    const reader = new OptionsReader(undefined);
    const again = {
      ...FULL,
      retryPolicy: { ...POLICY, nonRetryableErrorTypes: ['A', RangeError] },
    };
    expect(reader.read(again)).toBe(reader.read(FULL));
    const one = { ...FULL, args: [1], activityId: 'a', signal: new AbortController().signal };
    const other = { ...FULL, args: [2], activityId: 'b', signal: new AbortController().signal };
    expect(reader.read(other)).toBe(reader.read(one));
    expect(reader.read()).toBe(reader.read({}));
  });

  test('may include every existing option', () => {
    expect(Object.keys(FULL)).toHaveLength(Object.keys(resolve(FULL)).length);
    expect(Object.keys(POLICY)).toHaveLength(Object.keys(resolve(FULL).retryPolicy).length);
  });

  test.each(OTHERS)('are read again if the second differs in %s', (_, other) => {
    const { read, full } = readAfterFull(other);
    expect(read).not.toBe(full);
    expect(read).toEqual(resolve(other));
  });

  test.each(OTHERS)('are read again if the first differs in %s', (_, other) => {
    const reader = new OptionsReader(undefined);
    reader.read(other);
    expect(reader.read(FULL)).toEqual(resolve(FULL));
  });

  test.each<[string, object]>([
    ['an unknown name', { ...FULL, timeout: 5 }],
    ['an unknown name in the retry policy', { ...FULL, retryPolicy: { ...POLICY, args: [] } }],
    ['a retry policy of null', { ...FULL, retryPolicy: null }],
    ['a retry policy that is a number', { ...FULL, retryPolicy: 5 }],
    ['a value that is not an object', 5 as unknown as object],
    ['null', null as unknown as object],
  ])('are refused for %s, whatever was read before', (_, options) => {
    const reader = new OptionsReader(undefined);
    reader.read(FULL);
    reader.read();
    expect(() => reader.read(options)).toThrow(TypeError);
    expect(() => reader.read(options)).toThrow(TypeError);
  });
});

describe('a later change counts in the next call', () => {
  test('of the options', () => {
    const reader = new OptionsReader(undefined);
    const options = { priority: 1 };
    reader.read(options);
    options.priority = 2;
    expect(reader.read(options).priority).toBe(2);
  });

  test('of their retry policy', () => {
    const reader = new OptionsReader(undefined);
    const options = { retryPolicy: { maximumAttempts: 1, nonRetryableErrorTypes: ['A'] } };
    reader.read(options);
    options.retryPolicy.maximumAttempts = 2;
    expect(reader.read(options).retryPolicy.maximumAttempts).toBe(2);
    options.retryPolicy.nonRetryableErrorTypes[0] = 'B';
    expect(reader.read(options).retryPolicy.nonRetryableErrorTypes).toEqual(['B']);
  });

  test('but not of the defaults of the runtime', () => {
    const defaults = { priority: 1, retryPolicy: { maximumAttempts: 1 } };
    const reader = new OptionsReader(defaults);
    defaults.priority = 2;
    defaults.retryPolicy.maximumAttempts = 2;
    const { priority, retryPolicy } = reader.read({ startDelay: 1 });
    expect([priority, retryPolicy.maximumAttempts]).toEqual([1, 1]);
  });

  test('a getter is read at each call', () => {
    const reader = new OptionsReader(undefined);
    let reads = 0;
    const options = {
      get startDelay() {
        return ++reads;
      },
    };
    const delays = [1, 2, 3].map(() => reader.read(options).startDelayMs);
    expect(new Set(delays).size).toBe(3);
    // The last value was kept as given, not one that was read earlier or later.
    expect(reader.read({ startDelay: delays[2] }).startDelayMs).toBe(delays[2]);
  });
});

describe('inherited options', () => {
  const inheriting = (parent: object, own: object = {}): ActivityOptions =>
    Object.assign(Object.create(parent) as object, own);
  const policyOf = (parent: object): ActivityOptions => ({
    retryPolicy: Object.create(parent) as RetryPolicy,
  });

  test.each([undefined, { priority: 5, startDelay: 7 }])('count, with the defaults %o', (given) => {
    const reader = new OptionsReader(given);
    const options = inheriting({ heartbeatTimeout: 50, priority: 2 }, { progressTimeout: 60 });
    for (const read of [reader.read(options), reader.read(options)]) {
      expect(read).toMatchObject({
        heartbeatTimeoutMs: 50,
        priority: 2,
        progressTimeoutMs: 60,
        startDelayMs: given?.startDelay ?? 0,
      });
    }
    const policy = policyOf({ maximumAttempts: 2 });
    for (const read of [reader.read(policy), reader.read(policy)]) {
      expect(read.retryPolicy.maximumAttempts).toBe(2);
    }
  });

  test('are not used for an object without them', () => {
    const reader = new OptionsReader(undefined);
    reader.read(inheriting({ priority: 2 }));
    expect(reader.read({}).priority).toBe(3);
  });

  test('are refused if there is no such option', () => {
    const reader = new OptionsReader(undefined);
    expect(() => reader.read(inheriting({ retries: 3 }))).toThrow('no option "retries"');
    expect(() => reader.read(policyOf({ retries: 3 }))).toThrow(
      'retryPolicy has no option "retries"',
    );
  });
});

describe('a concurrency key', () => {
  const read = (reader: OptionsReader, concurrencyKey: string | undefined) =>
    reader.read({ ...FULL, concurrencyKey });

  test('may differ between calls that are otherwise read once', () => {
    const reader = new OptionsReader(undefined);
    const { retryPolicy } = read(reader, 'first');
    for (const key of ['second', undefined, 'first', '']) {
      const options = read(reader, key);
      expect(options).toEqual(resolve({ ...FULL, concurrencyKey: key }));
      expect(options.retryPolicy).toBe(retryPolicy);
    }
  });

  test('that is undefined is the default', () => {
    const reader = new OptionsReader({ concurrencyKey: 'default' });
    const keys = ['given', undefined].map((key) => read(reader, key).concurrencyKey);
    const again = ['given', undefined].map((key) => read(reader, key).concurrencyKey);
    expect([keys, again]).toEqual([
      ['given', 'default'],
      ['given', 'default'],
    ]);
  });

  test('that is not a string is refused', () => {
    const reader = new OptionsReader(undefined);
    read(reader, 'first');
    for (const bad of [null, 5]) {
      expect(() => read(reader, bad as unknown as string)).toThrow(
        `concurrencyKey: received ${String(bad)}; expected a string`,
      );
    }
  });
});

test('getters of a class, which are not compared, are read at each call', () => {
  class Policy implements RetryPolicy {
    readonly #attempts: number;
    constructor(attempts: number) {
      this.#attempts = attempts;
    }
    get maximumAttempts(): number {
      return this.#attempts;
    }
  }
  class Options implements ActivityOptions {
    readonly #delay: number;
    constructor(delay: number) {
      this.#delay = delay;
    }
    get startDelay(): number {
      return this.#delay;
    }
  }
  const reader = new OptionsReader(undefined);
  const attempts = (retryPolicy: RetryPolicy): number =>
    reader.read({ retryPolicy }).retryPolicy.maximumAttempts;
  reader.read({});
  expect([5, 6].map((delay) => reader.read(new Options(delay)).startDelayMs)).toEqual([5, 6]);
  attempts({});
  expect([5, 6].map((count) => attempts(new Policy(count)))).toEqual([5, 6]);
});

test('only the latest readings are kept', () => {
  const reader = new OptionsReader(undefined);
  const read = (startDelay: number) => reader.read({ startDelay });
  const [oldest, ...others] = Array.from({ length: 17 }, (_, delay) => read(delay));
  expect(others.map(({ startDelayMs }) => read(startDelayMs))).toEqual(others);
  expect(others.every((one) => read(one.startDelayMs) === one)).toBe(true);
  expect(read(0)).not.toBe(oldest);
});

test('a patch without options changes nothing', () => {
  expect(patchOptions(resolve(FULL), {})).toEqual(resolve(FULL));
});
