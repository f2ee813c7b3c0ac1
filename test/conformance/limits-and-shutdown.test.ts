/** The rows of RULES.md about workers, for a runtime in one process. */
import { expect, test } from 'vitest';
import { CancelledFailure, type ActivityContext } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, reportsOf, settledAt, startsOf } from '../support/outcomes.js';

// An interceptor here is one object for all attempts; on Temporal each attempt makes its own.
test('row 9: an interceptor that throws fails the attempt, and the runtime continues', async () => {
  const error = new Error('no');
  const h = new Harness({
    interceptors: [
      {
        execute(input, next) {
          if (input.context.info.activityType === 'unlucky') throw error;
          return next(input);
        },
      },
    ],
  });
  const once = { maximumAttempts: 1 };
  const run = h.watch(h.run(() => 1, { activityType: 'unlucky', retryPolicy: once }));
  await h.turn();
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
  expect(failureOf(run).cause).toBe(error);
  await expect(h.run(() => 2)).resolves.toBe(2);
});

// A departure: on Temporal the attempt fails and another worker retries it. Here there is no other.
test('row 12: a shutdown tells running functions WORKER_SHUTDOWN, which ends their activities', async () => {
  const h = new Harness();
  let ctx!: ActivityContext;
  const run = h.watch(
    h.run((given) => {
      ctx = given;
      return given.cancelled;
    }),
  );
  await h.engine.shutdown();
  expect(ctx.signal.reason).toBeInstanceOf(CancelledFailure);
  expect(ctx.signal.reason).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: undefined });
  expect(failureOf(run).cause).toBe(ctx.signal.reason);
  expect(h.of('failed')).toMatchObject([{ status: 'CANCELED' }]);
});

test('row 13: in the grace period a heartbeat still delivers a cancellation', async () => {
  const h = new Harness();
  const handle = h.start(async (ctx) => {
    for (;;) {
      await h.work(1_000);
      ctx.heartbeat();
      ctx.signal.throwIfAborted();
    }
  });
  const run = h.watch(handle.result());
  const over = h.watch(h.engine.shutdown({ gracePeriod: '10s' }));
  await h.advance(1_500);
  handle.cancel('enough');
  await h.advance(20_000);
  expect(failureOf(run)).toMatchObject({ retryState: 'CANCEL_REQUESTED' });
  expect(h.of('failed')).toMatchObject([
    { at: 2_000, status: 'CANCELED', failure: { message: 'CANCELLED', cause: 'enough' } },
  ]);
  expect(settledAt(over)).toBe(2_000); // the rest of the grace period is not waited for
});

// Temporal can be configured to refuse it. Here it is always allowed, like the default there.
test.each<[string, (ctx: ActivityContext) => unknown]>([
  ['completed', () => 'first'],
  [
    'failed',
    () => {
      throw new Error('no');
    },
  ],
  ['timed out', never],
])('row 24: the id of an activity that has %s is free again', async (_, activity) => {
  const h = new Harness();
  const id = { activityId: 'import-7' };
  const ending = { startToCloseTimeout: '1s', retryPolicy: { maximumAttempts: 1 } } as const;
  h.watch(h.run(activity, { ...id, ...ending }));
  await h.advance(1_000);
  await expect(h.run(() => 'second', id)).resolves.toBe('second');
});

test('row 35: in the grace period, heartbeats and the result count as usual', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        for (const step of [1, 2, 3]) {
          await ctx.sleep('1s');
          ctx.heartbeat(step);
        }
        return 'done';
      },
      { heartbeatTimeout: '1500ms', heartbeatThrottleInterval: 0 },
    ),
  );
  const over = h.watch(h.engine.shutdown({ gracePeriod: '10s' }));
  await h.advance(20_000);
  expect(reportsOf(h)).toEqual([
    [1, 1_000],
    [2, 2_000],
    [3, 3_000],
  ]);
  expect(run.outcome).toEqual({ state: 'resolved', value: 'done', at: 3_000 });
  expect(over.outcome).toEqual({
    state: 'resolved',
    value: { abandonedActivityIds: [] },
    at: 3_000,
  });
});

// A departure: on Temporal, functions cannot see that a grace period has begun.
test('row 36: functions notice the start of the grace period, and all are cancelled at its end', async () => {
  const h = new Harness();
  const heard: string[] = [];
  const start = (whenTold: (reason: unknown) => unknown) =>
    h.watch(
      h.run((ctx) => {
        ctx.shutdownSignal.addEventListener('abort', () => heard.push(`grace ${h.clock.now()}`));
        return ctx.cancelled.catch((reason: unknown) => {
          heard.push(`${(reason as CancelledFailure).message} ${h.clock.now()}`);
          return whenTold(reason);
        });
      }),
    );
  const own = new Error('could not clean up');
  const stops = start((reason) => Promise.reject(reason));
  const fails = start(() => Promise.reject(own));
  const finishes = start(() => 'done all the same');
  const over = h.watch(h.engine.shutdown({ gracePeriod: '5s' }));
  await h.advance(20_000);
  expect(heard).toEqual([
    ...Array<string>(3).fill('grace 0'),
    ...Array<string>(3).fill('WORKER_SHUTDOWN 5000'),
  ]);
  // On Temporal another worker would retry both.
  for (const [run, cause] of [[stops, undefined] as const, [fails, own] as const]) {
    expect(failureOf(run).retryState).toBeUndefined();
    expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
    expect(failureOf(run).cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
    expect((failureOf(run).cause as CancelledFailure).cause).toBe(cause);
  }
  expect(finishes.outcome).toMatchObject({ value: 'done all the same', at: 5_000 });
  expect(settledAt(over)).toBe(5_000);
});

test('row 37: shutdown waits until a completion has been written', async () => {
  const wait = (ms: number) => new Promise<void>((resolve) => h.clock.setTimer(resolve, ms));
  const h = new Harness({ store: { get: () => {}, set: () => {}, delete: () => wait(2_000) } });
  const run = h.watch(
    h.run(
      async (ctx) => {
        ctx.heartbeat('here');
        await ctx.sleep('1s');
        return 'done';
      },
      { activityId: 'import-7' },
    ),
  );
  await h.turn();
  const over = h.watch(h.engine.shutdown({ gracePeriod: '1m' }));
  await h.advance(20_000);
  expect(h.of('completed')).toMatchObject([{ at: 1_000 }]);
  expect(settledAt(run)).toBe(3_000);
  expect(settledAt(over)).toBe(3_000);
});

test('row 38: with one start a second the second start is a second later', async () => {
  const h = new Harness({ maxActivitiesPerSecond: 1 });
  h.watch(h.run(() => 1));
  h.watch(h.run(() => 2));
  await h.advance(900);
  expect(startsOf(h)).toEqual([0]);
  await h.advance(5_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
});
