/** `ctx.yield`: loops that compute and share the event loop. */
import { describe, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../src/index.js';
import { hostNow } from '../../src/kernel/clock.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { Harness } from '../support/harness.js';
import { turn } from '../support/virtual-clock.js';

/** Keeps the event loop busy. It is real time that `ctx.yield` measures. */
function compute(ms: number): void {
  const until = hostNow() + ms;
  while (hostNow() < until);
}

/** Counts the turns of the event loop until it is stopped. */
function countTurns(): { readonly turns: number; stop(): void } {
  let stopped = false;
  const count = {
    turns: 0,
    stop: () => {
      stopped = true;
    },
  };
  const next = (): void => {
    count.turns++;
    if (!stopped) setImmediate(next);
  };
  setImmediate(next);
  return count;
}

describe('a turn of the event loop in ctx.yield', () => {
  test('is given after 10 ms of work, and not before', async () => {
    const turns = countTurns();
    const seen: number[] = [];
    await new ActivityRuntime({ logger: false }).run(async (ctx) => {
      await turn();
      await ctx.yield(); // may be due, because the turn before took real time
      compute(11);
      await ctx.yield();
      const before = turns.turns;
      await ctx.yield();
      seen.push(turns.turns - before);
      compute(11);
      await ctx.yield();
      seen.push(turns.turns - before);
    });
    turns.stop();
    expect(seen[0]).toBe(0);
    expect(seen[1]).toBeGreaterThan(0);
  });

  test('lets a timer fire in the middle of a long loop', async () => {
    let fired = false;
    setTimeout(() => (fired = true), 1);
    await new ActivityRuntime({ logger: false }).run(async (ctx) => {
      const until = hostNow() + 5_000;
      while (!fired && hostNow() < until) {
        compute(1);
        await ctx.yield();
      }
    });
    expect(fired).toBe(true);
  });

  test('is real in a test environment, where time stands still meanwhile', async () => {
    const env = new TestActivityEnvironment();
    const turns = countTurns();
    await env.run(async (ctx) => {
      for (let round = 0; round < 4; round++) {
        compute(11);
        await ctx.yield();
      }
    });
    turns.stop();
    expect(turns.turns).toBeGreaterThanOrEqual(3);
    expect(env.now()).toBe(0);
  });
});

test('each call of ctx.yield is a heartbeat that keeps the details', async () => {
  const env = new TestActivityEnvironment();
  await env.run(
    async (ctx: ActivityContext<number>) => {
      ctx.heartbeat(7);
      for (let round = 0; round < 5; round++) {
        await ctx.sleep('9s');
        await ctx.yield();
      }
      if (ctx.info.attempt === 1) throw new Error('again');
      expect(ctx.heartbeatDetails).toBe(7);
    },
    { heartbeatTimeout: '10s' },
  );
  expect(env.heartbeats).toHaveLength(12);
});

describe('a reason to stop', () => {
  test('rejects the next call of ctx.yield', async () => {
    const env = new TestActivityEnvironment();
    const caught: unknown[] = [];
    const handle = env.start(async (ctx) => {
      handle.cancel();
      try {
        await ctx.yield();
      } catch (error) {
        caught.push(error);
        throw error;
      }
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { message: 'CANCELLED' } });
    await handle.settled();
    expect(caught).toMatchObject([{ name: 'CancelledFailure' }]);
  });

  test('that comes during the turn rejects the call that gave it', async () => {
    const h = new Harness();
    const caught: unknown[] = [];
    const handle = h.start(async (ctx) => {
      await ctx.yield();
      compute(11);
      setImmediate(() => handle.cancel());
      await ctx.yield().catch((error: unknown) => caught.push(error));
    });
    h.watch(handle.result());
    await handle.settled();
    expect(caught).toMatchObject([{ message: 'CANCELLED' }]);
  });

  test('stops a loop whose attempt has timed out', async () => {
    const runtime = new ActivityRuntime({ logger: false });
    let rounds = 0;
    const endless = async (ctx: ActivityContext): Promise<void> => {
      for (;;) {
        rounds++;
        compute(1);
        await ctx.yield();
      }
    };
    const options = { startToCloseTimeout: 50, retryPolicy: { maximumAttempts: 1 } };
    const handle = runtime.start(endless, options);
    await expect(handle.result()).rejects.toMatchObject({
      cause: { timeoutType: 'START_TO_CLOSE' },
    });
    await handle.settled();
    expect(rounds).toBeGreaterThan(1);
  });
});

test('an error that the heartbeat of ctx.yield throws rejects the call', async () => {
  const env = new TestActivityEnvironment();
  env.failOnHeartbeat(1, new Error('lost'));
  const caught = await env.run((ctx) =>
    ctx.yield().catch((error: unknown) => (error as Error).message),
  );
  expect(caught).toBe('lost');
});
