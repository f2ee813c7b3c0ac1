/** What is logged of functions that do not stop, and of heartbeats that come too late. */
import { describe, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityContext } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';
import { Harness, never } from '../support/harness.js';

const ONCE = { retryPolicy: { maximumAttempts: 1 } };

const warnings = (h: Harness): string[] =>
  h.logs.filter(({ level }) => level === 'warn').map(({ message }) => message);

const lateOf = (h: Harness): string[] =>
  warnings(h).filter((message) => message.includes('told to stop'));

describe('a function that was told to stop and still runs after 2 s', () => {
  test.each<[how: string, stop: (h: Harness, handle: ReturnType<Harness['start']>) => unknown]>([
    ['was cancelled', (_, handle) => handle.cancel()],
    ['was paused', (_, handle) => handle.pause()],
    ['was terminated', (_, handle) => handle.terminate()],
    ['is shut down', (h) => h.engine.shutdown({ abandonAfter: '1m' })],
  ])('is warned of once if it %s', async (_, stop) => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        ctx.heartbeat();
        await h.work(1_000);
        ctx.heartbeat();
        await h.work(20_000);
      },
      { activityType: 'importRows', cancellationDelivery: 'immediate' },
    );
    handle.result().catch(() => {});
    await h.advance(1_500);
    void stop(h, handle);
    await h.advance(1_999);
    expect(lateOf(h)).toEqual([]);
    await h.advance(10_000);
    expect(lateOf(h)).toEqual([
      'Activity importRows, attempt 1: told to stop 2 s ago and still running; ' +
        'last heartbeat 2500 ms ago',
    ]);
    expect(
      h.logs.find(({ message }) => message.includes('told to stop'))?.attributes,
    ).toMatchObject({
      activityType: 'importRows',
      attempt: 1,
    });
  });

  test('is warned of if its attempt timed out, once for each attempt', async () => {
    const h = new Harness();
    const run = h.run(never, {
      activityType: 'hangs\n\u001b[2J',
      startToCloseTimeout: '1s',
      retryPolicy: { maximumAttempts: 2 },
    });
    run.catch(() => {});
    await h.advance(20_000);
    expect(lateOf(h)).toEqual(
      [1, 2].map(
        (attempt) =>
          `Activity hangs\\n\\u001b[2J, attempt ${attempt}: told to stop 2 s ago and still running; ` +
          'last heartbeat never',
      ),
    );
  });

  test('is not warned of if it stops in time, and no timer is left', async () => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        await ctx.cancelled.catch(() => h.work(1_900));
      },
      { cancellationDelivery: 'immediate' },
    );
    handle.cancel();
    handle.result().catch(() => {});
    await h.advance(60_000);
    expect(lateOf(h)).toEqual([]);
  });

  test('does not keep a program running for the warning', async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const before = timers();
    await runtime.run(never, { startToCloseTimeout: 5, ...ONCE }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('does not make the time of a test environment skip', async () => {
    const env = new TestActivityEnvironment();
    const handle = env.start(() => never(), { activityType: 'hangs' });
    handle.cancel();
    handle.result().catch(() => {});
    handle.terminate();
    void handle.settled();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(env.now()).toBe(0);
  });
});

describe('a heartbeat of an attempt that has timed out without one', () => {
  test('says once that the timeout is shorter than the step', async () => {
    const h = new Harness();
    const run = h.run(
      async (ctx) => {
        ctx.heartbeat(1);
        for (let step = 2; step <= 4; step++) {
          await h.work(300);
          ctx.heartbeat(step);
        }
      },
      { activityType: 'importRows', heartbeatTimeout: 100, startDelay: 50, ...ONCE },
    );
    run.catch(() => {});
    await h.advance(1_100);
    expect(warnings(h)).toEqual([
      'Activity importRows, attempt 1: a heartbeat came 300 ms after the last one; ' +
        'heartbeatTimeout is 100 ms, which is shorter than that step',
    ]);
  });

  test('changes nothing: the next attempt begins where the earlier details were', async () => {
    const h = new Harness();
    const run = h.run(
      async (ctx: ActivityContext<number>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat(1);
        await h.work(300);
        ctx.heartbeat(2);
        return undefined;
      },
      { heartbeatTimeout: 100 },
    );
    await h.advance(5_000);
    expect(await run).toBe(1);
  });

  test.each<[why: string, options: object]>([
    ['another timeout', { startToCloseTimeout: 100 }],
    ['a cancellation', { signal: AbortSignal.timeout(1) }],
  ])('is not mentioned if the attempt ended by %s', async (_, options) => {
    const h = new Harness();
    const run = h.run(
      async (ctx) => {
        await h.work(300);
        ctx.heartbeat(1);
      },
      { ...ONCE, ...options },
    );
    run.catch(() => {});
    await h.advance(1_000);
    expect(warnings(h).filter((message) => message.includes('a heartbeat came'))).toEqual([]);
  });
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('a function that ignores a cancellation at each of its heartbeats is warned of once', async () => {
  const h = new Harness();
  const handle = h.start(async (ctx) => {
    for (;;) {
      ctx.heartbeat();
      await h.work(500);
    }
  });
  handle.result().catch(() => {});
  handle.cancel();
  await h.advance(10_000);
  expect(lateOf(h)).toHaveLength(1);
  handle.terminate();
});
