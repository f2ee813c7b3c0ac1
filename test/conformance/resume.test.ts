import { expect, test } from 'vitest';
import { TimeoutFailure, type ActivityContext, type ActivityFailure } from 'systole';
import { Harness, never } from '../support/harness.js';

// The resume example of Temporal's guide: from the recorded index + 1 if there are details, a
// heartbeat at each index.
const ITEMS = ['a', 'b', 'c', 'd', 'e', 'f'];

function setUp(trouble: (index: number, attempt: number) => 'throw' | 'hang' | undefined) {
  const h = new Harness();
  const done: string[] = [];
  const starts: number[] = [];
  const processItems = async (ctx: ActivityContext<number>): Promise<number> => {
    const first = ctx.hasHeartbeatDetails ? ctx.heartbeatDetails! + 1 : 0;
    starts.push(first);
    for (let index = first; index < ITEMS.length; index++) {
      const what = trouble(index, ctx.info.attempt);
      if (what === 'throw') throw new Error(`cannot process ${ITEMS[index]}`);
      if (what === 'hang') await never();
      await ctx.sleep(400);
      done.push(ITEMS[index]!);
      ctx.heartbeat(index);
    }
    return done.length;
  };
  return { h, done, starts, processItems };
}

test('row 51: an activity that fails halfway continues after the recorded index', async () => {
  const { h, done, starts, processItems } = setUp((index, attempt) =>
    (index === 2 && attempt === 1) || (index === 5 && attempt === 2) ? 'throw' : undefined,
  );
  const run = h.watch(h.run(processItems, { heartbeatTimeout: '1s' }));
  await h.advance(20_000);
  expect(run.outcome).toMatchObject({ value: 6 });
  expect(starts).toEqual([0, 2, 5]);
  expect(done).toEqual(ITEMS);
});

test('row 43: an activity that hangs halfway continues after the recorded index', async () => {
  const { h, done, starts, processItems } = setUp((index, attempt) =>
    index === 3 && attempt === 1 ? 'hang' : undefined,
  );
  const run = h.watch(h.run(processItems, { heartbeatTimeout: '1s' }));
  await h.advance(20_000);
  expect(run.outcome).toMatchObject({ value: 6 });
  expect(starts).toEqual([0, 3]);
  expect(done).toEqual(ITEMS);
});

test('row 52: a final heartbeat timeout gives the caller the last details', async () => {
  const { h, done, starts, processItems } = setUp((index) => (index === 4 ? 'hang' : undefined));
  const run = h.watch(
    h.run(processItems, { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 2 } }),
  );
  await h.advance(20_000);
  expect(starts).toEqual([0, 4]);
  expect(done).toEqual(ITEMS.slice(0, 4));
  const { error } = run.outcome as { error: ActivityFailure };
  expect(error.retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  expect(error.cause).toBeInstanceOf(TimeoutFailure);
  expect(error.cause).toMatchObject({ timeoutType: 'HEARTBEAT', lastHeartbeatDetails: 3 });
});
