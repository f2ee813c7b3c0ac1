/** Limits: how much may run, per key and per second, and how much may wait. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { RuntimeFullError, type ActivityContext, type ActivityOptions } from '../../src/index.js';
import { cpuMs } from '../support/cpu.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf } from '../support/outcomes.js';

/** Deadlines of the same millisecond are handled together. */
const BUCKET_MS = 1;

function types(h: Harness): string[] {
  return h.of('started').map(({ activityType }) => activityType);
}

describe('maxConcurrentPerKey', () => {
  test('one key cannot take every slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 3, maxConcurrentPerKey: 2 });
    for (let i = 0; i < 5; i++) {
      void h.run((ctx) => ctx.sleep('1s'), { activityType: 'a', concurrencyKey: 'a' });
    }
    void h.run((ctx) => ctx.sleep('1s'), { activityType: 'b', concurrencyKey: 'b' });
    expect(types(h)).toEqual(['a', 'a', 'b']); // b begins inside run
    await h.advance(500);
    expect(h.engine.stats()).toMatchObject({ running: 3, waiting: 3 });
    await h.advance(10_000);
    expect(h.engine.stats()).toMatchObject({ open: 0, running: 0, waiting: 0 });
  });

  test('does not limit activities without a key', () => {
    const h = new Harness({ maxConcurrentPerKey: 1 });
    for (let i = 0; i < 4; i++) void h.run(never);
    void h.run(never, { concurrencyKey: '' });
    void h.run(never, { concurrencyKey: '' });
    expect(h.engine.stats()).toMatchObject({ running: 5, waiting: 1 });
  });

  test('activities start in their order among those whose key has room', async () => {
    const h = new Harness({ maxConcurrentActivities: 2, maxConcurrentPerKey: 1 });
    const start = (activityType: string, sleep: number): void =>
      void h.run((ctx) => ctx.sleep(sleep), {
        activityType,
        concurrencyKey: activityType.slice(0, 1),
      });
    start('a1', 100);
    start('b1', 200);
    start('a2', 100);
    start('b2', 100);
    start('c1', 300);
    start('a3', 100);
    await h.advance(2_000);
    // At 100 a2; at 200 b2, which came before c1; then c1; then a3.
    expect(types(h)).toEqual(['a1', 'b1', 'a2', 'b2', 'c1', 'a3']);
  });

  test('a lower priority starts first only while higher ones have no room', async () => {
    const h = new Harness({ maxConcurrentActivities: 2, maxConcurrentPerKey: 1 });
    const start = (activityType: string, priority: 1 | 5): void =>
      void h.run((ctx) => ctx.sleep(100), {
        activityType,
        priority,
        concurrencyKey: activityType.slice(0, 1),
      });
    start('a1', 1);
    start('a2', 1);
    start('b1', 5);
    start('b2', 5);
    await h.advance(2_000);
    expect(types(h)).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  test('a retry waits for room in its key, and a backoff takes no room', async () => {
    const h = new Harness({ maxConcurrentPerKey: 1 });
    const run = h.watch(
      h.run(
        (ctx) => {
          if (ctx.info.attempt === 1) throw new Error('no');
        },
        { activityType: 'a1', concurrencyKey: 'a', retryPolicy: { initialInterval: 100 } },
      ),
    );
    void h.run((ctx) => ctx.sleep(1_000), { activityType: 'a2', concurrencyKey: 'a' });
    await h.advance(500);
    expect(types(h)).toEqual(['a1', 'a2']);
    await h.advance(2_000);
    expect(settledAt(run)).toBe(1_000);
  });

  test('a key has room again after every kind of end', async () => {
    const h = new Harness({ maxConcurrentPerKey: 1 });
    const options = { concurrencyKey: 'a', retryPolicy: { maximumAttempts: 1 } };
    const ends: (() => unknown)[] = [
      () => h.run(() => 1, options),
      () => h.watch(h.run(() => Promise.reject(new Error('no')), options)),
      () => h.watch(h.run(never, { ...options, startToCloseTimeout: 50 })),
      () => {
        h.start(never, options).terminate();
      },
      () => {
        const async = h.start((ctx) => ctx.completeAsync(), options);
        return async;
      },
    ];
    for (const end of ends) {
      void end();
      await h.advance(100);
      const next = h.watch(h.run(() => 'next', options));
      await h.turn();
      expect(next.outcome).toMatchObject({ state: 'resolved', value: 'next' });
    }
  });
});

describe('maxActivitiesPerSecond', () => {
  test('spaces starts evenly', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 10 });
    for (let i = 0; i < 4; i++) void h.run(() => i);
    expect(startsOf(h)).toEqual([0]);
    await h.advance(1_000);
    expect(startsOf(h)).toEqual([0, 100, 200, 300]);
  });

  test('does not drift over many starts, whatever the spacing', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 30 });
    for (let i = 0; i < 101; i++) void h.run(() => i);
    await h.advance(10_000);
    const starts = startsOf(h);
    expect(starts).toHaveLength(101);
    starts.forEach((at, i) => {
      expect(at).toBeGreaterThanOrEqual((i * 1_000) / 30 - 1e-6);
      expect(at).toBeLessThanOrEqual((i * 1_000) / 30 + BUCKET_MS);
    });
  });

  test('does not make up for idle time', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 10 });
    void h.run(() => 1);
    await h.advance(5_000);
    for (let i = 0; i < 3; i++) void h.run(() => i);
    await h.advance(1_000);
    expect(startsOf(h)).toEqual([0, 5_000, 5_100, 5_200]);
  });

  test('does not make up for idle time of less than two spacings', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 10 });
    void h.run(() => 1);
    await h.advance(180);
    void h.run(() => 2);
    void h.run(() => 3);
    await h.advance(1_000);
    const [, second = NaN, third = NaN] = startsOf(h);
    expect(second).toBe(180);
    expect(third).toBeGreaterThanOrEqual(280);
  });

  test.each([
    // a second, blocked for
    [10, 100],
    [10, 109],
    [10, 150],
    [10, 5_000],
    [100, 10],
    [100, 19.9],
    [100, 20],
    [100, 1_000],
    [200, 8],
    [200, 1_000],
  ])('at %d per second never starts two at once after a block of %d ms', async (perSecond, ms) => {
    const h = new Harness({ maxActivitiesPerSecond: perSecond });
    for (let i = 0; i < 6; i++) void h.run(() => i);
    h.clock.block(ms);
    for (let i = 0; i < 1_000; i++) await h.advance(1);
    const starts = startsOf(h);
    const spacing = 1_000 / perSecond;
    expect(starts).toHaveLength(6);
    const gaps = starts.slice(1).map((at, i) => at - starts[i]!);
    // A start that was only as late as a timer may be does not bring the next one closer.
    for (const gap of gaps) expect(gap).toBeGreaterThan(0);
    if (ms >= spacing + 10)
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(spacing - 1e-6);
  });

  test('does not wait forever if the clock is set back', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 1 });
    await h.advance(100_000);
    void h.run(() => 1);
    const before = vi.spyOn(h.clock, 'now').mockReturnValue(5);
    const ran = h.watch(h.run(() => 2));
    await h.turn();
    expect(ran.outcome).toMatchObject({ value: 2 });
    before.mockRestore();
  });

  test('counts retries too', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 1 });
    void h.watch(
      h.run(() => Promise.reject(new Error('no')), {
        retryPolicy: { initialInterval: 10, backoffCoefficient: 1, maximumAttempts: 3 },
      }),
    );
    void h.run(() => 'other');
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0, 1_000, 2_000, 3_000]);
  });

  test('leaves no timer when nothing waits', async () => {
    const h = new Harness({ maxActivitiesPerSecond: 1 });
    void h.run(() => 1);
    h.start(never).cancel();
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test('also applies to activities that wait for a slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 2, maxActivitiesPerSecond: 100 });
    void h.run((ctx) => ctx.sleep(1_000));
    await h.advance(500);
    void h.run((ctx) => ctx.sleep(500));
    void h.run(never);
    void h.run(never);
    await h.advance(2_000); // at 1000 two slots are free at once
    expect(startsOf(h)).toEqual([0, 500, 1_000, 1_010]);
  });

  test('also applies to activities that wait for their key', async () => {
    const h = new Harness({ maxConcurrentPerKey: 1, maxActivitiesPerSecond: 10 });
    for (const concurrencyKey of ['a', 'a']) void h.run(never, { concurrencyKey });
    await h.advance(1_000);
    void h.run(never);
    void h.run(never);
    await h.advance(1_000);
    expect(startsOf(h)).toEqual([0, 1_000, 1_100]);
  });
});

describe('maxWaiting', () => {
  test('refuses one activity too many without scheduling it', async () => {
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 2 });
    void h.run((ctx) => ctx.sleep(100));
    void h.run(() => 1);
    void h.run(() => 2);
    const refused = h.watch(h.run(() => expect.unreachable(), { activityId: 'x' }));
    expect(() => h.start(never)).toThrow(RuntimeFullError);
    await h.turn();
    expect(refused.outcome).toMatchObject({ state: 'rejected' });
    expect((refused.outcome as { error: unknown }).error).toBeInstanceOf(RuntimeFullError);
    expect(h.of('scheduled')).toHaveLength(3);
    expect(h.engine.stats()).toMatchObject({ open: 3, waiting: 2 });
    await h.advance(200);
    await expect(h.run(() => 'room', { activityId: 'x' })).resolves.toBe('room');
  });

  test('does not refuse an activity that can start at once, although others wait for their key', () => {
    const h = new Harness({ maxConcurrentActivities: 2, maxConcurrentPerKey: 1, maxWaiting: 1 });
    void h.run(never, { concurrencyKey: 'a' });
    void h.run(never, { concurrencyKey: 'a' });
    expect(() => h.start(never, { concurrencyKey: 'b' })).not.toThrow();
    expect(h.engine.stats()).toMatchObject({ running: 2, waiting: 1 });
  });

  test.each([
    ['slots', { maxConcurrentActivities: 2 }, 4],
    ['a rate', { maxActivitiesPerSecond: 10 }, 3],
  ])(
    'counts activities whose store is being read, except for as many as %s would let start',
    async (_of, limits, taken) => {
      const store = { get: async () => undefined, set: () => {}, delete: () => {} };
      const h = new Harness({ ...limits, maxWaiting: 2, store });
      let refused = 0;
      for (let i = 0; i < 10; i++) {
        h.run(() => never(), { activityId: `a${i}` }).catch(() => refused++);
      }
      void h.run(never, { activityId: 'later', startDelay: '1h' });
      await h.turn();
      expect(refused).toBe(10 - taken);
      expect(h.engine.stats()).toMatchObject({ open: taken + 1, waiting: 2, delayed: 1 });
      expect(() => h.start(never)).toThrow(RuntimeFullError);
    },
  );

  test('frees a place when an activity is cancelled while its store is being read', async () => {
    const store = { get: async () => undefined, set: () => {}, delete: () => {} };
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1, store });
    h.start(never, { activityId: 'a' }).cancel();
    for (const activityId of ['b', 'c']) h.start(never, { activityId });
    expect(() => h.start(never, { activityId: 'd' })).toThrow(RuntimeFullError);
  });

  test('is the same after activities whose store was read have ended', async () => {
    const store = { get: async () => undefined, set: () => {}, delete: () => {} };
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1, store });
    for (const activityId of ['x', 'y', 'z']) await h.run(() => 1, { activityId });
    for (const activityId of ['a', 'b']) h.start(never, { activityId });
    expect(() => h.start(never, { activityId: 'c' })).toThrow(RuntimeFullError);
  });

  test('counts no activity with a start delay while its store is being read', () => {
    const store = { get: async () => undefined, set: () => {}, delete: () => {} };
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1, store });
    h.start(never, { activityId: 'later', startDelay: '1h' });
    for (const activityId of ['a', 'b']) h.start(never, { activityId });
    expect(() => h.start(never, { activityId: 'c' })).toThrow(RuntimeFullError);
  });

  test('frees a place at once when a waiting activity leaves', () => {
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1 });
    void h.run(never);
    const waiter = h.start(never);
    waiter.cancel();
    expect(h.engine.stats()).toMatchObject({ open: 1, waiting: 0 });
    expect(() => h.start(never)).not.toThrow();
  });
});

test('a waiting activity that was cancelled, terminated, paused or timed out is skipped', async () => {
  const h = new Harness({ maxConcurrentActivities: 1, maxConcurrentPerKey: 1 });
  void h.run((ctx) => ctx.sleep(1_000), { activityType: 'first', concurrencyKey: 'a' });
  const options = (activityType: string): ActivityOptions => ({
    activityType,
    concurrencyKey: 'a',
  });
  const cancelled = h.start(never, options('cancelled'));
  const terminated = h.start(never, options('terminated'));
  const paused = h.start(never, options('paused'));
  const late = h.watch(h.run(never, { ...options('late'), scheduleToStartTimeout: 100 }));
  void h.run(() => 1, options('last'));
  await h.advance(200);
  cancelled.cancel();
  terminated.terminate();
  paused.pause();
  expect(failureOf(late).retryState).toBe('TIMEOUT');
  expect(h.engine.stats()).toMatchObject({
    open: 3,
    running: 1,
    waiting: 1,
    paused: 1,
    delayed: 0,
  });
  await h.advance(2_000);
  expect(types(h)).toEqual(['first', 'last']);
});

test.each([
  { maxConcurrentActivities: 0 },
  { maxConcurrentPerKey: 1.5 },
  { maxWaiting: -1 },
  { maxActivitiesPerSecond: 0 },
  { maxActivitiesPerSecond: NaN },
])('the limit %o is refused by name', (options) => {
  expect(() => new Harness(options)).toThrow(TypeError);
  expect(() => new Harness(options)).toThrow(Object.keys(options)[0]);
});

// ── Any limits, against a simple model ───────────────────────────────────────────────────────────

interface Job {
  readonly key: string | undefined;
  readonly priority: 1 | 2 | 3 | 4 | 5;
  readonly at: number;
  readonly takes: number;
  /** Relative to `at`. */
  readonly cancelAfter: number | undefined;
}

// Times of different kinds never meet: a multiple of 40, and 8, 16 or 24 beside it.
const job: fc.Arbitrary<Job> = fc.record({
  key: fc.constantFrom(undefined, 'a', 'b', 'c'),
  priority: fc.constantFrom(1, 3, 5),
  at: fc.integer({ min: 0, max: 10 }).map((n) => n * 40),
  takes: fc.integer({ min: 0, max: 8 }).map((n) => n * 40 + 8),
  cancelAfter: fc.option(
    fc.integer({ min: 0, max: 6 }).map((n) => n * 40 + 20),
    { nil: undefined },
  ),
});

/** The starts in order, in steps of 4 ms. */
function model(jobs: readonly Job[], slots: number, perKey: number): string[] {
  const started: string[] = [];
  const running: { job: Job; until: number }[] = [];
  let waiting: { job: Job; index: number }[] = [];
  for (let now = 0; now <= 20_000; now += 4) {
    waiting = waiting.filter(
      ({ job: { at, cancelAfter } }) => cancelAfter === undefined || at + cancelAfter > now,
    );
    const fill = (): void => {
      for (;;) {
        if (running.length >= slots) return;
        const fitting = waiting.filter(
          ({ job: { key } }) =>
            key === undefined || running.filter((one) => one.job.key === key).length < perKey,
        );
        const next = fitting.sort((a, b) => a.job.priority - b.job.priority)[0];
        if (next === undefined) return;
        waiting.splice(waiting.indexOf(next), 1);
        running.push({ job: next.job, until: now + next.job.takes });
        started.push(`${next.index}@${now}`);
      }
    };
    // If several end together, the one that started first ends first, and its slot is passed on.
    for (const done of running.filter(({ until }) => until <= now)) {
      running.splice(running.indexOf(done), 1);
      fill();
    }
    jobs.forEach((one, index) => {
      if (one.at !== now) return;
      waiting.push({ job: one, index });
      fill();
    });
  }
  return started;
}

test('the slots go to the same activities as in the model, whatever starts, is cancelled or ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(job, { maxLength: 25 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (jobs, slots, perKey) => {
        const h = new Harness({ maxConcurrentActivities: slots, maxConcurrentPerKey: perKey });
        const started: string[] = [];
        const held = new Map<string | undefined, number>();
        let running = 0;
        const count = (key: string | undefined, change: 1 | -1): void => {
          running += change;
          held.set(key, (held.get(key) ?? 0) + change);
          expect(running).toBeLessThanOrEqual(slots);
          if (key !== undefined) expect(held.get(key)).toBeLessThanOrEqual(perKey);
        };
        for (let now = 0; now <= 1_000; now += 4) {
          jobs.forEach(({ key, priority, at, takes, cancelAfter }, index) => {
            if (at !== now) return;
            const fn = async (ctx: ActivityContext): Promise<void> => {
              started.push(`${index}@${h.clock.now()}`);
              count(key, 1);
              await ctx.sleep(takes);
              count(key, -1);
            };
            const handle = h.start(fn, { concurrencyKey: key, priority });
            if (cancelAfter !== undefined) {
              h.clock.setTimer(() => {
                if (handle.describe().runState === 'SCHEDULED') handle.cancel();
              }, cancelAfter);
            }
          });
          await h.advance(4);
        }
        await h.advance(19_000);
        expect(started).toEqual(model(jobs, slots, perKey));
        expect(h.engine.stats()).toMatchObject({ open: 0, running: 0, waiting: 0 });
        expect(h.clock.pending).toBe(0);
      },
    ),
    { numRuns: 25 },
  );
});

describe('stats', () => {
  test('counts slots: a left open attempt holds none', async () => {
    const h = new Harness({ maxConcurrentActivities: 3 });
    expect(h.engine.stats()).toMatchObject({ slotsUsed: 0, slotsAvailable: 3 });
    h.start(never);
    h.start((ctx) => ctx.completeAsync());
    expect(h.engine.stats()).toMatchObject({ running: 2, slotsUsed: 1, slotsAvailable: 2 });
    expect(new Harness().engine.stats()).toMatchObject({ slotsUsed: 0, slotsAvailable: Infinity });
    await h.turn();
  });

  test('says how long the oldest has waited: the queue, a full key, and a retry', async () => {
    const h = new Harness({ maxConcurrentActivities: 2, maxConcurrentPerKey: 1 });
    expect(h.engine.stats().oldestWaitMs).toBe(0);
    const failing = h.start(
      async () => {
        await h.work(1_000);
        throw new Error('again');
      },
      { concurrencyKey: 'k' },
    );
    h.start(() => h.work(20_000));
    await h.advance(500);
    h.start(never, { concurrencyKey: 'k' });
    expect(h.engine.stats().oldestWaitMs).toBe(0);
    await h.advance(400);
    expect(h.engine.stats()).toMatchObject({ waiting: 1, oldestWaitMs: 400 });
    await h.advance(100 + 1_000); // it has the slot since 1 s, and at 2 s the first wants one again
    expect(h.engine.stats()).toMatchObject({ waiting: 1, oldestWaitMs: 0 });
    await h.advance(3_000);
    h.start(never);
    expect(h.engine.stats()).toMatchObject({ waiting: 2, oldestWaitMs: 3_000 });
    failing.terminate();
    await h.advance(5_000);
    expect(h.engine.stats()).toMatchObject({ waiting: 1, oldestWaitMs: 5_000 });
  });

  test('reading it costs the same with 20,000 open activities as with one', async () => {
    const cost = async (open: number): Promise<number> => {
      const h = new Harness({ maxConcurrentActivities: open });
      for (let i = 0; i < open; i++) h.start(never);
      await h.advance(1);
      h.start(never); // it waits
      expect(h.engine.stats().waiting).toBe(1);
      const started = cpuMs();
      for (let i = 0; i < 1_000; i++) h.engine.stats();
      return cpuMs() - started;
    };
    await cost(1);
    expect(await cost(20_000)).toBeLessThan(20 + 10 * (await cost(1)));
  });
});
