/** Attempts that are alive without progress, and heartbeats for work that cannot send them. */
import { describe, expect, test, vi } from 'vitest';
import type { ActivityContext } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import {
  collectUnhandledRejections,
  delaysOf,
  failureOf,
  settledAt,
  startsOf,
  timeoutOf,
} from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

describe('progressTimeout', () => {
  test('ends an attempt whose heartbeats bring no new details', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        async (ctx: ActivityContext<{ line: number }>) => {
          for (let i = 0; ; i++) {
            ctx.heartbeat({ line: Math.min(i, 3) });
            await ctx.sleep(100);
          }
        },
        { heartbeatTimeout: 200, progressTimeout: 1_000, retryPolicy: ONCE },
      ),
    );
    await h.advance(5_000);
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'PROGRESS',
      lastHeartbeatDetails: { line: 3 },
    });
    expect(settledAt(run)).toBe(1_300);
    expect(h.of('failed')[0]).toMatchObject({ status: 'TIMED_OUT' });
  });

  test('counts from the start of the attempt, which is then retried', async () => {
    const h = new Harness();
    void h.run(
      async (ctx) => {
        for (;;) {
          ctx.heartbeat();
          await ctx.sleep(50);
        }
      },
      { progressTimeout: 400, startDelay: 200 },
    );
    await h.advance(1_700);
    expect(startsOf(h)).toEqual([200, 1_600]);
    expect(h.of('attemptFailed')[0]).toMatchObject({ failure: { timeoutType: 'PROGRESS' } });
  });

  test('does not count details that equal those of the attempt before', async () => {
    const h = new Harness();
    void h.run(
      async (ctx) => {
        ctx.heartbeat('same');
        await ctx.sleep(200);
        ctx.heartbeat('same');
        await never();
      },
      { progressTimeout: 400 },
    );
    await h.advance(1_900);
    expect(startsOf(h)).toEqual([0, 1_400]);
    expect(h.of('attemptFailed').map(({ at }) => at)).toEqual([400, 1_800]);
  });

  test('is not reset by keepAlive', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx) => ctx.keepAlive(never()), {
        heartbeatTimeout: 100,
        progressTimeout: 1_000,
        retryPolicy: ONCE,
      }),
    );
    await h.advance(3_000);
    expect(timeoutOf(run).timeoutType).toBe('PROGRESS');
    expect(settledAt(run)).toBe(1_000);
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });
});

describe('ctx.keepAlive', () => {
  test('rejects if calling its work delivers the cancellation, and leaves nothing behind', async () => {
    const h = new Harness();
    const work = vi.fn(never);
    const handle = h.start(
      async (ctx) => {
        await h.work(10);
        await ctx.keepAlive(() => {
          handle.cancel();
          ctx.heartbeat(1);
          return work();
        });
      },
      { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    await h.advance(100);
    expect(work).toHaveBeenCalledOnce();
    expect(handle.describe().status).toBe('CANCELED');
    expect(h.clock.pending).toBe(0);
  });

  test('leaves no timer if calling its work completes the activity', async () => {
    const h = new Harness();
    const handle = h.start(async (ctx): Promise<string> => {
      await ctx.sleep(10);
      return ctx.keepAlive(() => {
        handle.complete('done');
        return never();
      });
    });
    await h.advance(100);
    await expect(handle.result()).resolves.toBe('done');
    expect(h.clock.pending).toBe(0);
  });

  test('that is not awaited stops with the function and affects nothing', async () => {
    const h = new Harness();
    let kept: ReturnType<typeof h.watch> | undefined;
    const result = h.run((ctx) => {
      kept = h.watch(ctx.keepAlive(never(), { every: 10 }));
      return 'done';
    });
    await expect(result).resolves.toBe('done');
    await h.advance(1_000);
    expect(kept?.outcome).toEqual({ state: 'pending' });
    expect(h.clock.pending).toBe(0);
  });

  test('refuses a bad interval, even if the work rejects later', async () => {
    const unhandled = collectUnhandledRejections();
    const h = new Harness();
    const run = h.watch(
      h.run(
        (ctx) =>
          // @ts-expect-error a number of what?
          ctx.keepAlive(Promise.reject(new Error('the work')), { every: '5' }),
        { retryPolicy: ONCE },
      ),
    );
    await h.turn();
    expect((failureOf(run).cause as Error).message).toMatch(/^ctx\.keepAlive every: received "5"/);
    expect(unhandled.stop()).toEqual([]);
  });

  test.each(['promise', 'function'] as const)(
    'heartbeats for a %s until it settles',
    async (as) => {
      const h = new Harness();
      const run = h.watch(
        h.run(
          async (ctx) => {
            ctx.heartbeat('kept');
            const work = (): Promise<string> => ctx.sleep(10_000).then(() => 'done');
            return await ctx.keepAlive(as === 'promise' ? work() : work);
          },
          { heartbeatTimeout: 300, retryPolicy: ONCE },
        ),
      );
      await h.advance(9_950);
      expect(h.engine.list()[0]?.heartbeatDetails).toBe('kept');
      await h.advance(100);
      expect(run.outcome).toMatchObject({ value: 'done', at: 10_000 });
      await h.advance(50);
      expect(h.clock.pending).toBe(0);
    },
  );

  test("rejects with the work's error and leaves no timer", async () => {
    const h = new Harness();
    const no = new Error('no');
    for (const work of [
      Promise.reject(no),
      () => Promise.reject(no),
      (): never => {
        throw no;
      },
    ]) {
      const run = h.watch(h.run((ctx) => ctx.keepAlive(work), { retryPolicy: ONCE }));
      await h.turn();
      expect(failureOf(run).cause).toBe(no);
    }
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test("rejects with the signal's reason on abort and leaves no timer", async () => {
    const h = new Harness();
    const seen: unknown[] = [];
    const controller = new AbortController();
    void h.watch(
      h.run(
        (ctx) =>
          ctx.keepAlive(never()).catch((error: unknown) => {
            seen.push(error === ctx.signal.reason);
            throw error;
          }),
        { signal: controller.signal },
      ),
    );
    await h.advance(1_000);
    controller.abort();
    await h.advance(60);
    expect(seen).toEqual([true]);
    expect(h.clock.pending).toBe(0);
  });

  test.each([
    ['as often as every says', { every: 500 }, [0, 500, 1_000]],
    ['every 10 s without a heartbeat timeout', {}, [0, 10_000, 20_000]],
  ])('heartbeats %s', async (_, options, expected) => {
    const beats: number[] = [];
    const h = new Harness({
      interceptors: [{ heartbeat: () => void beats.push(h.clock.now()) }],
    });
    void h.watch(h.run((ctx) => ctx.keepAlive(never(), options)));
    await h.advance(expected.at(-1)!);
    expect(beats).toEqual(expected);
  });

  test('of a promise that rejects after the abort causes no unhandled rejection', async () => {
    const h = new Harness();
    const unhandled = collectUnhandledRejections();
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.cancelled.catch(() => {});
          const work = new Promise((_, reject) => h.clock.setTimer(() => reject(new Error()), 10));
          await ctx.keepAlive(work);
        },
        { startToCloseTimeout: 100, retryPolicy: ONCE },
      ),
    );
    await h.advance(300);
    await h.turn();
    expect(unhandled.stop()).toEqual([]);
    expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
  });

  test.each(['promise', 'function'] as const)(
    'started after its attempt has returned gives the result of a %s',
    async (as) => {
      const h = new Harness();
      let ctx!: ActivityContext;
      await h.run((given) => {
        ctx = given;
      });
      const work = (): Promise<string> => Promise.resolve('done');
      await expect(ctx.keepAlive(as === 'promise' ? work() : work)).resolves.toBe('done');
    },
  );

  test('started after its attempt has returned leaves no timer', async () => {
    const h = new Harness();
    let later = (): unknown => undefined;
    await h.run((ctx) => {
      later = () => ctx.keepAlive(never());
    });
    void later();
    await h.advance(60_000);
    expect(h.clock.pending).toBe(0);
  });
});

describe('maximumAttemptsWithoutProgress', () => {
  test('without a progressTimeout notices progress', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        (ctx) => {
          ctx.heartbeat(1);
          ctx.heartbeat(2);
          return ctx.info.attempt;
        },
        { retryPolicy: { maximumAttemptsWithoutProgress: 2 } },
      ),
    );
    await h.advance(60_000);
    expect(run.outcome).toEqual({ state: 'resolved', value: 1, at: 0 });
  });

  test('ends an activity after so many failures without new details', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        (ctx: ActivityContext<number>) => {
          ctx.heartbeat(Math.min(ctx.info.attempt, 3));
          throw new Error('no');
        },
        { retryPolicy: { maximumAttemptsWithoutProgress: 2, initialInterval: 100 } },
      ),
    );
    await h.advance(10_000);
    expect(failureOf(run)).toMatchObject({ attempt: 5, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
    // Attempts 1 to 3 made progress. Attempt 4 is the first that did not.
    expect(delaysOf(h)).toEqual([100, 100, 100, 100, undefined]);
  });

  test('makes the backoff grow only with attempts without progress', async () => {
    const h = new Harness();
    void h.watch(
      h.run(
        (ctx: ActivityContext<number>) => {
          if (ctx.info.attempt === 4) ctx.heartbeat(1);
          throw new Error('no');
        },
        {
          retryPolicy: {
            maximumAttemptsWithoutProgress: 5,
            maximumAttempts: 7,
            initialInterval: 100,
          },
        },
      ),
    );
    await h.advance(10_000);
    expect(delaysOf(h)).toEqual([100, 200, 400, 100, 100, 200, undefined]);
  });

  test('counts in the same way for a new policy during the backoff', async () => {
    const h = new Harness();
    const retryPolicy = { maximumAttemptsWithoutProgress: 5, initialInterval: 1_000 };
    const handle = h.start(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(ctx.info.attempt);
        throw new Error('no');
      },
      { retryPolicy },
    );
    await h.advance(3_500); // three delays of 1 s, because every attempt made progress
    expect(startsOf(h)).toEqual([0, 1_000, 2_000, 3_000]);
    handle.updateOptions({ retryPolicy });
    await h.advance(600);
    expect(startsOf(h)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
  });

  describe('set by updateOptions', () => {
    const policy = { maximumAttemptsWithoutProgress: 2, initialInterval: 1_000 };

    test('counts the progress that the running attempt has already made', async () => {
      const h = new Harness();
      const handle = h.start(
        async (ctx: ActivityContext<number>) => {
          ctx.heartbeat(ctx.info.attempt);
          await ctx.sleep(100);
          throw new Error('no');
        },
        { retryPolicy: { initialInterval: 1_000, backoffCoefficient: 1 } },
      );
      await h.advance(3_350); // in the fourth attempt, after its heartbeat
      handle.updateOptions({ retryPolicy: policy });
      await h.advance(4_400);
      expect(startsOf(h)).toEqual([0, 1_100, 2_200, 3_300, 4_400, 5_500, 6_600, 7_700]);
    });

    test('counts earlier attempts without progress', async () => {
      const h = new Harness();
      const handle = h.start(
        async (ctx: ActivityContext<string>) => {
          ctx.heartbeat('the same');
          await ctx.sleep(100);
          throw new Error('no');
        },
        { retryPolicy: { initialInterval: 1_000, backoffCoefficient: 1 } },
      );
      const result = h.watch(handle.result());
      await h.advance(2_250); // in the third attempt; only the first had new details
      handle.updateOptions({ retryPolicy: policy });
      await h.advance(100);
      expect(failureOf(result).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
      expect(startsOf(h)).toEqual([0, 1_100, 2_200]);
    });

    test('shortens a backoff to that of the attempts since the last progress', async () => {
      const h = new Harness();
      const handle = h.start(
        (ctx: ActivityContext<{ line: number }>) => {
          ctx.heartbeat({ line: ctx.info.attempt });
          throw new Error('no');
        },
        { retryPolicy: { initialInterval: 1_000 } },
      );
      await h.advance(7_100); // the fourth attempt has failed at 7 s; its backoff is 8 s
      expect(startsOf(h)).toEqual([0, 1_000, 3_000, 7_000]);
      handle.updateOptions({ retryPolicy: policy });
      await h.advance(1_000);
      expect(startsOf(h).at(-1)).toBe(8_000);
    });
  });
});
