/**
 * The four timeouts of an activity: clamping, ties, and which one counts if several have passed.
 */
import { describe, expect, test } from 'vitest';
import { ActivityNotFoundError, type ActivityHandle } from '../../src/index.js';
import type {
  ActivityContext,
  ActivityInfo,
  ActivityOptions,
  RuntimeOptions,
  TimeoutFailure,
  TimeoutType,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

describe('ctx.info shows the timeouts that apply', () => {
  test.each<[string, ActivityOptions, (number | undefined)[]]>([
    ['none', {}, [undefined, undefined, undefined]],
    ['heartbeat alone', { heartbeatTimeout: '1s' }, [1_000, undefined, undefined]],
    [
      'heartbeat clamped to startToClose',
      { heartbeatTimeout: '10s', startToCloseTimeout: '5s' },
      [5_000, 5_000, undefined],
    ],
    [
      'heartbeat clamped to scheduleToClose, which startToClose becomes',
      { heartbeatTimeout: '10s', scheduleToCloseTimeout: '5s' },
      [5_000, 5_000, 5_000],
    ],
    [
      'startToClose clamped to scheduleToClose',
      { startToCloseTimeout: '10s', scheduleToCloseTimeout: '5s' },
      [undefined, 5_000, 5_000],
    ],
    [
      'nothing clamped',
      { heartbeatTimeout: '1s', startToCloseTimeout: '2s', scheduleToCloseTimeout: '3s' },
      [1_000, 2_000, 3_000],
    ],
    [
      'startToClose sets no scheduleToClose',
      { startToCloseTimeout: '5s' },
      [undefined, 5_000, undefined],
    ],
    [
      '0 and Infinity mean none and clamp nothing',
      { heartbeatTimeout: '1s', startToCloseTimeout: 0, scheduleToCloseTimeout: Infinity },
      [1_000, undefined, undefined],
    ],
  ])('%s', (_, options, expected) => {
    const h = new Harness();
    let info!: ActivityInfo;
    void h.run((ctx) => {
      info = ctx.info;
    }, options);
    const { heartbeatTimeoutMs, startToCloseTimeoutMs, scheduleToCloseTimeoutMs } = info;
    expect([heartbeatTimeoutMs, startToCloseTimeoutMs, scheduleToCloseTimeoutMs]).toEqual(expected);
  });

  test('and is frozen', () => {
    const h = new Harness();
    let info!: ActivityInfo;
    void h.run((ctx) => {
      info = ctx.info;
    });
    expect(Object.isFrozen(info)).toBe(true);
    expect(Object.isFrozen(info.retryPolicy)).toBe(true);
  });
});

describe('when two deadlines pass at the same moment', () => {
  test('startToClose wins over heartbeat', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(never, {
        heartbeatTimeout: '2s',
        startToCloseTimeout: '2s',
        retryPolicy: { maximumAttempts: 1 },
      }),
    );
    await h.advance(5_000);
    expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
  });

  test('startToClose wins over scheduleToClose in a later attempt', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        (ctx) => {
          if (ctx.info.attempt === 1) throw new Error('no');
          return never();
        },
        {
          startToCloseTimeout: '2s',
          scheduleToCloseTimeout: '3s',
          retryPolicy: { maximumAttempts: 2 },
        },
      ),
    );
    await h.advance(10_000);
    expect(settledAt(run)).toBe(3_000);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
  });

  // If an attempt starts a little after it is scheduled, startToClose is the later one.
  test.each<[string, ActivityOptions, number]>([
    ['the first attempt', { scheduleToCloseTimeout: '2s' }, 2_000],
    [
      'the first attempt, both given',
      { startToCloseTimeout: '2s', scheduleToCloseTimeout: '2s' },
      2_000,
    ],
    ['the first attempt after a delay', { scheduleToCloseTimeout: '2s', startDelay: '1s' }, 3_000],
  ])('scheduleToClose wins over startToClose in %s', async (_, options, at) => {
    const h = new Harness();
    const run = h.watch(h.run(never, options));
    await h.advance(10_000);
    expect(settledAt(run)).toBe(at);
    expect(failureOf(run).retryState).toBe('TIMEOUT');
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
  });

  test('startToClose wins over scheduleToClose in a first attempt that waited for its slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.run((ctx) => ctx.sleep('1s'));
    const run = h.watch(
      h.run(never, {
        startToCloseTimeout: '2s',
        scheduleToCloseTimeout: '3s',
        retryPolicy: { maximumAttempts: 1 },
      }),
    );
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0, 1_000]);
    expect(settledAt(run)).toBe(3_000);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
  });

  test('scheduleToClose wins over heartbeat', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.sleep('1s');
          ctx.heartbeat();
          await never();
        },
        {
          heartbeatTimeout: '2s',
          scheduleToCloseTimeout: '3s',
          retryPolicy: { maximumAttempts: 1 },
        },
      ),
    );
    await h.advance(10_000);
    expect(settledAt(run)).toBe(3_000);
    expect(failureOf(run).retryState).toBe('TIMEOUT');
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
  });

  test('scheduleToStart, clamped to scheduleToClose, wins over scheduleToClose', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.run(never);
    const run = h.watch(h.run(never, { scheduleToCloseTimeout: '2s' }));
    await h.advance(10_000);
    expect(settledAt(run)).toBe(2_000);
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
  });

  test('a heartbeat timeout at the scheduleToClose deadline leaves no time for a retry', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(never, { heartbeatTimeout: '1s', scheduleToCloseTimeout: '2s' }), // the delay is 1 s
    );
    await h.advance(10_000);
    expect(settledAt(run)).toBe(1_000);
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'SCHEDULE_TO_CLOSE',
      cause: { timeoutType: 'HEARTBEAT' },
    });
  });
});

describe('when several deadlines have passed during a block, the first one counts', () => {
  test.each<[TimeoutType, ActivityOptions]>([
    ['START_TO_CLOSE', { startToCloseTimeout: '1s', scheduleToCloseTimeout: '2s' }],
    ['SCHEDULE_TO_CLOSE', { startToCloseTimeout: '3s', scheduleToCloseTimeout: '2s' }],
    ['START_TO_CLOSE', { startToCloseTimeout: '2s', heartbeatTimeout: '1s' }],
  ])('%s of %o', async (timeoutType, options) => {
    const h = new Harness();
    const run = h.watch(h.run(never, { ...options, retryPolicy: { maximumAttempts: 1 } }));
    h.clock.block(10_000);
    await h.advance(0);
    expect(timeoutOf(run).timeoutType).toBe(timeoutType);
    expect(settledAt(run)).toBe(10_000);
  });
});

test('startToClose counts from the start of each attempt', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.sleep('900ms');
        if (ctx.info.attempt < 4) throw new Error('no');
        return 'in time';
      },
      { startToCloseTimeout: '1s' },
    ),
  );
  await h.advance(60_000);
  expect(run.outcome).toMatchObject({ value: 'in time' });
});

test('scheduleToClose counts over all attempts and delays', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.sleep('900ms');
        throw new Error('no');
      },
      {
        scheduleToCloseTimeout: '4s',
        retryPolicy: { initialInterval: 100, backoffCoefficient: 1 },
      },
    ),
  );
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 1_000, 2_000, 3_000]);
  expect(settledAt(run)).toBe(3_900);
  expect(failureOf(run)).toMatchObject({ attempt: 4, retryState: 'TIMEOUT' });
});

test('an activity without a timeout has no timer and no end', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never));
  await h.advance(365 * 86_400_000);
  expect(run.outcome.state).toBe('pending');
  expect(h.clock.pending).toBe(0);
});

test('a timeout of a year works', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(never, { startToCloseTimeout: '1y', retryPolicy: { maximumAttempts: 1 } }),
  );
  await h.advance(366 * 86_400_000);
  expect(settledAt(run)).toBe(365.25 * 86_400_000);
});

test('an activity that ends in time leaves no timer', async () => {
  const h = new Harness();
  void h.run(() => 1, {
    heartbeatTimeout: '1h',
    startToCloseTimeout: '2h',
    scheduleToCloseTimeout: '3h',
  });
  await h.advance(50);
  expect(h.clock.pending).toBe(0);
});

describe('a function that blocks past a limit and then returns has timed out', () => {
  const ONCE = { maximumAttempts: 1 };
  const afterwards: [string, () => unknown][] = [
    ['synchronously', () => 'late'],
    ['after a microtask', () => Promise.resolve('late')],
    [
      'after several',
      () =>
        Promise.resolve()
          .then(() => {})
          .then(() => 'late'),
    ],
    ['after an immediate', () => new Promise((resolve) => setImmediate(resolve, 'late'))],
  ];
  const limits: [TimeoutType, ActivityOptions][] = [
    ['START_TO_CLOSE', { startToCloseTimeout: '1s', retryPolicy: ONCE }],
    ['SCHEDULE_TO_CLOSE', { scheduleToCloseTimeout: '1s', retryPolicy: ONCE }],
    ['START_TO_CLOSE', { startToCloseTimeout: '1s', heartbeatTimeout: '1s', retryPolicy: ONCE }],
  ];
  const cases = limits.flatMap(([type, options]) =>
    afterwards.map(([how, then]) => ({ type, options, how, then })),
  );

  test.each(cases)('$type, $how: $options', async ({ type, options, then }) => {
    const h = new Harness();
    const run = h.watch(
      h.run(() => {
        h.clock.block(30_000);
        return then();
      }, options),
    );
    while (run.outcome.state === 'pending') await h.turn();
    expect(timeoutOf(run)).toMatchObject({ timeoutType: type, eventLoopBlockedMs: 29_000 });
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'attemptAbandoned',
      'failed',
      'attemptSettled',
    ]);
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, result: 'late' }]);
  });

  test('a function that throws after the limit has timed out too, and attemptSettled has its error', async () => {
    const h = new Harness();
    const error = new Error('late');
    const run = h.watch(
      h.run(
        () => {
          h.clock.block(2_000);
          throw error;
        },
        { startToCloseTimeout: '1s', retryPolicy: ONCE },
      ),
    );
    await h.turn();
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, error }]);
  });

  test('the late attempt is retried, and its slot is free for the retry', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const run = h.watch(
      h.run(
        (ctx) => {
          if (ctx.info.attempt === 1) h.clock.block(2_000);
          return ctx.info.attempt;
        },
        { startToCloseTimeout: '1s' },
      ),
    );
    await h.advance(5_000);
    expect(run.outcome).toMatchObject({ value: 2, at: 3_000 });
    expect(h.engine.stats()).toMatchObject({ open: 0, running: 0 });
  });

  test('its signal has aborted with the timeout before attemptSettled', async () => {
    const h = new Harness();
    let signal!: AbortSignal;
    const run = h.watch(
      h.run(
        (ctx) => {
          signal = ctx.signal;
          h.clock.block(2_000);
        },
        { startToCloseTimeout: '1s', retryPolicy: ONCE },
      ),
    );
    await h.turn();
    expect(signal.reason).toMatchObject({ message: 'TIMED_OUT', cause: timeoutOf(run) });
  });

  test('a function that returns just in time has not timed out', async () => {
    const h = new Harness();
    const run = h.watch(h.run(() => h.clock.block(999), { startToCloseTimeout: '1s' }));
    await h.turn();
    expect(run.outcome.state).toBe('resolved');
  });

  test('a function that was blocked for longer than only its heartbeatTimeout has not timed out', async () => {
    const h = new Harness();
    const run = h.watch(h.run(() => h.clock.block(30_000), { heartbeatTimeout: '1s' }));
    await h.turn();
    expect(run.outcome.state).toBe('resolved');
  });

  test.each<[string, (handle: ActivityHandle<void>) => void]>([
    ['complete', (handle) => handle.complete(undefined)],
    ['fail', (handle) => handle.fail(new Error('no'))],
    ['heartbeat', (handle) => handle.heartbeat()],
  ])('%s from outside also comes too late', async (_, act) => {
    const h = new Harness();
    const handle = h.start((ctx): void => ctx.completeAsync(), {
      startToCloseTimeout: '1s',
      retryPolicy: ONCE,
    });
    const run = h.watch(handle.result());
    await h.turn();
    h.clock.block(1_000);
    expect(() => act(handle)).toThrow(ActivityNotFoundError);
    await h.turn();
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
  });

  test.each<[ActivityOptions, number]>([
    [{ scheduleToStartTimeout: '1s' }, 3_000],
    [{ scheduleToCloseTimeout: '2s' }, 2_000],
  ])(
    'an activity that waited behind the block for longer than %o does not start',
    async (options, blockedMs) => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      void h.run(async () => {
        await Promise.resolve();
        h.clock.block(4_000);
      });
      const run = h.watch(h.run(() => 'begun', options));
      const next = h.watch(h.run(() => 'next'));
      await h.turn();
      expect(timeoutOf(run)).toMatchObject({
        timeoutType: 'SCHEDULE_TO_START',
        eventLoopBlockedMs: blockedMs,
      });
      expect(next.outcome).toMatchObject({ value: 'next' });
      expect(h.engine.stats()).toMatchObject({ open: 0, running: 0, waiting: 0 });
      expect(startsOf(h)).toHaveLength(2);
    },
  );
});

describe('eventLoopBlockedMs', () => {
  test.each<[TimeoutType, ActivityOptions]>([
    ['START_TO_CLOSE', { startToCloseTimeout: '1s' }],
    ['SCHEDULE_TO_CLOSE', { scheduleToCloseTimeout: '1s' }],
    ['SCHEDULE_TO_START', { scheduleToStartTimeout: '1s' }],
  ])('of a %s timeout is how late the timeout was noticed', async (timeoutType, options) => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    if (timeoutType === 'SCHEDULE_TO_START') void h.run(never);
    const run = h.watch(h.run(never, { ...options, retryPolicy: { maximumAttempts: 1 } }));
    h.clock.block(1_500);
    await h.advance(0);
    expect(timeoutOf(run)).toMatchObject({ timeoutType, eventLoopBlockedMs: 500 });
  });

  test('counts earlier blocks of the same wait, but none from before the wait', async () => {
    const h = new Harness();
    void h.watch(h.run(never, { startToCloseTimeout: 100, retryPolicy: { maximumAttempts: 1 } }));
    h.clock.block(1_100); // 1 s too late
    await h.advance(0);
    const run = h.watch(
      h.run(
        async (ctx) => {
          for (;;) {
            await ctx.sleep(500);
            ctx.heartbeat();
          }
        },
        { startToCloseTimeout: '10s', heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    await h.advance(2_000);
    h.clock.block(3_000); // 2.5 s too late for the sleep
    await h.advance(20_000);
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'START_TO_CLOSE',
      eventLoopBlockedMs: 2_500,
    });
  });

  /** Blocks the event loop for 2.5 s more than a sleep of the first attempt takes. */
  const blockInAttempt1 = async (
    options: ActivityOptions,
    afterwards: (ctx: ActivityContext<number>, h: Harness) => unknown,
  ): Promise<TimeoutFailure> => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        async (ctx: ActivityContext<number>) => {
          if (ctx.info.attempt === 1) {
            await ctx.sleep(500);
            ctx.heartbeat(1);
          }
          return afterwards(ctx, h);
        },
        { startDelay: 1_000, ...options },
      ),
    );
    await h.advance(1_000);
    h.clock.block(3_000);
    await h.advance(60_000);
    return timeoutOf(run);
  };
  const beat = async (ctx: ActivityContext<number>, h: Harness): Promise<never> => {
    for (;;) {
      await h.work(100);
      ctx.heartbeat();
    }
  };
  const failOnce = (ctx: ActivityContext<number>): unknown => {
    if (ctx.info.attempt === 1) throw new Error('again');
    return never();
  };
  const retryOnce = { retryPolicy: { maximumAttempts: 2, initialInterval: 1 } } as const;
  const ONCE = { retryPolicy: { maximumAttempts: 1 } };

  test.each<[TimeoutType, string, ActivityOptions, typeof beat | typeof failOnce, number]>([
    ['HEARTBEAT', 'the last heartbeat', { heartbeatTimeout: '4s', ...ONCE }, never, 0],
    ['PROGRESS', 'the last progress', { progressTimeout: '4s', ...ONCE }, beat, 0],
    ['START_TO_CLOSE', 'its own start', { startToCloseTimeout: '4s', ...retryOnce }, failOnce, 0],
    [
      'SCHEDULE_TO_CLOSE',
      'the activity was scheduled',
      { scheduleToCloseTimeout: '9s', ...retryOnce },
      failOnce,
      2_500,
    ],
  ])('of a %s timeout counts from when %s came', async (timeoutType, _, options, then, blocked) => {
    expect(await blockInAttempt1(options, then)).toMatchObject({
      timeoutType,
      eventLoopBlockedMs: blocked,
    });
  });

  test('of a SCHEDULE_TO_START timeout counts none from before the wait for a slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.watch(h.run(never, { startToCloseTimeout: '1s', retryPolicy: { maximumAttempts: 1 } }));
    const run = h.watch(h.run(never, { startDelay: '2s', scheduleToStartTimeout: '1s' }));
    h.clock.block(1_500); // 500 ms late for the first timeout
    await h.advance(0);
    void h.run(never);
    await h.advance(2_000);
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'SCHEDULE_TO_START',
      eventLoopBlockedMs: 0,
    });
  });

  test('is 0 if the event loop was idle', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(never, { startToCloseTimeout: '1s', retryPolicy: { maximumAttempts: 1 } }),
    );
    await h.advance(1_000);
    expect(settledAt(run)).toBe(1_000);
    expect(timeoutOf(run).eventLoopBlockedMs).toBe(0);
  });

  test('does not count a timeout that was shortened to a time in the past', async () => {
    const h = new Harness();
    const handle = h.start(never, {
      startToCloseTimeout: '1h',
      retryPolicy: { maximumAttempts: 1 },
    });
    const run = h.watch(handle.result());
    await h.advance(5_000);
    handle.updateOptions({ startToCloseTimeout: '1s' });
    await h.advance(0);
    expect(timeoutOf(run).eventLoopBlockedMs).toBe(0);
  });

  test.each<[TimeoutType, ActivityOptions, number]>([
    ['HEARTBEAT', { heartbeatTimeout: '1s', progressTimeout: '10s' }, 2_000],
    ['PROGRESS', { heartbeatTimeout: '10s', progressTimeout: '1s' }, 2_000],
    ['START_TO_CLOSE', { heartbeatTimeout: '1s', startToCloseTimeout: '1800ms' }, 1_800],
  ])(
    'of a %s timeout is how long the loop is known to have been blocked',
    async (timeoutType, options, at) => {
      const h = new Harness();
      const run = h.watch(h.run(never, { ...options, retryPolicy: { maximumAttempts: 1 } }));
      h.clock.block(1_500); // 500 ms late for the timeout of 1 s, which gets as much more
      await h.advance(10_000);
      expect(settledAt(run)).toBe(at);
      expect(timeoutOf(run)).toMatchObject({ timeoutType, eventLoopBlockedMs: 500 });
    },
  );
});

test.each<[string, RuntimeOptions, ActivityOptions]>([
  ['after a start delay', {}, { startDelay: 1_000 }],
  ['in slots that are free at once', { maxConcurrentActivities: 3 }, {}],
])(
  'an attempt that starts late, behind others that block, has all its time: %s',
  async (_, runtime, options) => {
    const h = new Harness(runtime);
    const holders = [1, 2, 3].map(() => h.start(never));
    for (const holder of holders) void holder.result().catch(() => {});
    const run = async (ctx: ActivityContext): Promise<void> => {
      for (const holder of holders.splice(0)) holder.terminate(); // frees slots meanwhile
      h.clock.block(1_500);
      await ctx.sleep(100);
    };
    const once = { startToCloseTimeout: 2_000, retryPolicy: { maximumAttempts: 1 } };
    const runs = [1, 2, 3].map(() => h.watch(h.run(run, { ...once, ...options })));
    await h.advance(500);
    holders.shift()?.terminate();
    await h.advance(20_000);
    expect(runs[2]?.outcome.state).toBe('resolved');
  },
);
