/** `handle.heartbeats()` follows the reports of one activity. */
import { describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext } from 'systole';
import { Harness, never } from '../support/harness.js';

const EACH = { heartbeatThrottleInterval: 0 };
const ONCE = { retryPolicy: { maximumAttempts: 1 } };

/** Keeps what an iterable yields, and when it ended. */
function collect<T>(iterable: AsyncIterable<T>): { readonly items: T[]; ended: boolean } {
  const collected = { items: [] as T[], ended: false };
  void (async () => {
    for await (const item of iterable) collected.items.push(item);
    collected.ended = true;
  })();
  return collected;
}

const detailsOf = ({ items }: { items: { details: unknown }[] }): unknown[] =>
  items.map(({ details }) => details);

async function steps(ctx: ActivityContext<{ step: number }>, count: number): Promise<void> {
  for (let step = 1; step <= count; step++) {
    ctx.heartbeat({ step });
    await ctx.sleep(1_000);
  }
}

test('each report has its attempt and its time, and the loop ends with the activity', async () => {
  const h = new Harness();
  const handle = h.start(
    (ctx: ActivityContext<number>) => {
      ctx.heartbeat(ctx.info.attempt * 10);
      if (ctx.info.attempt === 1) throw new Error('again');
    },
    { activityId: 'a', ...EACH },
  );
  const followed = collect(handle.heartbeats());
  await h.advance(2_000);
  const [first, second] = h.of('heartbeat');
  expect(followed.items).toEqual([
    { details: 10, attempt: 1, timestamp: first!.timestamp },
    { details: 20, attempt: 2, timestamp: second!.timestamp },
  ]);
  expect(followed.ended).toBe(true);
});

test('the last details are reported before completed, even if they were throttled', async () => {
  const h = new Harness();
  const handle = h.start(steps, { args: [5] });
  const followed = collect(handle.heartbeats());
  await h.advance(10_000);
  expect(detailsOf(followed)).toEqual([{ step: 1 }, { step: 5 }]);
  expect(h.names()).toEqual(['scheduled', 'started', 'heartbeat', 'heartbeat', 'completed']);
});

test.each<[how: string, end: (h: Harness, handle: ReturnType<Harness['start']>) => unknown]>([
  ['is cancelled', (_, handle) => handle.cancel()],
  ['is terminated', (_, handle) => handle.terminate()],
  ['is completed from outside', (_, handle) => handle.complete(undefined)],
  ['is failed from outside', (_, handle) => handle.fail(new Error('no'))],
  ['is shut down with its runtime', (h) => h.engine.shutdown()],
  ['times out', (h) => h.advance(60_000)],
])('the loop ends when the activity %s', async (_, end) => {
  const h = new Harness();
  const handle = h.start(
    async (ctx: ActivityContext) => {
      ctx.heartbeat('here');
      await ctx.sleep('1 hour');
    },
    { ...ONCE, startToCloseTimeout: '1 minute' },
  );
  const followed = collect(handle.heartbeats());
  await h.advance(10);
  expect(followed.ended).toBe(false);
  await end(h, handle);
  await h.advance(10);
  expect(followed).toEqual({ items: [expect.objectContaining({ details: 'here' })], ended: true });
});

test("a caller that was told of the cancellation early still gets the function's reports", async () => {
  const h = new Harness();
  const handle = h.start(async (ctx: ActivityContext) => {
    await h.work(1_000);
    ctx.heartbeat('cleaning up');
    await h.work(1_000);
  });
  const followed = collect(handle.heartbeats());
  handle.cancel();
  await expect(handle.result()).rejects.toThrow('was cancelled');
  expect(followed.ended).toBe(false);
  await h.advance(2_000);
  expect(detailsOf(followed)).toEqual(['cleaning up']);
  expect(followed.ended).toBe(true);
});

test('a loop that starts late starts with the newest report, and two loops are independent', async () => {
  const h = new Harness();
  const handle = h.start(steps, { args: [4], ...EACH });
  const early = collect(handle.heartbeats());
  await h.advance(1_500);
  const late = collect(handle.heartbeats());
  await h.advance(5_000);
  expect(detailsOf(early)).toEqual([1, 2, 3, 4].map((step) => ({ step })));
  expect(detailsOf(late)).toEqual([2, 3, 4].map((step) => ({ step })));
  early.items[1]!.details.step = -1; // a copy of its own
  expect(late.items[0]!.details).toEqual({ step: 2 });
});

test('a loop that starts after the end gets the last report and ends', async () => {
  const h = new Harness();
  const handle = h.start(steps, { args: [2] });
  await h.advance(5_000);
  const followed = collect(handle.heartbeats());
  await h.turn();
  expect(followed).toEqual({
    items: [expect.objectContaining({ details: { step: 2 }, attempt: 1 })],
    ended: true,
  });
});

test('without reports, the loop ends empty', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.heartbeat());
  expect(await drain(handle.heartbeats())).toEqual([]);
});

test('a reset that forgets the details also forgets the report', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx) => {
      if (ctx.info.attempt === 1 && !told) ctx.heartbeat('first life');
      told = true;
      await ctx.sleep(1_000);
      throw new Error('no');
    },
    { ...EACH },
  );
  let told = false;
  await h.advance(1_500);
  handle.reset({ resetHeartbeat: true });
  const followed = collect(handle.heartbeats());
  await h.advance(500);
  handle.terminate();
  await h.turn();
  expect(followed).toEqual({ items: [], ended: true });
});

describe('a loop that is left', () => {
  test.each<[how: string, leave: () => void]>([
    ['breaks out', () => {}],
    [
      'throws',
      () => {
        throw new Error('the consumer is done');
      },
    ],
  ])('because it %s removes its follower', async (_, leave) => {
    const h = new Harness();
    const handle = h.start(steps, { args: [3], ...EACH });
    const { checkpoint } = h.engine.executions()[0]!;
    const follow = vi.spyOn(checkpoint, 'follow');
    const unfollowed = vi.fn();
    follow.mockImplementation(() => unfollowed);
    try {
      for await (const { details } of handle.heartbeats()) {
        expect(details).toEqual({ step: 1 });
        leave();
        break;
      }
    } catch (error) {
      expect(String(error)).toContain('the consumer is done');
    }
    expect(follow).toHaveBeenCalledTimes(1);
    expect(unfollowed).toHaveBeenCalledTimes(1);
    await h.advance(5_000);
  });

  test('while it waits ends at once', async () => {
    const h = new Harness();
    const handle = h.start(() => never());
    const iterator = handle.heartbeats()[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await h.turn();
    expect(await iterator.return?.()).toEqual({ value: undefined, done: true });
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });
});

test('a slow loop gets only the newest of 100,000 reports, and they do not pile up', async () => {
  const runtime = new ActivityRuntime({ logger: false });
  const handle = runtime.start(
    async (ctx: ActivityContext<{ row: number; padding: string }>) => {
      for (let row = 1; row <= 100_000; row++) {
        ctx.heartbeat({ row, padding: 'x'.repeat(100) });
        if (row % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    { ...EACH },
  );
  const rows: number[] = [];
  for await (const { details } of handle.heartbeats()) {
    rows.push(details.row);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(rows.length).toBeLessThan(100_000 / 10);
  expect(rows.at(-1)).toBe(100_000);
  expect([...rows].sort((a, b) => a - b)).toEqual(rows);
});

async function drain<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

test('a follower that has left is not called again', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx: ActivityContext<number>) => {
      for (let row = 1; ; row++) {
        ctx.heartbeat(row);
        await ctx.sleep('1s');
      }
    },
    { activityId: 'x', ...EACH },
  );
  handle.result().catch(() => {});
  let calls = 0;
  const leave = h.engine.find('x').checkpoint.follow(() => calls++);
  await h.advance(3_000);
  expect(calls).toBe(3);
  leave();
  await h.advance(3_000);
  expect(calls).toBe(3);
});
