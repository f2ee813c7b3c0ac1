/** The full messages of refused options, and values that are not refused. */
import { describe, expect, test } from 'vitest';
import {
  ActivityRuntime,
  runActivity,
  startActivity,
  type ActivityOptions,
  type RuntimeOptions,
  type ShutdownOptions,
} from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { OptionsReader } from '../../src/runtime/options/read.js';
import { activityIdOf, resolveOptions, signalOf } from '../../src/runtime/options/resolve.js';
import {
  checkRuntimeOptions,
  RUNTIME_OPTION_NAMES,
} from '../../src/runtime/options/check-runtime.js';
import { OPTIONS } from '../../src/runtime/options/table.js';
import { resolveShutdown } from '../../src/runtime/shutdown.js';
import { Harness, never } from '../support/harness.js';

type Row = [name: string, value: unknown, message: string];

/** The message of the TypeError, or that there was none. */
function refusal(take: () => unknown): string {
  try {
    take();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  return 'taken';
}

const DURATION = "milliseconds (0 or more), or a number with a unit such as '10s' or '5 minutes'";

const noop = (): void => {};

describe('options of a call', () => {
  const refused = (options: object): string => {
    const h = new Harness();
    const message = refusal(() => h.start(never, options));
    expect(h.engine.stats().open, 'open').toBe(message === 'taken' ? 1 : 0);
    return message;
  };

  const TYPES = "'TRY_CANCEL' or 'WAIT_CANCELLATION_COMPLETED' or 'ABANDON'";
  const DELIVERIES = "'heartbeat' or 'immediate'";
  const POLICIES = "'FAIL' or 'USE_EXISTING'";
  const OVERLAPS = "'allow', 'forbid', or a duration such as '30s'";
  const SIGNAL = 'an AbortSignal, such as controller.signal';
  const PRIORITY = 'a whole number from 1 (first) to 5';

  const ROWS: Row[] = [
    ['cancellationType', 'abandon', `received "abandon"; expected ${TYPES}`],
    ['cancellationType', null, `received null; expected ${TYPES}`],
    ['cancellationDelivery', 'now', `received "now"; expected ${DELIVERIES}`],
    ['cancellationDelivery', true, `received true; expected ${DELIVERIES}`],
    ['idConflictPolicy', 'REJECT', `received "REJECT"; expected ${POLICIES}`],
    ['idConflictPolicy', 0, `received 0; expected ${POLICIES}`],
    ['concurrencyKey', 5, 'received 5; expected a string'],
    ['concurrencyKey', null, 'received null; expected a string'],
    ['activityType', noop, 'received function noop; expected a string'],
    ['activityId', 7, 'received 7; expected a string'],
    ['args', 'ada', 'received "ada"; expected an array of the function\'s arguments after ctx'],
    ['args', null, "received null; expected an array of the function's arguments after ctx"],
    ['startDelay', Infinity, 'received Infinity; expected a finite duration'],
    ['startDelay', '5', `received "5"; expected ${DURATION}`],
    ['startDelay', null, `received null; expected ${DURATION}`],
    ['heartbeatTimeout', -1, `received -1; expected ${DURATION}`],
    ['startToCloseTimeout', -1, `received -1; expected ${DURATION}`],
    ['scheduleToStartTimeout', -1, `received -1; expected ${DURATION}`],
    ['scheduleToCloseTimeout', -1, `received -1; expected ${DURATION}`],
    ['progressTimeout', -1, `received -1; expected ${DURATION}`],
    ['heartbeatThrottleInterval', -1, `received -1; expected ${DURATION}`],
    ['attemptOverlap', 'never', `received "never"; expected ${OVERLAPS}`],
    ['attemptOverlap', -1, `received -1; expected ${OVERLAPS}`],
    ['attemptOverlap', null, `received null; expected ${OVERLAPS}`],
    ['priority', 0, `received 0; expected ${PRIORITY}`],
    ['priority', 6, `received 6; expected ${PRIORITY}`],
    ['priority', 1.5, `received 1.5; expected ${PRIORITY}`],
    ['priority', '1', `received "1"; expected ${PRIORITY}`],
    ['signal', null, `received null; expected ${SIGNAL}`],
    ['signal', 5, `received 5; expected ${SIGNAL}`],
    ['signal', 'abort', `received "abort"; expected ${SIGNAL}`],
    ['signal', noop, `received function noop; expected ${SIGNAL}`],
    ['signal', {}, `received an object; expected ${SIGNAL}`],
    ['signal', { aborted: true }, `received an object; expected ${SIGNAL}`],
    ['signal', { addEventListener() {} }, `received an object; expected ${SIGNAL}`],
    ['signal', { aborted: 0, addEventListener() {} }, `received an object; expected ${SIGNAL}`],
    ['signal', { aborted: false, addEventListener: 1 }, `received an object; expected ${SIGNAL}`],
    ['signal', { aborted: false, addEventListener() {} }, `received an object; expected ${SIGNAL}`],
    [
      'signal',
      Object.assign(() => {}, { aborted: false, addEventListener() {} }),
      `received a function; expected ${SIGNAL}`,
    ],
    [
      'signal',
      new AbortController(),
      `received an instance of AbortController; expected ${SIGNAL}`,
    ],
  ];

  test.each(ROWS)('%s: %o is refused', (name, value, message) => {
    expect(refused({ [name]: value })).toBe(`${name}: ${message}`);
  });

  test.each([null, 5, 'a'])('%o instead of the options is refused', (options) => {
    expect(refused(options as unknown as object)).toBe(
      `ActivityOptions: received ${JSON.stringify(options)}; expected an object such as { heartbeatTimeout: '10s' }`,
    );
  });

  test.each<[value: unknown, shown: string]>([
    [undefined, 'undefined'],
    ['import', '"import"'],
    [{ run: noop }, 'an object'],
  ])('%o instead of the function is refused', (fn, shown) => {
    expect(refusal(() => new Harness().start(fn as () => void))).toBe(
      `the activity: received ${shown}; expected a function such as async (ctx, ...args) => { ... }`,
    );
  });

  test.each<[name: keyof ActivityOptions, values: readonly unknown[]]>([
    ['cancellationType', ['TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON', undefined]],
    ['cancellationDelivery', ['heartbeat', 'immediate', undefined]],
    ['idConflictPolicy', ['FAIL', 'USE_EXISTING', undefined]],
    ['concurrencyKey', ['', 'key', undefined]],
    ['startDelay', [0, 1, '1s', undefined]],
    ['attemptOverlap', ['allow', 'forbid', 0, '30s', Infinity, undefined]],
    ['priority', [1, 2, 3, 4, 5, undefined]],
    ['signal', [{ aborted: false, addEventListener() {}, removeEventListener() {} }, undefined]],
  ])('%s: %o are accepted', (name, values) => {
    for (const value of values) expect(refused({ [name]: value })).toBe('taken');
  });

  test('have defaults', () => {
    expect(resolveOptions({})).toMatchObject({
      startDelayMs: 0,
      cancellationType: 'TRY_CANCEL',
      cancellationDelivery: 'heartbeat',
      idConflictPolicy: 'FAIL',
      attemptOverlapMs: 0,
      priority: 3,
    });
    expect([activityIdOf(undefined), signalOf(undefined)]).toEqual([undefined, undefined]);
  });

  test('attemptOverlap becomes a wait', () => {
    const waits = (['allow', 'forbid', 250, '30s'] as const).map(
      (attemptOverlap) => resolveOptions({ attemptOverlap }).attemptOverlapMs,
    );
    expect(waits).toEqual([0, Infinity, 250, 30_000]);
  });

  const COUNTS_ALL = 'maximumAttempts (the first one counts too)';
  const ELSEWHERE: Record<string, string> = {
    retry: 'retryPolicy',
    retries: `retryPolicy.${COUNTS_ALL}`,
    maxRetries: `retryPolicy.${COUNTS_ALL}`,
    attempts: 'retryPolicy.maximumAttempts',
    maxAttempts: 'retryPolicy.maximumAttempts',
    maximumAttempts: 'retryPolicy.maximumAttempts',
    factor: 'retryPolicy.backoffCoefficient',
    backoff: 'retryPolicy.initialInterval and backoffCoefficient',
    minTimeout: 'retryPolicy.initialInterval',
    initialInterval: 'retryPolicy.initialInterval',
    maxTimeout: 'retryPolicy.maximumInterval',
    randomize: 'retryPolicy.jitter, from 0 to 1',
    jitter: 'retryPolicy.jitter',
    shouldRetry: 'retryPolicy.shouldRetry',
    maxRetryTime: 'scheduleToCloseTimeout, an option of the call',
    onFailedAttempt: 'retryPolicy.onFailedAttempt',
    onRetry: 'retryPolicy.onFailedAttempt',
    shouldConsumeRetry: 'not available: every failed attempt counts',
    unref: 'not available: open activities keep the process alive',
    timeout: 'startToCloseTimeout for one attempt, scheduleToCloseTimeout for all of them',
    delay: 'startDelay, or retryPolicy.initialInterval between attempts',
    id: 'activityId',
    jobId: 'activityId',
    abortSignal: 'signal',
    onProgress: "ctx.heartbeat(details) in the function, and runtime.on('heartbeat', listener)",
    concurrency: 'maxConcurrentActivities, an option of ActivityRuntime',
    taskQueue: 'not needed in one process',
  };

  test.each(Object.entries(ELSEWHERE))('%s gets a hint about what to use here', (name, hint) => {
    expect(refused({ [name]: 1 })).toBe(
      `ActivityOptions has no option "${name}"; here it is ${hint}`,
    );
  });

  test.each(RUNTIME_OPTION_NAMES.known)('%s is known as an option of the runtime', async (name) => {
    const hint = `has no option "${name}"; here it is an option of ActivityRuntime`;
    expect(refused({ [name]: 1 })).toBe(`ActivityOptions ${hint}`);
    await expect(runActivity(() => 1, { [name]: 1 })).rejects.toThrow(hint);
    expect(refusal(() => new ActivityRuntime({ defaults: { [name]: 1 } }))).toBe(
      `defaults ${hint}`,
    );
  });

  test('an option that cannot be changed gives the same hint in updateOptions', () => {
    const h = new Harness();
    const handle = h.start(never);
    expect(() => {
      handle.updateOptions({ timeout: '1s' } as object);
    }).toThrow('updateOptions has no option "timeout"; here it is startToCloseTimeout for one');
  });

  test('a name unlike all others is refused with a list of the known names', () => {
    expect(refused({ completelyDifferent: 1 })).toBe(
      'ActivityOptions has no option "completelyDifferent"; known options: args, activityId, ' +
        `signal, ${OPTIONS.map(({ name }) => name).join(', ')}`,
    );
  });
});

describe('arguments instead of the options', () => {
  const takeTwo = (_ctx: unknown, ...numbers: number[]): number => numbers.length;
  const EXPECTED =
    "expected one object such as { heartbeatTimeout: '10s' }; pass the function's arguments as ";
  type Loose = (fn: unknown, ...rest: unknown[]) => unknown;

  test.each<[rest: unknown[], received: string, args: string]>([
    [[1, 2], '1, 2', '[1, 2]'],
    [['big.csv'], '"big.csv"', '["big.csv"]'],
    [[['a', 'b']], 'an array of 2', '[an array of 2]'],
    [[{ heartbeatTimeout: '10s' }, 'big.csv'], 'an object, "big.csv"', '["big.csv"]'],
    [['big.csv', { heartbeatTimeout: '10s' }], '"big.csv", an object', '["big.csv", an object]'],
    [[undefined, 5], 'undefined, 5', '[undefined, 5]'],
    [[1, 2, 3, 4, 5], '1, 2, 3, ...', '[1, 2, 3, ...]'],
    [[null], 'null', '[null]'],
  ])('are refused: %j', async (rest, received, args) => {
    const message = `ActivityOptions: received ${received}; ${EXPECTED}args: ${args}`;
    const runtime = new ActivityRuntime();
    await using env = new TestActivityEnvironment();
    for (const start of [startActivity, runtime.start.bind(runtime), env.start.bind(env)]) {
      expect(refusal(() => (start as Loose)(takeTwo, ...rest))).toBe(message);
    }
    for (const run of [runActivity, runtime.run.bind(runtime), env.run.bind(env)]) {
      await expect((run as Loose)(takeTwo, ...rest)).rejects.toThrow(new TypeError(message));
    }
    expect(runtime.stats().open).toBe(0);
  });
});

describe('options of a runtime', () => {
  const refused = (options: unknown): string => {
    const message = refusal(() => {
      checkRuntimeOptions(options as RuntimeOptions);
    });
    expect(refusal(() => new ActivityRuntime(options as RuntimeOptions))).toBe(message);
    return message;
  };

  const COUNT = 'a whole number above 0, or Infinity';
  const COUNTS = [
    'maxConcurrentActivities',
    'maxConcurrentPerKey',
    'maxWaiting',
    'maxHeartbeatDetailsBytes',
  ];

  test.each(COUNTS)('%s must be a count', (name) => {
    for (const [value, shown] of [
      [0, '0'],
      [-1, '-1'],
      [1.5, '1.5'],
      [NaN, 'NaN'],
      [-Infinity, '-Infinity'],
      ['10', '"10"'],
      [10n, '10n'],
      [null, 'null'],
    ] as const) {
      expect(refused({ [name]: value })).toBe(`${name}: received ${shown}; expected ${COUNT}`);
    }
    for (const value of [1, 10, Infinity, undefined]) {
      expect(refused({ [name]: value })).toBe('taken');
    }
  });

  test('maxActivitiesPerSecond must be a rate', () => {
    for (const [value, shown] of [
      [0, '0'],
      [-0.5, '-0.5'],
      [NaN, 'NaN'],
      ['5', '"5"'],
      [5n, '5n'],
      [null, 'null'],
      [[5], 'an array of 1'],
      [new Date(5), 'an instance of Date'],
    ] as const) {
      expect(refused({ maxActivitiesPerSecond: value })).toBe(
        `maxActivitiesPerSecond: received ${shown}; expected a number above 0, or Infinity`,
      );
    }
    for (const value of [0.5, 1, Infinity, undefined]) {
      expect(refused({ maxActivitiesPerSecond: value })).toBe('taken');
    }
  });

  test.each([
    ['concurrency', 'maxConcurrentActivities, an option of ActivityRuntime'],
    ['heartbeatTimeout', 'defaults.heartbeatTimeout'],
    ['retryPolicy', 'defaults.retryPolicy'],
    ['retries', 'retryPolicy.maximumAttempts (the first one counts too)'],
    ['taskQueue', 'not needed in one process'],
  ])('%s gets a hint about what to use here', (name, hint) => {
    expect(refused({ [name]: 1 })).toBe(
      `ActivityRuntime has no option "${name}"; here it is ${hint}`,
    );
  });

  test('the defaults give the same hints as a call', () => {
    expect(refused({ defaults: { retries: 3 } })).toContain('here it is retryPolicy.maximumAttem');
  });

  const INTERCEPTORS =
    'an array of objects with at least one of execute, heartbeat, capture, log, attach';

  test.each<[value: unknown, message: string]>([
    [null, `interceptors: received null; expected ${INTERCEPTORS}`],
    [{ execute: noop }, `interceptors: received an object; expected ${INTERCEPTORS}`],
    [{ length: 0 }, `interceptors: received an object; expected ${INTERCEPTORS}`],
    [[null], `interceptors[0]: received null; expected ${INTERCEPTORS}`],
    [[undefined], `interceptors[0]: received undefined; expected ${INTERCEPTORS}`],
    [[5], `interceptors[0]: received 5; expected ${INTERCEPTORS}`],
    [[{}], `interceptors[0]: received an object; expected ${INTERCEPTORS}`],
    [
      [{ execute: noop }, noop],
      `interceptors[1]: received function noop; expected ${INTERCEPTORS}`,
    ],
    [
      [{ execute: noop, heartbeat: 1 }],
      `interceptors[0]: received an object; expected ${INTERCEPTORS}`,
    ],
    [
      [{ execute: null, heartbeat: noop }],
      `interceptors[0]: received an object; expected ${INTERCEPTORS}`,
    ],
  ])('interceptors: %o is refused', (interceptors, message) => {
    expect(refused({ interceptors })).toBe(message);
  });

  test.each<[value: unknown]>([
    [undefined],
    [[]],
    [[{ execute: noop }]],
    [[{ heartbeat: noop }]],
    [
      [
        { execute: noop, heartbeat: undefined },
        { execute: noop, heartbeat: noop },
      ],
    ],
  ])('interceptors: %o is accepted', (interceptors) => {
    expect(refused({ interceptors })).toBe('taken');
  });

  const METHODS: [name: string, methods: string[], accepted: string][] = [
    ['store', ['get', 'set', 'delete'], 'an object with get, set, delete'],
    ['serializer', ['serialize', 'deserialize'], 'an object with serialize, deserialize'],
    ['logger', ['debug', 'info', 'warn', 'error'], 'an object with debug, info, warn, error'],
  ];

  test.each(METHODS)('%s needs each of %j', (name, methods, accepted) => {
    const whole = Object.fromEntries(methods.map((method) => [method, noop]));
    expect(refused({ [name]: whole })).toBe('taken');
    expect(refused({ [name]: undefined })).toBe('taken');
    for (const missing of methods) {
      for (const value of [undefined, null, true, {}]) {
        expect(refused({ [name]: { ...whole, [missing]: value } })).toBe(
          `${name}: received an object; expected ${accepted}`,
        );
      }
    }
    for (const [value, shown] of [
      [null, 'null'],
      [true, 'true'],
      ['console', '"console"'],
    ] as const) {
      expect(refused({ [name]: value })).toBe(`${name}: received ${shown}; expected ${accepted}`);
    }
  });

  test('false is accepted only as a logger', () => {
    expect(refused({ logger: false })).toBe('taken');
    expect(refused({ store: false })).toBe(
      'store: received false; expected an object with get, set, delete',
    );
    expect(refused({ serializer: false })).toBe(
      'serializer: received false; expected an object with serialize, deserialize',
    );
  });

  test.each<[name: string, hint: string]>([
    ['concurrency', 'maxConcurrentActivities, an option of ActivityRuntime'],
    [
      'maxConcurrentActivityTaskExecutions',
      'maxConcurrentActivities, an option of ActivityRuntime',
    ],
    ['taskQueue', 'not needed in one process'],
  ])('%s gets a hint about what to use here', (name, hint) => {
    expect(refused({ [name]: 1 })).toBe(
      `ActivityRuntime has no option "${name}"; here it is ${hint}`,
    );
  });

  test('a name unlike all others is refused with a list of the known names', () => {
    expect(refused({ completelyDifferent: 1 })).toBe(
      'ActivityRuntime has no option "completelyDifferent"; known options: ' +
        'maxConcurrentActivities, maxConcurrentPerKey, maxActivitiesPerSecond, maxWaiting, ' +
        'interceptors, defaults, store, serializer, logger, maxHeartbeatDetailsBytes',
    );
  });

  test.each([null, 5])('%o instead of the options is refused', (options) => {
    expect(refused(options)).toBe(
      `ActivityRuntime: received ${options}; expected an object such as { maxConcurrentActivities: 10 }`,
    );
  });
});

describe('options in the defaults', () => {
  const refused = (defaults: unknown): string =>
    refusal(() => new ActivityRuntime({ defaults } as RuntimeOptions));

  test.each(['args', 'activityId', 'signal'])('%s belongs to each call', (name) => {
    expect(refused({ [name]: undefined })).toBe(
      `defaults has no option "${name}"; here it is an option of each call, not a default`,
    );
  });

  test('a name unlike all others is refused with a list of those that a default may have', () => {
    expect(refused({ completelyDifferent: 1 })).toBe(
      'defaults has no option "completelyDifferent"; known options: ' +
        OPTIONS.map(({ name }) => name).join(', '),
    );
  });

  test.each([null, 5])('%o instead of the defaults is refused', (defaults) => {
    expect(refused(defaults)).toBe(
      `defaults: received ${defaults}; expected an object such as { heartbeatTimeout: '10s' }`,
    );
  });

  test('a bad value is refused as in a call', () => {
    expect(refused({ startDelay: Infinity })).toBe(
      'startDelay: received Infinity; expected a finite duration',
    );
    expect(refused({ heartbeatTimeout: '1s' })).toBe('taken');
    expect(refused(undefined)).toBe('taken');
  });
});

describe('options of a shutdown', () => {
  const refused = async (options: unknown): Promise<string> => {
    const h = new Harness();
    const given = options as ShutdownOptions;
    const asked = (async () => h.engine.shutdown(given))().then(
      () => 'taken',
      (error: unknown) => (error as TypeError).message,
    );
    const message = refusal(() => resolveShutdown(given));
    // A refused shutdown has not begun.
    if (message !== 'taken') expect(() => h.start(never)).not.toThrow();
    await h.advance(60_000);
    await expect(asked).resolves.toBe(message);
    return message;
  };

  test.each<Row>([
    ['drain', 'yes', 'received "yes"; expected true or false'],
    ['drain', 0, 'received 0; expected true or false'],
    ['drain', 1, 'received 1; expected true or false'],
    ['drain', null, 'received null; expected true or false'],
    ['gracePeriod', 'soon', `received "soon"; expected ${DURATION}`],
    ['gracePeriod', -1, `received -1; expected ${DURATION}`],
    ['gracePeriod', null, `received null; expected ${DURATION}`],
    ['abandonAfter', '10', `received "10"; expected ${DURATION}`],
    ['abandonAfter', NaN, `received NaN; expected ${DURATION}`],
    ['abandonAfter', null, `received null; expected ${DURATION}`],
  ])('%s: %o is refused', async (name, value, message) => {
    await expect(refused({ [name]: value })).resolves.toBe(`${name}: ${message}`);
  });

  test.each<[name: string, hint: string]>([
    ['timeout', 'gracePeriod and abandonAfter'],
    ['force', 'abandonAfter: 0'],
    ['shutdownGraceTime', 'gracePeriod'],
    ['shutdownForceTime', 'abandonAfter'],
  ])('%s gets a hint about what to use here', async (name, hint) => {
    await expect(refused({ [name]: 1 })).resolves.toBe(
      `shutdown has no option "${name}"; here it is ${hint}`,
    );
  });

  test('a name unlike all others is refused with a list of the known names', async () => {
    await expect(refused({ completelyDifferent: 1 })).resolves.toBe(
      'shutdown has no option "completelyDifferent"; known options: drain, gracePeriod, abandonAfter',
    );
  });

  test.each([null, 5])('%o instead of the options is refused', async (options) => {
    await expect(refused(options)).resolves.toBe(
      `shutdown: received ${options}; expected an object such as { gracePeriod: '5s' }`,
    );
  });

  test.each<[ShutdownOptions, drain: boolean, graceMs: number, abandonMs: number]>([
    [{}, false, 0, 10_000],
    [{ drain: undefined, gracePeriod: undefined, abandonAfter: undefined }, false, 0, 10_000],
    [{ drain: false }, false, 0, 10_000],
    [{ drain: true }, true, Infinity, 10_000],
    [{ drain: true, gracePeriod: 0, abandonAfter: 0 }, true, 0, 0],
    [{ gracePeriod: '5s', abandonAfter: '1m' }, false, 5_000, 60_000],
    [{ gracePeriod: Infinity, abandonAfter: Infinity }, false, Infinity, Infinity],
  ])('%o is accepted', async (options, drain, graceMs, abandonMs) => {
    expect(resolveShutdown(options)).toEqual({ drain, graceMs, abandonMs });
    await expect(refused(options)).resolves.toBe('taken');
  });
});

describe('an object whose constructor cannot be read', () => {
  /** Returns what the object returns, but hides the names of some fields. */
  const guarded = <T extends object>(values: T, hidden: Readonly<Record<string, unknown>> = {}) =>
    new Proxy(values, {
      get(target, name, receiver): unknown {
        if (name === 'constructor') throw new Error('constructor');
        if (typeof name === 'string' && Object.hasOwn(hidden, name)) return hidden[name];
        return Reflect.get(target, name, receiver);
      },
    });

  test('is read like any other', () => {
    const reader = new OptionsReader({ priority: 2 });
    const options: ActivityOptions = { heartbeatTimeout: '5s', concurrencyKey: 'key' };
    expect(reader.read(guarded(options))).toEqual(
      resolveOptions({ heartbeatTimeout: '5s', concurrencyKey: 'key', priority: 2 }),
    );
    expect(reader.read(guarded({}))).toEqual(resolveOptions({ priority: 2 }));
  });

  test('may be the retry policy', () => {
    const reader = new OptionsReader(undefined);
    const retryPolicy = guarded({ maximumAttempts: 7, jitter: 0.5 });
    expect(reader.read({ retryPolicy })).toEqual(
      resolveOptions({ retryPolicy: { maximumAttempts: 7, jitter: 0.5 } }),
    );
  });

  test('is read again at each call', () => {
    const reader = new OptionsReader(undefined);
    for (const startDelay of [5, 6]) {
      expect(reader.read(guarded({}, { startDelay }))).toMatchObject({ startDelayMs: startDelay });
    }
    for (const maximumAttempts of [5, 6]) {
      const { retryPolicy } = reader.read({ retryPolicy: guarded({}, { maximumAttempts }) });
      expect(retryPolicy).toMatchObject({ maximumAttempts });
    }
  });

  test('is refused for a bad option like any other', () => {
    const reader = new OptionsReader(undefined);
    expect(refusal(() => reader.read(guarded({ startDelay: Infinity })))).toBe(
      'startDelay: received Infinity; expected a finite duration',
    );
    expect(refusal(() => reader.read(guarded({ timeout: 1 } as ActivityOptions)))).toBe(
      'ActivityOptions has no option "timeout"; here it is ' +
        'startToCloseTimeout for one attempt, scheduleToCloseTimeout for all of them',
    );
  });

  test('starts an activity', async () => {
    const h = new Harness();
    const run = h.run((ctx) => ctx.info.activityType, guarded({ activityType: 'a' }));
    await expect(run).resolves.toBe('a');
  });
});
