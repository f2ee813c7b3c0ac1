/** The order in which activities begin, in a store that answers some calls sooner than others. */
import { expect, test } from 'vitest';
import type { LedgerStore } from '../../../src/durable.js';
import type { ActivityContext } from '../../../src/index.js';
import { never, type Harness } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die, processOn } from '../../support/processes.js';

const ids = ['a', 'b', 'c', 'd'];

/** A store that answers a claim the sooner, the later it comes. */
function slowestFirst(clock: () => Harness['clock']): (store: LedgerStore) => object {
  let calls = 0;
  return (store) => ({
    isOrdered: true,
    claim: async (id: string, owner: string, ttlMs: number) => {
      const delayMs = 100 - 10 * calls++;
      await new Promise<void>((resolve) => clock().setTimer(() => resolve(), delayMs, true));
      return store.claim!(id, owner, ttlMs);
    },
  });
}

function slowProcess(disk: MemoryDisk): Harness {
  const h: Harness = processOn(
    disk,
    { maxConcurrentActivities: 1 },
    slowestFirst(() => h.clock),
  );
  return h;
}

test('activities begin in the order of their calls', async () => {
  const h = slowProcess(new MemoryDisk());
  const order: string[] = [];
  for (const activityId of ids) {
    h.start((ctx: ActivityContext) => void order.push(ctx.info.activityId), { activityId });
  }
  await h.advance(1_000);
  expect(order).toEqual(ids);
});

test('recovered activities begin in the order of their entries', async () => {
  const disk = new MemoryDisk();
  const first = processOn(disk);
  function job(): Promise<never> {
    return never();
  }
  for (const activityId of ids) {
    first.start(job, { activityId });
    await first.advance(10);
  }
  die(disk);
  const h = slowProcess(disk);
  const order: string[] = [];
  const recovering = h.engine.recover({
    job: (ctx: ActivityContext) => void order.push(ctx.info.activityId),
  });
  await h.advance(1_000);
  await recovering;
  expect(order).toEqual(ids);
});

test('a call that is refused holds up no other call', async () => {
  const disk = new MemoryDisk();
  const other = processOn(disk);
  other.start(never, { activityId: 'a' });
  await other.advance(10);
  const h = slowProcess(disk);
  const order: string[] = [];
  const refused = h.watch(
    h.run((ctx: ActivityContext) => void order.push(ctx.info.activityId), { activityId: 'a' }),
  );
  for (const activityId of ['b', 'c']) {
    h.start((ctx: ActivityContext) => void order.push(ctx.info.activityId), { activityId });
  }
  await h.advance(1_000);
  expect(refused.outcome).toMatchObject({ state: 'rejected' });
  expect(order).toEqual(['b', 'c']);
});
