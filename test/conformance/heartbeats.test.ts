/** The rows of RULES.md about heartbeats, for a runtime in one process. */
import { expect, test } from 'vitest';
import {
  ApplicationFailure,
  HeartbeatDetailsError,
  type ActivityContext,
  type Duration,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, reportsOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

test('row 1: of three heartbeats in a row, the first is reported at once and the last when it may', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(async (ctx) => {
      for (const step of [1, 2, 3]) ctx.heartbeat(step);
      await ctx.sleep('1m');
    }),
  );
  await h.advance(60_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [3, 30_000],
  ]);
  expect(run.outcome.state).toBe('resolved');
});

test('row 2: of three heartbeats in a row, the last is reported when the activity fails', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        for (const step of [1, 2, 3]) ctx.heartbeat(step);
        throw new Error('no');
      },
      { retryPolicy: ONCE },
    ),
  );
  await h.advance(0);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [3, 0],
  ]);
  expect(h.names()).toEqual([
    'scheduled',
    'started',
    'heartbeat',
    'heartbeat',
    'attemptFailed',
    'failed',
  ]);
  expect(failureOf(run).cause).toEqual(new Error('no'));
});

// A departure: listeners are told the details before the activity completes. The store is not.
test('row 3: details held back are not stored when the activity succeeds', async () => {
  const written: string[] = [];
  const store = {
    get: () => {},
    set: (_: string, text: string) => written.push(text),
    delete: () => {},
  };
  const h = new Harness({ store });
  const run = h.watch(
    h.run((ctx) => {
      for (const step of [1, 2, 3]) ctx.heartbeat(step);
      return 'done';
    }),
  );
  await h.advance(60_000);
  expect(run.outcome).toEqual({ state: 'resolved', value: 'done', at: 0 });
  expect(written).toHaveLength(1);
  expect(h.names().slice(2)).toEqual(['heartbeat', 'heartbeat', 'completed']);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [3, 0],
  ]);
});

// Temporal cancels the attempt later, with its own reason; here the call says what is wrong.
test('row 4: details that cannot be copied throw at the call, and are neither reported nor retried', async () => {
  const h = new Harness();
  const run = h.watch(h.run((ctx: ActivityContext) => ctx.heartbeat({ at: () => 1 })));
  await h.advance(0);
  const failure = failureOf(run);
  expect(failure).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
  expect(failure.cause).toBeInstanceOf(HeartbeatDetailsError);
  expect(failure.cause).toMatchObject({ path: 'details.at' });
  expect(reportsOf(h)).toEqual([]);
});

test('row 5: a heartbeat after the activity has completed is ignored', async () => {
  const h = new Harness();
  let late!: (details: number) => void;
  const run = h.watch(
    h.run((ctx: ActivityContext<number>) => {
      late = ctx.heartbeat;
    }),
  );
  await h.advance(0);
  expect(run.outcome.state).toBe('resolved');
  late(1);
  await h.advance(60_000);
  expect(reportsOf(h)).toEqual([]);
  expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
});

test('row 29: two heartbeats in one interval make two reports, the second at its end', async () => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      ctx.heartbeat('a');
      await ctx.sleep(100);
      ctx.heartbeat('b');
      await ctx.sleep('10s');
    },
    { heartbeatThrottleInterval: '2s' },
  );
  await h.advance(11_000);
  expect(reportsOf(h)).toEqual([
    ['a', 0],
    ['b', 2_000],
  ]);
});

// A departure, as in row 3: on Temporal there is one report.
test('row 29: fifty heartbeats of an activity that succeeds within the interval make two reports', async () => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      for (let step = 1; step <= 50; step++) {
        ctx.heartbeat(step);
        await ctx.sleep(20);
      }
    },
    { heartbeatThrottleInterval: '2s' },
  );
  await h.advance(5_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [50, 1_000],
  ]);
});

test('row 30: heartbeats further apart than the interval are each reported at once', async () => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      for (const step of [1, 2, 3]) {
        ctx.heartbeat(step);
        await ctx.sleep('3s');
      }
    },
    { heartbeatThrottleInterval: '2s' },
  );
  await h.advance(10_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 3_000],
    [3, 6_000],
  ]);
});

test('row 30: an interval that ends with nothing pending is dropped', async () => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      ctx.heartbeat(1); // reported at 0
      await ctx.sleep('1s');
      ctx.heartbeat(2); // held until 2 s, which opens an interval until 4 s
      await ctx.sleep('4s');
      ctx.heartbeat(3); // at 5 s: at once
      await ctx.sleep('10s');
    },
    { heartbeatThrottleInterval: '2s' },
  );
  await h.advance(20_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 2_000],
    [3, 5_000],
  ]);
});

test('row 31: an attempt does not inherit the throttle of the one before', async () => {
  const h = new Harness();
  void h
    .run(
      (ctx) => {
        ctx.heartbeat(ctx.info.attempt);
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 3, initialInterval: 100, backoffCoefficient: 1 } },
    )
    .catch(() => {});
  await h.advance(1_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 100],
    [3, 200],
  ]);
});

test('row 32: fifty heartbeats and then a failure make two reports, the last with the newest details', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        for (let step = 1; step <= 50; step++) ctx.heartbeat(step);
        throw new Error('no');
      },
      { retryPolicy: ONCE },
    ),
  );
  await h.advance(0);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [50, 0],
  ]);
  expect(run.outcome.state).toBe('rejected');
});

test('row 42: each attempt gets the last heartbeat of the failed attempt before it', async () => {
  const h = new Harness();
  const seen: (number | undefined)[] = [];
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<number>) => {
        seen.push(ctx.heartbeatDetails);
        ctx.heartbeat(ctx.info.attempt);
        if (ctx.info.attempt < 5) throw new Error('no');
      },
      { retryPolicy: { initialInterval: 100 } },
    ),
  );
  await h.advance(2_000);
  expect(run.outcome.state).toBe('resolved');
  expect(seen).toEqual([undefined, 1, 2, 3, 4]);
});

test('row 43: an activity that heartbeats in time does not time out', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        for (let beat = 0; beat < 10; beat++) {
          await ctx.sleep(999);
          ctx.heartbeat();
        }
        return 'alive';
      },
      { heartbeatTimeout: '1s' },
    ),
  );
  await h.advance(20_000);
  expect(run.outcome).toEqual({ state: 'resolved', value: 'alive', at: 9_990 });
  expect(h.of('attemptFailed')).toEqual([]);
});

test('row 43: an activity that does not heartbeat times out and may complete at the next attempt', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run((ctx) => (ctx.info.attempt === 1 ? never() : 'second'), { heartbeatTimeout: '1s' }),
  );
  await h.advance(5_000);
  expect(h.of('attemptFailed')).toMatchObject([
    { attempt: 1, at: 1_000, failure: { timeoutType: 'HEARTBEAT' } },
  ]);
  expect(run.outcome).toEqual({ state: 'resolved', value: 'second', at: 2_000 });
});

// The source's table also varies the two limits, which are fixed here at 30 s and 60 s.
test.each<[heartbeatTimeout: Duration, interval: number]>([
  ['5s', 4_000],
  [0, 30_000],
  [Infinity, 30_000],
  ['14s', 11_200],
  ['75s', 60_000],
  ['5000s', 60_000],
])(
  'row 48: with a heartbeat timeout of %s reports are %i ms apart',
  async (heartbeatTimeout, interval) => {
    const h = new Harness();
    void h.run(
      async (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        await ctx.sleep(interval - 4);
        ctx.heartbeat(3);
        await ctx.sleep(8);
      },
      { heartbeatTimeout },
    );
    await h.advance(interval + 10);
    expect(reportsOf(h)).toEqual([
      [1, 0],
      [3, interval],
    ]);
  },
);

test('row 49: many heartbeats make one report per interval, each with the newest details', async () => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      for (let step = 0; step < 100; step++) {
        ctx.heartbeat(step);
        await ctx.sleep(100);
      }
    },
    { heartbeatTimeout: '5s' }, // an interval of 4 s
  );
  await h.advance(10_000);
  expect(reportsOf(h).map(([, at]) => at)).toEqual([0, 4_000, 8_000, 10_000]);
  // At 4 s and 8 s, the heartbeat of the same moment may come just before or after the report.
  const details = reportsOf(h).map(([value]) => value as number);
  expect(details[0]).toBe(0);
  expect([39, 40]).toContain(details[1]);
  expect([79, 80]).toContain(details[2]);
});

test('row 49: null is reported as null', async () => {
  const h = new Harness();
  void h.run((ctx) => ctx.heartbeat(null));
  await h.advance(0);
  expect(reportsOf(h)).toEqual([[null, 0]]);
});

test('row 49: null replaces the details that the next attempt gets', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run((ctx: ActivityContext<number | null>) => {
      if (ctx.info.attempt === 2) return [ctx.heartbeatDetails, ctx.hasHeartbeatDetails];
      ctx.heartbeat(1);
      ctx.heartbeat(null);
      throw new Error('no');
    }),
  );
  await h.advance(1_000);
  expect(run.outcome).toMatchObject({ value: [null, true] });
});

// A departure: on Temporal a heartbeat without details erases the earlier ones.
test('row 49: a heartbeat without details is not reported and keeps the earlier ones', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<number>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat(1);
        ctx.heartbeat();
        ctx.heartbeat(undefined);
        throw new Error('no');
      },
      { heartbeatThrottleInterval: 0 },
    ),
  );
  await h.advance(1_000);
  expect(run.outcome).toMatchObject({ value: 1 });
  expect(reportsOf(h)).toEqual([[1, 0]]);
});

test('row 51: a retry continues after the last heartbeat: starts 0, 3, 6', async () => {
  const h = new Harness();
  const starts: number[] = [];
  const done: number[] = [];
  const run = h.watch(
    h.run((ctx: ActivityContext<number>) => {
      const first = (ctx.heartbeatDetails ?? -1) + 1;
      starts.push(first);
      for (let index = first; index < 9; index++) {
        done.push(index);
        ctx.heartbeat(index);
        if (index % 3 === 2 && index < 8) throw new Error('bad luck');
      }
      return done.length;
    }),
  );
  await h.advance(10_000);
  expect(starts).toEqual([0, 3, 6]);
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(run.outcome).toEqual({ state: 'resolved', value: 9, at: 3_000 });
});

test('row 52: without a heartbeat the attempt ends at the heartbeat timeout', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never, { heartbeatTimeout: '2s', retryPolicy: ONCE }));
  await h.advance(1_996);
  expect(run.outcome.state).toBe('pending');
  await h.advance(4);
  expect(settledAt(run)).toBe(2_000);
  expect(timeoutOf(run)).toMatchObject({
    timeoutType: 'HEARTBEAT',
    lastHeartbeatDetails: undefined,
  });
});

test('row 52: each heartbeat restarts the timeout', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.sleep('1s');
        ctx.heartbeat();
        await never();
      },
      { heartbeatTimeout: '2s', retryPolicy: ONCE },
    ),
  );
  await h.advance(10_000);
  expect(settledAt(run)).toBe(3_000);
});

test('row 52: the timeout has the newest details, whether reported before or not', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        ctx.heartbeat({ line: 1 });
        ctx.heartbeat({ line: 2 });
        await never();
      },
      { heartbeatTimeout: '2s', heartbeatThrottleInterval: '1m', retryPolicy: ONCE },
    ),
  );
  await h.advance(2_000);
  expect(timeoutOf(run).lastHeartbeatDetails).toEqual({ line: 2 });
  expect(reportsOf(h)).toEqual([
    [{ line: 1 }, 0],
    [{ line: 2 }, 2_000],
  ]);
});

// A departure: the timeout counts from the call, not from the report that passed the throttle.
test('row 52: throttling does not delay the timeout', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        ctx.heartbeat(1);
        await ctx.sleep('1s');
        ctx.heartbeat(2); // reported at 8 s, long after the last heartbeat
        await never();
      },
      { heartbeatTimeout: '10s', retryPolicy: ONCE },
    ),
  );
  await h.advance(30_000);
  expect(settledAt(run)).toBe(11_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 8_000],
  ]);
});

test('row 55: details are read and counted up across three heartbeat timeouts', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx: ActivityContext<number>) => {
        ctx.heartbeat((ctx.heartbeatDetails ?? 0) + 1);
        await never();
      },
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 3 } },
    ),
  );
  await h.advance(10_000);
  expect(startsOf(h)).toEqual([0, 2_000, 5_000]);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 2_000],
    [3, 5_000],
  ]);
  expect(settledAt(run)).toBe(6_000);
  expect(failureOf(run)).toMatchObject({ attempt: 3, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
  expect(timeoutOf(run)).toMatchObject({ timeoutType: 'HEARTBEAT', lastHeartbeatDetails: 3 });
});

test('row 56: two heartbeats in each of three failing attempts count to six', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<number>) => {
        let count = ctx.heartbeatDetails ?? 0;
        ctx.heartbeat(++count);
        ctx.heartbeat(++count); // held back, then reported because the attempt fails
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 3 } },
    ),
  );
  await h.advance(10_000);
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 0],
    [3, 1_000],
    [4, 1_000],
    [5, 3_000],
    [6, 3_000],
  ]);
  expect(failureOf(run).attempt).toBe(3);
});

test.each<[string, Duration | undefined, number[]]>([
  ['two reports by default, the second at the end', undefined, [1, 4]],
  ['four with a throttle interval of 0', 0, [1, 2, 3, 4]],
])('row 57: four heartbeats 100 ms apart are %s', async (_, heartbeatThrottleInterval, details) => {
  const h = new Harness();
  void h.run(
    async (ctx) => {
      for (const step of [1, 2, 3, 4]) {
        ctx.heartbeat(step);
        await ctx.sleep(100);
      }
    },
    { heartbeatThrottleInterval },
  );
  await h.advance(1_000);
  expect(reportsOf(h).map(([value]) => value)).toEqual(details);
});

test.each<[string, (ctx: ActivityContext) => unknown]>([
  [
    'an error',
    () => {
      throw new Error('no');
    },
  ],
  ['a heartbeat timeout', never],
])('row 70: details of an attempt that ends in %s reach the next one', async (_, end) => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<string>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat('first');
        ctx.heartbeat('newest');
        return end(ctx);
      },
      { heartbeatTimeout: '1s' },
    ),
  );
  await h.advance(3_000);
  expect(run.outcome).toMatchObject({ state: 'resolved', value: 'newest' });
});

test('row 73: details survive a timeout, a failure and attempts that do not heartbeat', async () => {
  const h = new Harness();
  const seen: unknown[] = [];
  const run = h.watch(
    h.run(
      async (ctx: ActivityContext<string>) => {
        seen.push(ctx.heartbeatDetails);
        switch (ctx.info.attempt) {
          case 1:
            ctx.heartbeat('one');
            return never();
          case 2: // no heartbeat at all
            return never();
          case 3:
            throw new Error('no');
          case 4:
            ctx.heartbeat('four');
            throw ApplicationFailure.retryable('again');
          default:
            return 'done';
        }
      },
      { heartbeatTimeout: '1s', retryPolicy: { initialInterval: 100, backoffCoefficient: 1 } },
    ),
  );
  await h.advance(10_000);
  expect(seen).toEqual([undefined, 'one', 'one', 'one', 'four']);
  expect(run.outcome).toMatchObject({ state: 'resolved', value: 'done' });
});

test('row 73: details do not outlive the activity that made them', async () => {
  const h = new Harness();
  const activity = (ctx: ActivityContext<number>): boolean => {
    ctx.heartbeat(1);
    return ctx.hasHeartbeatDetails;
  };
  const first = h.watch(h.run(activity, { activityId: 'same' }));
  await h.advance(0);
  const second = h.watch(h.run(activity, { activityId: 'same' }));
  await h.advance(0);
  expect([first.outcome, second.outcome]).toMatchObject([{ value: false }, { value: false }]);
});

test('row 75: a late heartbeat of an earlier attempt does not keep the next one alive or change its details', async () => {
  const h = new Harness();
  const contexts: ActivityContext<string>[] = [];
  const run = h.watch(
    h.run(
      async (ctx: ActivityContext<string>) => {
        contexts.push(ctx);
        await never();
      },
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(2_500); // attempt 2 has run since 2 s
  contexts[0]!.heartbeat('stale');
  await h.advance(2_500);
  expect(settledAt(run)).toBe(3_000);
  expect(timeoutOf(run).lastHeartbeatDetails).toBeUndefined();
  expect(reportsOf(h)).toEqual([]);
});
