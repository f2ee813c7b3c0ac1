/** Log lines about attempts, and loggers that fail. */
import { describe, expect, test } from 'vitest';
import { ApplicationFailure, type Logger } from '../../src/index.js';
import { Harness } from '../support/harness.js';
import { collectUnhandledRejections, failureOf } from '../support/outcomes.js';

const fail = (): never => {
  throw new Error('no');
};

test('each failed attempt that will be retried is logged at WARN, except the last one', async () => {
  const h = new Harness();
  h.run(fail, {
    activityId: 'i',
    activityType: 't',
    retryPolicy: { maximumAttempts: 3 },
  }).catch(() => {});
  await h.advance(10_000);
  expect(h.logs).toMatchObject(
    [1, 2].map((attempt) => ({
      level: 'warn',
      message: `Activity t failed at attempt ${attempt}; next attempt in ${attempt}000 ms`,
      attributes: {
        activityId: 'i',
        activityType: 't',
        attempt,
        delayMs: attempt * 1_000,
        error: new Error('no'),
      },
    })),
  );
});

describe('a method that lost its object', () => {
  class Importer {
    readonly #rows = 1;
    rows = 2;
    sum(): number {
      return this.rows;
    }
    async private(): Promise<number> {
      await Promise.resolve();
      return this.#rows;
    }
    destructured(): number {
      const { rows } = this;
      return rows;
    }
    other(): number {
      if ((this as Importer | undefined) === undefined) throw new TypeError('fetch failed');
      return this.rows;
    }
    without(): number {
      return (undefined as unknown as { rows: number }).rows;
    }
    arrow = (): number => (undefined as unknown as Importer).rows + this.rows;
  }
  const methods = new Importer() as unknown as Record<string, () => Promise<number>>;
  const hint = (name: string): string =>
    '. Its "this" is undefined: ' +
    `pass (ctx, ...args) => object.${name}(ctx, ...args), or use proxyActivities(object)`;

  test.each(['sum', 'private', 'destructured'] as const)(
    'gets a hint in the warning and in the failure: %s',
    async (name) => {
      const h = new Harness();
      const run = h.watch(h.run(methods[name]!, { retryPolicy: { maximumAttempts: 2 } }));
      await h.advance(1_000);
      expect(h.logs).toHaveLength(1);
      expect(h.logs[0]?.message).toBe(
        `Activity ${name} failed at attempt 1; next attempt in 1000 ms${hint(name)}`,
      );
      const { message } = failureOf(run);
      expect(message).toMatch(/^Activity \w+ failed at attempt 2 \(.*\): TypeError: Cannot /);
      expect(message.endsWith(hint(name))).toBe(true);
    },
  );

  test.each(['other', 'without', 'arrow'] as const)(
    'gets no hint for other errors: %s',
    async (name) => {
      const h = new Harness();
      const run = h.watch(h.run(methods[name]!, { retryPolicy: { maximumAttempts: 1 } }));
      await h.turn();
      expect(failureOf(run).message).toMatch(/: TypeError: /);
      expect(failureOf(run).message).not.toContain('Its "this"');
    },
  );
});

describe('the warning about endless retries', () => {
  const FOR_EVER = /maximumAttempts.*scheduleToCloseTimeout/;

  test('is in the first warning of an activity only', async () => {
    const h = new Harness();
    h.run(fail).catch(() => {});
    await h.advance(10_000);
    expect(h.logs.map(({ message }) => FOR_EVER.test(message))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test.each([
    ['maximumAttempts', { retryPolicy: { maximumAttempts: 9 } }],
    ['scheduleToCloseTimeout', { scheduleToCloseTimeout: '1d' }],
  ] as const)('is not logged with %s', async (_, options) => {
    const h = new Harness();
    h.run(fail, options).catch(() => {});
    await h.advance(10_000);
    expect(h.logs.filter(({ message }) => FOR_EVER.test(message))).toEqual([]);
  });
});

test.each([
  ['an ApplicationFailure without a category', new ApplicationFailure('no')],
  ['an error that only looks BENIGN', Object.assign(new Error('no'), { category: 'BENIGN' })],
])('%s is logged at WARN', async (_, error) => {
  const h = new Harness();
  h.run(() => Promise.reject(error), { retryPolicy: { maximumAttempts: 2 } }).catch(() => {});
  await h.advance(10_000);
  expect(h.logs).toMatchObject([{ level: 'warn' }]);
});

describe('a nextRetryDelay that is not a finite duration', () => {
  const bad = [-1, NaN, Infinity, 'soon'].map((value) => [value] as const);
  const fails = (nextRetryDelay: unknown, category?: 'BENIGN') => (): never => {
    throw new ApplicationFailure('busy', { nextRetryDelay: nextRetryDelay as number, category });
  };
  const retryPolicy = {
    initialInterval: '7s',
    maximumAttempts: 2,
    nonRetryableErrorTypes: [TypeError],
  } as const;

  test.each(bad)(
    'of %o is named in the one warning, and the policy sets the delay',
    async (value) => {
      const h = new Harness();
      const run = h.watch(h.run(fails(value), { activityType: 't', retryPolicy }));
      await h.advance(7_000);
      expect(h.logs).toMatchObject([
        {
          level: 'warn',
          message: expect.stringMatching(
            /^Activity t failed at attempt 1; next attempt in 7000 ms\. Ignored nextRetryDelay: received .+; expected /,
          ) as string,
        },
      ]);
      expect(failureOf(run)).toMatchObject({
        retryState: 'MAXIMUM_ATTEMPTS_REACHED',
        cause: { message: 'busy' },
      });
    },
  );

  test('is logged at WARN even if the failure is BENIGN', async () => {
    const h = new Harness();
    h.run(fails(-1, 'BENIGN'), { retryPolicy }).catch(() => {});
    await h.advance(7_000);
    expect(h.logs).toMatchObject([{ level: 'warn' }]);
  });
});

test('abandoned attempts are logged at WARN from the third one', async () => {
  const h = new Harness();
  h.run(() => new Promise(() => {}), {
    activityType: 't',
    startToCloseTimeout: 10,
    retryPolicy: { initialInterval: 1, maximumAttempts: 4 },
  }).catch(() => {});
  await h.advance(1_000);
  expect(h.logs.filter(({ message }) => message.endsWith('watch ctx.signal'))).toMatchObject(
    [3, 4].map((attempt) => ({
      level: 'warn',
      message:
        `${attempt} attempts were abandoned because their functions did not stop; ` +
        'watch ctx.signal',
      attributes: { activityType: 't', attempt },
    })),
  );
});

test('maximumAttemptsWithoutProgress prevents the warning about endless retries', async () => {
  const h = new Harness();
  const retryPolicy = { maximumAttemptsWithoutProgress: 2 };
  h.run(() => Promise.reject(new Error('no')), { retryPolicy }).catch(() => {});
  await h.advance(10_000);
  expect(h.logs.map(({ message }) => message)).toEqual([
    'Activity anonymous failed at attempt 1; next attempt in 1000 ms',
  ]);
});

test('a BENIGN failure is logged at DEBUG and retried like any other', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      () => {
        throw ApplicationFailure.create({ message: 'not yet', category: 'BENIGN' });
      },
      { retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(10_000);
  expect(h.logs).toMatchObject([{ level: 'debug' }]);
  expect(failureOf(run).attempt).toBe(2);
});

describe('a logger that fails', () => {
  const loggers: [string, () => unknown][] = [
    [
      'by throwing',
      () => {
        throw new Error('logger');
      },
    ],
    ['by rejecting', () => Promise.reject(new Error('logger'))],
  ];

  test.each(loggers)('%s does not affect an activity', async (_, write) => {
    const unhandled = collectUnhandledRejections();
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const h = new Harness({ logger });
    const run = h.watch(
      h.run((ctx) => {
        ctx.log.info('hello');
        if (ctx.info.attempt === 1) throw new Error('no');
        return 'second';
      }),
    );
    await h.advance(5_000);
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'second' });
    expect(unhandled.stop()).toEqual([]);
  });

  test.each(loggers)('%s while a listener fails does not affect it either', async (_, write) => {
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const h = new Harness({ logger });
    h.engine.events.add('started', fail, false);
    await expect(h.run(() => 1)).resolves.toBe(1);
  });
});

test('ctx.log adds the attempt, and attributes of the call win', async () => {
  const h = new Harness();
  await h.run(
    (ctx) => {
      ctx.log.debug('a');
      ctx.log.error('b', { row: 3, attempt: 'mine' });
    },
    { activityId: 'i', activityType: 't' },
  );
  expect(h.logs).toEqual([
    {
      level: 'debug',
      message: 'a',
      attributes: { activityId: 'i', activityType: 't', attempt: 1 },
    },
    {
      level: 'error',
      message: 'b',
      attributes: { activityId: 'i', activityType: 't', row: 3, attempt: 'mine' },
    },
  ]);
});

describe('a function that blocks the event loop', () => {
  const BLOCKED =
    /^Activity work, attempt 1: blocked the event loop for 9000 ms or more; .*systole\/workers/;

  test('is named once for each attempt, although it completes', async () => {
    const h = new Harness();
    const work = (): void => h.clock.block(10_000);
    await h.run(work, { activityType: 'work', heartbeatTimeout: '1s' });
    expect(h.logs).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringMatching(BLOCKED) as string }),
    ]);
  });

  test('is named too when it blocks after an await', async () => {
    const h = new Harness();
    const work = async (): Promise<void> => {
      await Promise.resolve();
      h.clock.block(10_000);
      await h.work(100);
      h.clock.block(10_000);
      await h.work(100);
    };
    const run = h.run(work, { activityType: 'work', heartbeatTimeout: '1s' });
    await h.advance(30_000);
    await run;
    expect(h.logs.map(({ message }) => message)).toEqual([expect.stringMatching(BLOCKED)]);
  });

  test.each([{}, { startToCloseTimeout: '1 hour' }] as const)(
    'is named after 1 s without a heartbeat timeout: %o',
    async (options) => {
      const h = new Harness();
      void h.run(() => h.work(60_000)); // it is not to blame: the other one has not even returned
      const work = async (): Promise<void> => {
        h.clock.block(1_001);
        await h.work(10);
        h.clock.block(10_000);
      };
      void h.run(work, { activityType: 'work', ...options });
      await h.advance(60_000);
      expect(h.logs.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Activity work, attempt 1: blocked the event loop for 1001 ms/),
      ]);
    },
  );

  test('is named without a heartbeat timeout when it blocks later, and a deadline shows it', async () => {
    const h = new Harness();
    const work = async (): Promise<void> => {
      await h.work(10);
      h.clock.block(10_000);
      await h.work(10);
    };
    const options = { startToCloseTimeout: '2s', retryPolicy: { maximumAttempts: 1 } } as const;
    const run = h.watch(h.run(work, { activityType: 'work', ...options }));
    await h.advance(30_000);
    expect(failureOf(run).cause).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
    expect(h.logs.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^Activity work, attempt 1: blocked the event loop for 8010 ms/),
    ]);
  });

  test.each([
    ['with less than 1 s', 1_000],
    ['with a timeout', 10_000],
  ])('is not named without a heartbeat timeout %s', async (_why, ms) => {
    const h = new Harness();
    const options = ms > 1_000 ? { heartbeatTimeout: '20s' as const } : {};
    await h.run(() => h.clock.block(ms), options);
    expect(h.logs).toEqual([]);
  });

  test.each([
    ['another attempt runs, which may be to blame', 2, 10_000],
    ['the block is shorter than the timeout', 1, 1_900],
  ])('is not named if %s', async (_why, attempts, ms) => {
    const h = new Harness();
    for (let more = 1; more < attempts; more++) void h.run(() => h.work(60_000));
    await h.run(() => h.clock.block(ms), { activityType: 'work', heartbeatTimeout: '1s' });
    expect(h.logs).toEqual([]);
  });
});

test.each(['pause', 'reset'] as const)(
  'an attempt that stops for a %s is not warned of',
  async (request) => {
    const h = new Harness();
    const handle = h.start((ctx) => ctx.sleep('1h'));
    handle.result().catch(() => {});
    await h.turn();
    handle[request]();
    await h.advance(10);
    expect(handle.describe()).toMatchObject({ status: request === 'pause' ? 'PAUSED' : 'RUNNING' });
    expect(h.logs).toEqual([]);
    handle.terminate();
  },
);
