/** Leases: how a runtime keeps them, and what happens when it cannot. */
import { describe, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../../src/index.js';
import { PLACE, type Place } from '../../../src/runtime/shared/place.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { processOn } from '../../support/processes.js';
import { durable } from '../../support/stores.js';
import { TestMachine } from '../../support/test-machine.js';

const DAY_MS = 86_400_000;
const untilTold = { cancellationDelivery: 'immediate' } as const;

describe.each(Object.entries(durable))('%s, after a runtime was idle for a day', (_, make) => {
  test('a claim is as good as the first one', async () => {
    const place = make();
    const machine = new TestMachine();
    try {
      const [first, second] = [place.open(machine.process()), place.open(machine.process())];
      await first.claim?.('earlier', 'process 1', 30_000);
      machine.advance(DAY_MS);
      expect(await first.claim?.('x', 'process 1', 30_000)).toHaveProperty('generation');
      expect(await second.claim?.('x', 'process 2', 30_000)).toMatchObject({ heldBy: 'process 1' });
    } finally {
      await place.remove();
    }
  });

  test('another runtime cannot run the same id', async () => {
    const place = make();
    const machine = new TestMachine();
    try {
      const [first, second] = [1, 2].map(
        () => new ActivityRuntime({ store: place.open(machine.process()), logger: false }),
      ) as [ActivityRuntime, ActivityRuntime];
      await first.run(() => 1, { activityId: 'earlier' });
      machine.advance(DAY_MS);
      let finish = (): void => {};
      let begun = (): void => {};
      const running = new Promise<void>((resolve) => (begun = resolve));
      const run = first.run(
        () => {
          begun();
          return new Promise<string>((resolve) => (finish = () => resolve('first')));
        },
        { activityId: 'x' },
      );
      await running;
      await expect(second.run(() => 'second', { activityId: 'x' })).rejects.toThrow(
        'activityId "x" is being run by',
      );
      finish();
      expect(await run).toBe('first');
    } finally {
      await place.remove();
    }
  });
});

test('claims are renewed every 10 s, whatever starts and ends during a slow renewal', async () => {
  const disk = new MemoryDisk();
  let renewals = 0;
  let answer = (): void => {};
  const h = processOn(disk, {}, () => ({
    renew: () => {
      renewals++;
      return new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
    },
  }));
  const wait = (ctx: ActivityContext): Promise<never> => ctx.cancelled;
  for (let i = 0; i < 4; i++) {
    const handle = h.start(wait, { activityId: `x${i}`, ...untilTold });
    handle.result().catch(() => {});
    await h.advance(10_000); // a renewal is under way
    if (i < 3) handle.cancel();
    await h.advance(3_000);
    if (i < 3) h.start(() => 1, { activityId: `y${i}` });
    answer();
    await h.advance(3_000);
  }
  renewals = 0;
  for (let second = 0; second < 100; second++) {
    await h.advance(1_000);
    answer();
    await h.advance(0);
  }
  expect(renewals).toBe(10);
});

test('a store that does not answer a renewal loses the lease when it is over', async () => {
  const disk = new MemoryDisk();
  const h = processOn(disk, {}, () => ({ renew: () => new Promise(() => {}) }));
  const run = h.watch(h.run((ctx) => ctx.cancelled, { activityId: 'x', ...untilTold }));
  await h.advance(29_000);
  expect(run.outcome.state).toBe('pending');
  await h.advance(11_000);
  expect(run.outcome).toMatchObject({
    error: { cause: { message: expect.stringContaining('the store does not answer') as unknown } },
  });
});

test('a renewal loses neither what is ending nor what is being claimed', async () => {
  const disk = new MemoryDisk();
  const beneath = disk.store();
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const h = processOn(disk, {}, () => ({
    // The store has removed it, but nobody knows that here.
    close: async (id: string, generation?: number) => {
      beneath.close(id, generation);
      if (id === 'x') await answered;
    },
    claim: async (id: string, owner: string, ttlMs: number) => {
      if (id === 'y') await answered;
      return beneath.claim!(id, owner, ttlMs);
    },
  }));
  let finish = (): void => {};
  const done = new Promise<string>((resolve) => (finish = () => resolve('done')));
  const x = h.watch(h.run(() => done, { activityId: 'x' }));
  await h.advance(9_000);
  finish();
  const y = h.watch(h.run((ctx) => ctx.sleep(60_000), { activityId: 'y', ...untilTold }));
  await h.advance(1_500);
  expect(disk.rows.size).toBe(0);
  answer();
  await h.advance(0);
  expect(x.outcome).toMatchObject({ value: 'done' });
  await h.advance(59_000);
  expect(y.outcome.state).toBe('pending');
  await h.advance(1_000);
  expect(y.outcome.state).toBe('resolved');
});

test('the place where a function runs hears how long the lease holds, at the claim and at renewals', async () => {
  const leases: number[] = [];
  let answer = (): void => {};
  const disk = new MemoryDisk();
  const h = processOn(disk, {}, () => ({
    renew: () => new Promise<undefined>((resolve) => (answer = () => resolve(undefined))),
  }));
  const room = {
    run: (ctx: ActivityContext) => ctx.cancelled,
    leave: (outcome: unknown) => outcome,
  };
  const place: Partial<Place> = {
    hasRoom: () => true,
    enter: () => room,
    forget: () => {},
    leasedFor: (_, ms) => leases.push(ms),
  };
  const elsewhere = Object.assign((): unknown => 'never called here', { [PLACE]: place });
  h.start(elsewhere, { activityId: 'x' })
    .result()
    .catch(() => {});
  await h.advance(10_000);
  expect(leases).toEqual([30_000]);
  await h.advance(4_000); // a slow answer, which counts from the question
  answer();
  await h.advance(0);
  expect(leases).toEqual([30_000, 26_000]);
});
