import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isFields } from '../../src/kernel/bad-input.js';
import { ActivityRuntime, type RuntimeOptions } from '../../src/index.js';
import { Harness } from '../support/harness.js';

const RUNS = { numRuns: 200 };

const isDuration = (value: unknown): boolean =>
  (typeof value === 'number' && value >= 0) ||
  (typeof value === 'string' && /^\d*\.?\d+ ?[a-z]+$/i.test(value));
const isFiniteDuration = (value: unknown): boolean => value !== Infinity && isDuration(value);
const isString = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean =>
  value === Infinity || (Number.isInteger(value) && (value as number) > 0);
const isIn =
  (...values: unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

class Row {
  readonly id = 1;
}

/** Values that break code which only wants to read them. */
const awkward: readonly unknown[] = [
  null,
  NaN,
  -1,
  -Infinity,
  -0.5,
  '10',
  '-1s',
  '10 parsecs',
  '1e3s',
  's',
  '',
  ' ',
  '10s ',
  'x'.repeat(1_000),
  '1'.repeat(1_000) + 's',
  10n,
  Symbol('s'),
  Symbol.iterator,
  () => 1,
  class {
    readonly id = 1;
  },
  Row,
  new Row(),
  new Date(NaN),
  [1],
  [],
  {},
  Object.create(null),
  { toString: null },
  {
    toString() {
      throw new Error('toString');
    },
    get constructor(): never {
      throw new Error('constructor');
    },
  },
  {
    valueOf: () => 5,
    toString: () => '5s',
  },
  Object.create({ constructor: { name: 5 } }),
  new Proxy(
    {},
    {
      getPrototypeOf() {
        throw new Error('trap');
      },
    },
  ),
  new Map([[1, 2]]),
  Promise.resolve(1),
  true,
];

const anything = fc.oneof(
  fc.constantFrom(...awkward),
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
  fc.double(),
  fc.integer(),
  fc.string(),
);

/**
 * What each option accepts, written independently of the source. `undefined` is never a bad value.
 */
const optionRules: Record<string, (value: unknown) => boolean> = {
  args: Array.isArray as (value: unknown) => boolean,
  activityId: isString,
  activityType: isString,
  heartbeatTimeout: isDuration,
  startToCloseTimeout: isDuration,
  scheduleToStartTimeout: isDuration,
  scheduleToCloseTimeout: isDuration,
  startDelay: isFiniteDuration,
  heartbeatThrottleInterval: isDuration,
  signal: () => false,
  cancellationType: isIn('TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'),
  attemptOverlap: (value) => isDuration(value) || isIn('allow', 'forbid')(value),
  priority: isIn(1, 2, 3, 4, 5),
};

const policyRules: Record<string, (value: unknown) => boolean> = {
  initialInterval: isFiniteDuration,
  backoffCoefficient: (value) => typeof value === 'number' && value >= 1 && value < Infinity,
  maximumInterval: isDuration,
  maximumAttempts: (value) => value === 0 || isCount(value),
  nonRetryableErrorTypes: (value) => Array.isArray(value) && value.every(isString),
  jitter: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};

/** The bad values of one rule. */
const bad = (accepts: (value: unknown) => boolean): fc.Arbitrary<unknown> =>
  anything.filter((value) => value !== undefined && !accepts(value));

/** Why a function that must not be called was refused with bad options. */
async function refusal(options: object | null, runtime?: RuntimeOptions): Promise<unknown> {
  const harness = new Harness(runtime);
  let called = false;
  const running = harness.run(() => (called = true), options as object);
  const refused: unknown = await running.then(
    () => 'not refused',
    (error: unknown) => error,
  );
  expect(harness.events, 'no event').toEqual([]);
  expect(harness.clock.pending, 'no timer').toBe(0);
  expect(called).toBe(false);
  return refused;
}

const cases = [
  ...Object.entries(optionRules).map(([name, accepts]) => ({
    name,
    accepts,
    wrap: (value: unknown): object => ({ [name]: value }),
  })),
  ...Object.entries(policyRules).map(([name, accepts]) => ({
    name: `retryPolicy.${name}`,
    accepts,
    wrap: (value: unknown): object => ({ retryPolicy: { [name]: value } }),
  })),
  {
    name: 'retryPolicy',
    accepts: (value: unknown) =>
      typeof value === 'object' && value !== null && Object.keys(value).length === 0,
    wrap: (value: unknown): object => ({ retryPolicy: value }),
  },
];

test.each(cases)(
  '$name refuses every bad value with a TypeError that shows the name and the value',
  async ({ name, accepts, wrap }) => {
    await fc.assert(
      fc.asyncProperty(bad(accepts), async (value) => {
        const error = await refusal(wrap(value));
        expect(error).toBeInstanceOf(TypeError);
        const { message } = error as TypeError;
        if (name === 'retryPolicy' && isFields(value)) {
          expect(message).toMatch(/^retryPolicy has no option /);
          return;
        }
        expect(message).toMatch(
          new RegExp(`^${name.replaceAll('.', '\\.')}(\\[\\d+\\])?: received [^]+; expected [^]+$`),
        );
        expect(message.length).toBeLessThan(300);
        if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
          expect(message).toContain(`received ${String(value)};`);
        }
        if (typeof value === 'string') {
          expect(message).toContain(`received ${JSON.stringify(value).slice(0, 50)}`);
        }
      }),
      RUNS,
    );
  },
);

test.each(cases.filter(({ name }) => !['args', 'activityId', 'signal'].includes(name)))(
  'a default of $name is refused when the runtime is made',
  ({ name, accepts, wrap }) => {
    if (name === 'retryPolicy') return;
    fc.assert(
      fc.property(bad(accepts), (value) => {
        let error: unknown;
        try {
          new ActivityRuntime({ defaults: wrap(value) });
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(TypeError);
        expect((error as TypeError).message).toContain(name);
      }),
      { numRuns: 50 },
    );
  },
);

const runtimeRules: Record<string, (value: unknown) => boolean> = {
  maxConcurrentActivities: isCount,
  maxHeartbeatDetailsBytes: isCount,
  defaults: (value) =>
    typeof value === 'object' && value !== null && Object.keys(value).length === 0,
  store: (value) => Object.prototype.toString.call(value) === '[object Map]',
  serializer: () => false,
  logger: isIn(false),
};

test.each(Object.entries(runtimeRules))(
  'the runtime option %s refuses every bad value with a TypeError that names it',
  (name, accepts) => {
    fc.assert(
      fc.property(bad(accepts), (value) => {
        let error: unknown;
        try {
          new ActivityRuntime({ [name]: value });
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toBeInstanceOf(TypeError);
        expect((error as TypeError).message).toContain(name);
      }),
      RUNS,
    );
  },
);

test('any unknown name is refused and shown, whatever its value', async () => {
  const known = new Set([...Object.keys(optionRules), 'retryPolicy']);
  const name = fc
    .oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', ''),
    )
    .filter((each) => !known.has(each));
  await fc.assert(
    fc.asyncProperty(name, anything, async (unknown, value) => {
      // As JSON.parse makes it: an own property for any name.
      const options = Object.defineProperty({}, unknown, { value, enumerable: true });
      const error = await refusal(options);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as TypeError).message).toContain('ActivityOptions has no option "');
      if (unknown.length < 60) {
        expect((error as TypeError).message).toContain(JSON.stringify(unknown));
      }
      expect(await refusal({ retryPolicy: options })).toBeInstanceOf(TypeError);
      expect(() => new ActivityRuntime(options)).toThrow(TypeError);
      expect(() => new ActivityRuntime({ defaults: options })).toThrow(TypeError);
    }),
    RUNS,
  );
});

test('options that are not an object are refused', async () => {
  const noObject = anything.filter(
    (value) => value !== undefined && (typeof value !== 'object' || value === null),
  );
  await fc.assert(
    fc.asyncProperty(noObject, async (value) => {
      const error = await refusal(value as object);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as TypeError).message).toMatch(/^ActivityOptions: received /);
    }),
    RUNS,
  );
});

test('an activity that is not a function is refused', async () => {
  const noFunction = anything.filter((value) => typeof value !== 'function');
  await fc.assert(
    fc.asyncProperty(noFunction, async (value) => {
      const harness = new Harness();
      await expect(harness.run(value as () => void)).rejects.toThrow(
        /^the activity: received [^]+; expected a function/,
      );
      expect(harness.events).toEqual([]);
    }),
    RUNS,
  );
});

test('every good value is accepted', async () => {
  const duration = fc.oneof(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.constantFrom('10s', '1.5 hours', '5 minutes', '0ms', '.5s', '2 Days', '1y'),
  );
  const infinitely = fc.oneof(duration, fc.constant(Infinity));
  const options = fc.record(
    {
      args: fc.array(fc.anything()),
      activityId: fc.string(),
      activityType: fc.string(),
      heartbeatTimeout: infinitely,
      startToCloseTimeout: infinitely,
      scheduleToStartTimeout: infinitely,
      scheduleToCloseTimeout: infinitely,
      startDelay: duration,
      heartbeatThrottleInterval: infinitely,
      signal: fc.nat().map(() => new AbortController().signal),
      cancellationType: fc.constantFrom('TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'),
      attemptOverlap: fc.oneof(infinitely, fc.constantFrom('allow', 'forbid')),
      priority: fc.integer({ min: 1, max: 5 }),
      retryPolicy: fc.record(
        {
          initialInterval: duration,
          backoffCoefficient: fc.double({ min: 1, max: 1e6, noNaN: true }),
          maximumAttempts: fc.oneof(fc.nat(), fc.constant(Infinity)),
          nonRetryableErrorTypes: fc.array(
            fc.constantFrom('A', TypeError, Row, 'TemporalTimeout:Heartbeat'),
          ),
          jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(options, async (good) => {
      const harness = new Harness();
      const ran = harness.watch(harness.run(() => 'done', good as object));
      await harness.turn();
      if (ran.outcome.state === 'rejected') {
        // A very long start delay, so that only the schedule timeouts may end it.
        expect(ran.outcome.error).not.toBeInstanceOf(TypeError);
      }
      expect(harness.names()[0]).toBe('scheduled');
    }),
    RUNS,
  );
});
