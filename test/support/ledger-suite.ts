/** What every store with a ledger does. Stores that need a server run it too: see test/hosts/stores. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  ActivityRuntime,
  type ActivityContext,
  type LedgerEntry,
} from '../../src/index.js';
import {
  LeaseLostError,
  type Claim,
  type DurableStore,
  type LedgerStore,
} from '../../src/durable.js';
import { allIds, type Limits } from './store-suite.js';
import type { Place } from './stores.js';
import { TestMachine } from './test-machine.js';

/** Claims an activity that is free. Resolves to the number of the claim. */
export const claimed = async (store: LedgerStore, id: string, owner: string): Promise<number> => {
  const claim = (await store.claim!(id, owner, 30_000)) as Claim;
  expect(claim).not.toHaveProperty('heldBy');
  return claim.generation;
};

/** Tests that a store keeps a ledger. */
export function testLedger(
  name: string,
  make: () => Place<LedgerStore>,
  { isBlind = false, isUnordered = false }: Limits = {},
): void {
  describe(`the ledger of ${name}`, () => {
    let place: Place<LedgerStore>;
    let machine: TestMachine;
    beforeEach(() => {
      place = make();
      machine = new TestMachine();
    });
    afterEach(() => place.remove());
    const ids = allIds;
    /** Ends a process, and the time until others know that. */
    const die = (process: { die(): void }): void => {
      process.die();
      if (isBlind) machine.advance(30_001);
    };

    const entry = (activityId: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
      activityId,
      activityType: 't',
      args: '{"json":[]}',
      options: '{"json":{}}',
      attempt: 1,
      runState: 'SCHEDULED',
      scheduledAt: 1,
      version: 1,
      ...more,
    });
    const list = async (store: LedgerStore): Promise<LedgerEntry[]> => [...(await store.list())];

    test('has the entry, the details and the owner of each activity', async () => {
      const store = place.open(machine.process());
      for (const id of ids) {
        const generation = await claimed(store, id, 'process 1');
        await store.open(entry(id), generation);
        await store.set(id, JSON.stringify(id), generation);
      }
      const entries = await list(store);
      expect(entries.map(({ activityId }) => activityId).sort()).toEqual([...ids].sort());
      expect(entries.find(({ activityId }) => activityId === '\0')).toEqual({
        ...entry('\0'),
        details: JSON.stringify('\0'),
        heldBy: 'process 1',
        heldUntil: machine.date + 30_000,
      });
      for (const id of ids) expect(await store.get(id)).toBe(JSON.stringify(id));
    });

    test('is empty when all is over, and the details go with their entry', async () => {
      const store = place.open(machine.process());
      for (const id of ids) {
        const generation = await claimed(store, id, 'process 1');
        await store.open(entry(id), generation);
        await store.set(id, 'text', generation);
        await Promise.all([store.delete(id, generation), store.close(id, generation)]);
        expect(await store.get(id)).toBeUndefined();
      }
      expect(await list(store)).toEqual([]);
    });

    test('keeps details when only the entry is closed, and the entry when only the claim ends', async () => {
      const store = place.open(machine.process());
      const generation = await claimed(store, 'x', 'process 1');
      await store.open(entry('x'), generation);
      await store.set('x', 'text', generation);
      await store.release!('x', generation);
      expect(await list(store)).toEqual([{ ...entry('x'), details: 'text' }]);
      const next = await claimed(store, 'x', 'process 2');
      expect(next).toBeGreaterThan(generation);
      await store.close('x', next);
      expect(await list(store)).toEqual([]);
      expect(await store.get('x')).toBe('text');
    });

    test.skipIf(isUnordered)(
      'takes overlapping entries in the order in which they come',
      async () => {
        const store = place.open(machine.process());
        expect(store.isOrdered).toBe(true);
        const generation = await claimed(store, 'x', 'process 1');
        const states = ['SCHEDULED', 'PAUSED', 'STARTED', 'PAUSE_REQUESTED', 'STARTED'] as const;
        for (let last = 1; last <= states.length; last++) {
          const all = states
            .slice(0, last)
            .map((runState, index) =>
              store.open(entry('x', { runState, attempt: index }), generation),
            );
          await Promise.all(all.map((one) => Promise.resolve(one)));
          expect(await list(store)).toMatchObject([
            { runState: states[last - 1], attempt: last - 1 },
          ]);
        }
      },
    );

    test('gives an activity to one of two owners who want it at once', async () => {
      const stores = [place.open(machine.process()), place.open(machine.process())];
      const many = Array.from({ length: 40 }, (_, i) => `a${i}`);
      const claims = await Promise.all(
        many.flatMap((id) =>
          stores.map((store, index) =>
            Promise.resolve(store.claim!(id, `process ${index + 1}`, 30_000)),
          ),
        ),
      );
      for (let i = 0; i < many.length; i++) {
        const held = claims.slice(2 * i, 2 * i + 2).filter((claim) => 'heldBy' in claim);
        expect(held).toHaveLength(1);
        expect(held[0]).toMatchObject({ until: machine.date + 30_000 });
      }
    });

    test('gives what a dead owner had to the next one at once, and refuses all writes of the dead', async () => {
      const [one, two] = [machine.process(), machine.process()];
      const [first, second] = [place.open(one), place.open(two)];
      const old = await claimed(first, 'x', one.newOwner());
      await first.open(entry('x', { attempt: 4 }), old);
      await first.set('x', 'before', old);
      expect(await second.claim!('x', two.newOwner(), 30_000)).toHaveProperty('heldBy');
      die(one);
      const claim = (await second.claim!('x', two.newOwner(), 30_000)) as Claim;
      expect(claim.entry).toMatchObject({ attempt: 4 });
      await second.set('x', 'after', claim.generation);
      const lost = expect.any(LeaseLostError) as unknown;
      await expect(first.set('x', 'late', old)).rejects.toEqual(lost);
      await expect(first.delete('x', old)).rejects.toEqual(lost);
      await expect(first.open(entry('x'), old)).rejects.toEqual(lost);
      await expect(first.close('x', old)).rejects.toEqual(lost);
      await first.release!('x', old);
      expect(await list(second)).toMatchObject([{ attempt: 4, details: 'after' }]);
      expect((await list(second))[0]?.heldBy).toMatch(/^process 2/);
      await second.close('x', claim.generation);
      await expect(first.set('x', 'very late', old)).rejects.toEqual(lost);
      expect(await second.get('x')).toBe('after');
    });

    test('lets somebody remove an entry by hand, which its owner hears', async () => {
      const store = place.open(machine.process());
      const generation = await claimed(store, 'x', 'process 1');
      await store.open(entry('x'), generation);
      const hand = place.open(machine.process());
      await hand.close('x');
      expect(await list(store)).toEqual([]);
    });

    test('says when the entry of an activity has been written', async () => {
      const store = place.open(machine.process()) as DurableStore;
      const runtime = new ActivityRuntime({ store, logger: false });
      const handle = runtime.start(() => {}, {
        activityId: 'x',
        activityType: 't',
        startDelay: '1h',
      });
      await store.entered(handle.activityId);
      expect((await list(store)).map(({ activityId }) => activityId)).toEqual(['x']);
      await runtime.shutdown();
      expect(await list(store)).toHaveLength(1);
    });

    test('brings back what a dead process has left, and what it was doing', async () => {
      const [one, two] = [machine.process(), machine.process()];
      const first = new ActivityRuntime({ store: place.open(one), logger: false });
      const work = async (ctx: ActivityContext<number>, until: number): Promise<number> => {
        for (let n = ctx.heartbeatDetails ?? 0; n < until; n++) {
          ctx.heartbeat(n + 1);
          if (n === 1 && ctx.info.attempt === 1) throw new Error('no');
          if (n === 2 && !isSecond) await new Promise(() => {});
        }
        return until;
      };
      let isSecond = false;
      const options = { heartbeatThrottleInterval: 0, retryPolicy: { initialInterval: 1 } };
      const handle = first.start(work, { activityId: 'x', args: [5], ...options });
      first.start(work, { activityId: 'paused', args: [5], startDelay: '1h' }).pause();
      for await (const { details } of handle.heartbeats()) if (details === 3) break;
      const store = place.open(two);
      while (!(await list(store)).some(({ details }) => details === '{"json":3}')) {
        await new Promise(setImmediate);
      }
      const second = new ActivityRuntime({ store });
      const refused = second.run(work, { activityId: 'x', args: [5] });
      await expect(refused).rejects.toBeInstanceOf(ActivityAlreadyStartedError);
      die(one);
      isSecond = true;
      const { recovered, held, unknown } = await second.recover({ work });
      expect([held, unknown]).toEqual([[], []]);
      const found = Object.fromEntries(recovered.map((one) => [one.activityId, one]));
      expect(found['paused']?.describe().status).toBe('PAUSED');
      expect(found['x']?.describe().attempt).toBe(2);
      expect(found['x']?.describe().heartbeatDetails).toBeGreaterThanOrEqual(3);
      expect(await found['x']?.result()).toBe(5);
      found['paused']?.terminate();
      await found['paused']?.result().catch(() => {});
      expect(await list(store)).toEqual([]);
      await second.shutdown();
    });
  });
}
