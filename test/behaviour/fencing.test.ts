/** After an attempt has ended, its function changes nothing, but is still observed. */
import { describe, expect, test } from 'vitest';
import type { ActivityContext, ActivityOptions } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import {
  collectUnhandledRejections,
  failureOf,
  reportsOf,
  settledAt,
  startsOf,
} from '../support/outcomes.js';

/** The first attempt times out at 1 s and ends when the test says so; the second runs from 2 s on. */
function zombie(options: ActivityOptions = {}) {
  const h = new Harness();
  let ctx!: ActivityContext<string>;
  let settle!: { resolve(value: string): void; reject(error: unknown): void };
  const run = h.watch(
    h.run(
      (given: ActivityContext<string>) => {
        if (given.info.attempt > 1) return given.sleep('500ms').then(() => 'second');
        ctx = given;
        return new Promise<string>((resolve, reject) => (settle = { resolve, reject }));
      },
      { heartbeatTimeout: '1s', ...options },
    ),
  );
  return { h, run, ctx, settle };
}

describe('a late result', () => {
  test('in the backoff does not complete the activity', async () => {
    const { h, run, settle } = zombie();
    await h.advance(1_500);
    settle.resolve('late');
    await h.advance(5_000);
    expect(run.outcome).toEqual({ state: 'resolved', value: 'second', at: 2_500 });
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'attemptAbandoned',
      'attemptSettled',
      'started',
      'completed',
    ]);
  });

  test('during the next attempt does not complete the activity', async () => {
    const { h, run, settle } = zombie();
    await h.advance(2_200);
    settle.resolve('late');
    await h.advance(5_000);
    expect(run.outcome).toEqual({ state: 'resolved', value: 'second', at: 2_500 });
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, result: 'late', at: 2_200 }]);
    expect(h.of('completed')).toMatchObject([{ attempt: 2, result: 'second' }]);
  });

  test('after the end is still emitted, with its own attempt', async () => {
    const { h, run, settle } = zombie();
    await h.advance(60_000);
    settle.resolve('late');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'second' });
    expect(h.of('attemptAbandoned')).toMatchObject([{ attempt: 1, at: 1_000 }]);
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, result: 'late', at: 60_000 }]);
    expect(h.of('attemptSettled')[0]).not.toHaveProperty('error');
  });
});

describe('a late throw', () => {
  test('does not fail the next attempt', async () => {
    const { h, run, settle } = zombie();
    const error = new Error('late');
    await h.advance(2_200);
    settle.reject(error);
    await h.advance(5_000);
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 'second' });
    expect(h.of('attemptFailed')).toHaveLength(1);
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1 }]);
    expect((h.of('attemptSettled')[0] as { error?: unknown }).error).toBe(error);
    expect(h.of('attemptSettled')[0]).not.toHaveProperty('result');
  });

  test('is not an unhandled rejection, during the activity or after it', async () => {
    const unhandled = collectUnhandledRejections();
    const during = zombie();
    await during.h.advance(2_200);
    during.settle.reject(new Error('late'));
    const after = zombie();
    await after.h.advance(60_000);
    after.settle.reject(undefined);
    await after.h.turn();
    await after.h.turn();
    expect(unhandled.stop()).toEqual([]);
  });

  test('of the TIMED_OUT reason is emitted like any other', async () => {
    const h = new Harness();
    let reason: unknown;
    h.run(
      async (ctx) => {
        reason = await ctx.cancelled.catch((given: unknown) => given);
        ctx.signal.throwIfAborted();
      },
      { startToCloseTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
    ).catch(() => {});
    await h.advance(1_000);
    expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1 }]);
    expect((h.of('attemptSettled')[0] as { error?: unknown }).error).toBe(reason);
  });
});

describe('a late heartbeat', () => {
  test('is not reported and does not reach the next attempt', async () => {
    const { h, run, ctx } = zombie();
    await h.advance(1_500);
    ctx.heartbeat('late');
    await h.advance(60_000);
    expect(reportsOf(h)).toEqual([]);
    expect(run.outcome).toMatchObject({ value: 'second' });
  });

  test('does not move the deadline of the next attempt', async () => {
    const { h, run, ctx } = zombie({
      heartbeatTimeout: '400ms',
      retryPolicy: { maximumAttempts: 2 },
    });
    await h.advance(1_500); // attempt 2 runs from 1.4 s
    ctx.heartbeat('late');
    await h.advance(5_000);
    expect(settledAt(run)).toBe(1_800);
  });

  test('does not throw, whatever its details', async () => {
    const { h, ctx } = zombie();
    await h.advance(1_500);
    expect(() => ctx.heartbeat((() => {}) as never)).not.toThrow();
  });
});

test('a late sleep rejects at once and sets no timer', async () => {
  const { h, ctx } = zombie();
  await h.advance(5_000);
  const before = h.clock.pending;
  await expect(ctx.sleep('1h')).rejects.toMatchObject({ message: 'TIMED_OUT' });
  expect(h.clock.pending).toBe(before);
});

test('a late keepAlive rejects at once and does not start its work', async () => {
  const { h, ctx } = zombie();
  await h.advance(5_000);
  const work = (): never => expect.unreachable();
  await expect(ctx.keepAlive(work)).rejects.toBe(ctx.signal.reason);
});

test('an attempt whose function has settled is not abandoned', async () => {
  const h = new Harness();
  h.run(
    () => {
      throw new Error('no');
    },
    { retryPolicy: { maximumAttempts: 3 } },
  ).catch(() => {});
  await h.advance(10_000);
  expect(h.of('attemptAbandoned')).toEqual([]);
  expect(h.of('attemptSettled')).toEqual([]);
});

test('each abandoned attempt settles under its own number, in any order', async () => {
  const h = new Harness();
  const settle: (() => void)[] = [];
  h.run((ctx) => new Promise<number>((resolve) => settle.push(() => resolve(ctx.info.attempt))), {
    heartbeatTimeout: '1s',
    retryPolicy: { maximumAttempts: 3 },
  }).catch(() => {});
  await h.advance(60_000);
  expect(h.of('attemptAbandoned').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  for (const index of [2, 0, 1]) {
    settle[index]!();
    await h.turn();
  }
  expect(h.of('attemptSettled')).toMatchObject([
    { attempt: 3, result: 3 },
    { attempt: 1, result: 1 },
    { attempt: 2, result: 2 },
  ]);
});

test('each abandoned attempt is logged at WARN from the third one of an activity', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(never, {
      activityId: 'stubborn',
      heartbeatTimeout: '1s',
      retryPolicy: { maximumAttempts: 4 },
    }),
  );
  await h.advance(60_000);
  expect(failureOf(run).attempt).toBe(4);
  const warnings = h.logs.filter(({ message }) => /abandoned/i.test(message));
  expect(warnings).toMatchObject([
    { level: 'warn', attributes: { activityId: 'stubborn', attempt: 3 } },
    { level: 'warn', attributes: { activityId: 'stubborn', attempt: 4 } },
  ]);
});

test('abandoned attempts of other activities do not count', async () => {
  const h = new Harness();
  for (let index = 0; index < 5; index++) {
    h.run(never, { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 2 } }).catch(() => {});
  }
  await h.advance(60_000);
  expect(h.of('attemptAbandoned')).toHaveLength(10);
  expect(h.logs.filter(({ message }) => /abandoned/i.test(message))).toEqual([]);
});

test('a thousand timed-out attempts leave nothing behind', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(never, {
      heartbeatTimeout: 100,
      retryPolicy: { initialInterval: 100, backoffCoefficient: 1, maximumAttempts: 1_000 },
    }),
  );
  await h.advance(1_000_000);
  expect(startsOf(h)).toHaveLength(1_000);
  expect(failureOf(run).attempt).toBe(1_000);
  expect(h.clock.pending).toBe(0);
});
