/** Slots: who gets them, when they become free, and how long an activity may wait for one. */
import { describe, expect, test } from 'vitest';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, timeoutOf } from '../support/outcomes.js';

/** Runs activities that take one second each, and records the order in which they start. */
function queue(h: Harness) {
  const order: string[] = [];
  const add = (name: string, priority?: number): void => {
    void h.run(
      async (ctx) => {
        order.push(`${name}@${h.clock.now()}`);
        await ctx.sleep('1s');
      },
      { priority },
    );
  };
  return { add, order };
}

test('no more attempts than slots run at once', async () => {
  const h = new Harness({ maxConcurrentActivities: 3 });
  let running = 0;
  let most = 0;
  for (let index = 0; index < 10; index++) {
    void h.run(async (ctx) => {
      most = Math.max(most, ++running);
      await ctx.sleep('1s');
      running--;
    });
  }
  await h.advance(3_996);
  expect(h.of('completed')).toHaveLength(9);
  await h.advance(4);
  expect(h.of('completed')).toHaveLength(10);
  expect(most).toBe(3);
});

test('activities start in the order they came', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const { add, order } = queue(h);
  for (const name of ['a', 'b', 'c', 'd']) add(name);
  await h.advance(10_000);
  expect(order).toEqual(['a@0', 'b@1000', 'c@2000', 'd@3000']);
});

test('a lower priority number goes first, and 3 is the default', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const { add, order } = queue(h);
  add('runs', 5);
  add('last', 5);
  add('fourth', 4);
  add('default');
  add('third', 3);
  add('second', 2);
  add('first', 1);
  await h.advance(10_000);
  expect(order.map((entry) => entry.split('@')[0])).toEqual([
    'runs',
    'first',
    'second',
    'default',
    'third',
    'fourth',
    'last',
  ]);
});

test('a slot is passed on in the same turn in which it becomes free', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(() => 1);
  void h.run(() => 2);
  await h.turn();
  expect(h.names()).toEqual([
    'scheduled',
    'started',
    'scheduled',
    'completed',
    'started',
    'completed',
  ]);
});

test('an activity in a backoff uses no slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run((ctx) => {
    if (ctx.info.attempt === 1) throw new Error('no');
  });
  const other = h.watch(h.run(() => 'other'));
  await h.turn();
  expect(other.outcome).toMatchObject({ value: 'other', at: 0 });
});

test('an activity in its start delay uses no slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never, { startDelay: '1s' });
  const other = h.watch(h.run(() => 'other'));
  await h.turn();
  expect(other.outcome).toMatchObject({ value: 'other' });
});

test('a retry waits for a slot behind activities that came before it', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const order: string[] = [];
  const activity = (name: string, fails: boolean) =>
    void h.run(async (ctx) => {
      order.push(`${name}${ctx.info.attempt}@${h.clock.now()}`);
      if (fails && ctx.info.attempt === 1) throw new Error('no');
      await ctx.sleep('5s');
    });
  activity('a', true); // is in its backoff until 1 s
  activity('b', false);
  activity('c', false);
  await h.advance(60_000);
  expect(order).toEqual(['a1@0', 'b1@0', 'c1@5000', 'a2@10000']);
});

test('ctx.info has the time since which an attempt waited for its slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run((ctx) => ctx.sleep('5s'));
  const infos: number[][] = [];
  void h.run((ctx) => {
    const { scheduledTimestampMs, currentAttemptScheduledTimestampMs, startedTimestampMs } =
      ctx.info;
    infos.push([
      currentAttemptScheduledTimestampMs - scheduledTimestampMs,
      startedTimestampMs - scheduledTimestampMs,
    ]);
    if (ctx.info.attempt === 1) throw new Error('no');
  });
  await h.advance(10_000);
  expect(infos).toEqual([
    [0, 5_000],
    [6_000, 6_000],
  ]);
});

test('a waiting activity that has timed out is never started', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run((ctx) => ctx.sleep('5s'));
  const gone = h.watch(h.run(never, { scheduleToStartTimeout: '1s' }));
  const next = h.watch(h.run(() => 'next'));
  await h.advance(10_000);
  expect(settledAt(gone)).toBe(1_000);
  expect(next.outcome).toMatchObject({ value: 'next', at: 5_000 });
  expect(h.of('started')).toHaveLength(2);
});

describe('scheduleToStart', () => {
  test('counts anew for each attempt, from the end of its backoff', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const run = h.watch(
      h.run(
        () => {
          throw new Error('no');
        },
        { scheduleToStartTimeout: '2s', retryPolicy: { initialInterval: '10s' } },
      ),
    );
    await h.turn();
    void h.run(never); // takes the slot during the backoff
    await h.advance(60_000);
    expect(settledAt(run)).toBe(12_000);
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'TIMEOUT' });
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'SCHEDULE_TO_START',
      cause: new Error('no'),
    });
  });

  test('no longer counts once the attempt has started', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => ctx.sleep('10s'), { scheduleToStartTimeout: '1s' }));
    await h.advance(20_000);
    expect(run.outcome).toMatchObject({ state: 'resolved', at: 10_000 });
  });

  test('is never retried', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.run((ctx) => ctx.sleep('3s'));
    const run = h.watch(
      h.run(never, { scheduleToStartTimeout: '1s', retryPolicy: { maximumAttempts: 5 } }),
    );
    await h.advance(60_000);
    expect(failureOf(run)).toMatchObject({ attempt: 0, retryState: 'TIMEOUT' });
    expect(h.of('attemptFailed')).toEqual([]);
  });
});

describe('an activity run from inside another', () => {
  test('starts at once if a slot is free', async () => {
    const h = new Harness({ maxConcurrentActivities: 2 });
    const run = h.watch(h.run(async () => `outer ${await h.run(() => 'inner')}`));
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'outer inner' });
  });

  test('waits for the slot of the outer one if that does not await it', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const order: string[] = [];
    void h.run(async (ctx) => {
      void h.run(() => order.push('inner'));
      await ctx.sleep('1s');
      order.push('outer');
    });
    await h.advance(2_000);
    expect(order).toEqual(['outer', 'inner']);
  });

  test('may be nested deeply without growing the stack', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 }, false);
    let count = 0;
    const activity = (): void => {
      if (++count < 20_000) void h.run(activity);
    };
    void h.run(activity);
    for (let turns = 0; turns < 10 && count < 20_000; turns++) await h.turn();
    expect(count).toBe(20_000);
  });
});

test('a listener that starts an activity when a slot becomes free does not jump the queue', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const order: string[] = [];
  h.engine.events.add('completed', () => void h.run(() => order.push('from the listener')), true);
  void h.run(() => order.push('first'));
  void h.run(() => order.push('waiting'));
  await h.turn();
  expect(order).toEqual(['first', 'waiting', 'from the listener']);
});

test('every kind of end frees the slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const ONCE = { maximumAttempts: 1 };
  const controller = new AbortController();
  h.run(() => 'value').catch(() => {});
  h.run(
    () => {
      throw new Error('no');
    },
    { retryPolicy: ONCE },
  ).catch(() => {});
  h.run(never, { heartbeatTimeout: '1s', retryPolicy: ONCE }).catch(() => {});
  h.run(never, { startToCloseTimeout: '1s', retryPolicy: ONCE }).catch(() => {});
  h.run(never, { scheduleToCloseTimeout: '3s' }).catch(() => {});
  h.run(
    (ctx) => {
      controller.abort();
      return ctx.cancelled;
    },
    { signal: controller.signal },
  ).catch(() => {});
  const last = h.watch(h.run(() => 'last'));
  await h.advance(10_000);
  expect(last.outcome).toMatchObject({ value: 'last', at: 3_000 });
});
