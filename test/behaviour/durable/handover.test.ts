/** Activities that end before they begin, follow each other, or leave functions behind. */
import { describe, expect, test } from 'vitest';
import { ActivityAlreadyStartedError, type ActivityContext } from '../../../src/index.js';
import { terminate } from '../../../src/runtime/activity/stopping.js';
import type { LedgerStore } from '../../../src/durable.js';
import { never } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die, processOn } from '../../support/processes.js';

const immediate = { cancellationDelivery: 'immediate' } as const;
const report = (ctx: ActivityContext<number>): Promise<never> => {
  ctx.heartbeat(5);
  return ctx.cancelled;
};

/** A promise for tests that decide when something is over. */
function gate(): { readonly passed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

/** What an earlier process has left: an entry of `type`, with details 5. */
async function left(disk: MemoryDisk, type = 'work'): Promise<void> {
  const earlier = processOn(disk);
  void earlier.run(report, { activityId: 'x', activityType: type });
  await earlier.advance(100);
  die(disk);
  disk.log.length = 0;
}

describe('an activity that ends before it has begun', () => {
  test.each(['cancel', 'terminate'] as const)(
    'answers its caller although the store hangs: %s',
    async (how) => {
      const h = processOn(new MemoryDisk(), {}, () => ({ claim: () => new Promise(() => {}) }));
      const handle = h.start(never, { activityId: 'x' });
      const result = h.watch(handle.result());
      await h.turn();
      handle[how]();
      await h.turn();
      expect(result.outcome.state).toBe('rejected');
    },
  );

  test.each([
    ['cancel', '{"json":5}'],
    ['terminate', undefined],
    ['complete', undefined],
    ['shutdown', '{"json":5}'],
  ] as const)('decides about the entry of an earlier process: %s', async (how, snapshot) => {
    const disk = new MemoryDisk();
    await left(disk);
    const { passed, open } = gate();
    const h = processOn(disk, {}, (store) => ({
      get: async (id: string) => {
        await passed;
        return store.get(id);
      },
    }));
    const handle = h.start(() => 'never', { activityId: 'x' });
    handle.result().catch(() => {});
    await h.turn();
    if (how === 'complete') handle.complete('done');
    else if (how === 'shutdown') void h.engine.shutdown();
    else handle[how]();
    open();
    await h.turn();
    const row = disk.rows.get('x');
    expect(row?.snapshot).toBe(snapshot);
    expect(row?.owner).toBeUndefined();
    expect(row?.entry?.activityType).toBe(how === 'shutdown' ? 'work' : undefined);
    const next = await processOn(disk).engine.recover({ work: never });
    expect(next.recovered).toHaveLength(how === 'shutdown' ? 1 : 0);
  });

  test('leaves the entry of an earlier process if its details cannot be read', async () => {
    const disk = new MemoryDisk();
    await left(disk);
    disk.rows.get('x')!.snapshot = 'damaged';
    const h = processOn(disk, {}, (store) => ({
      get: (id: string) => {
        if (store.get(id) === 'damaged') throw new Error('damaged');
      },
    }));
    const run = h.watch(h.run(never, { activityId: 'x' }));
    await h.turn();
    expect(run.outcome).toMatchObject({ error: { cause: { message: /damaged/ } } });
    expect(disk.log).toEqual(['release x']);
    expect(disk.rows.get('x')).toMatchObject({ entry: { activityType: 'work' }, owner: undefined });
  });

  test.each(['recovered', 'started'] as const)(
    'stays in the ledger if its details cannot be decoded: %s',
    async (how) => {
      const disk = new MemoryDisk();
      await left(disk);
      const damaged = '{"json":';
      disk.rows.get('x')!.snapshot = damaged;
      const h = processOn(disk);
      const results =
        how === 'started'
          ? [h.run(never, { activityId: 'x', activityType: 'work' })]
          : (await h.engine.recover({ work: never })).recovered.map(({ result }) => result);
      const message = /cannot be read: .* were not changed/;
      await expect(results[0]).rejects.toMatchObject({ cause: { message } });
      await h.turn();
      expect(disk.rows.get('x')).toMatchObject({
        entry: { activityType: 'work', attempt: 1 },
        snapshot: damaged,
        owner: undefined,
      });
      disk.rows.get('x')!.snapshot = '{"json":5}';
      const seen: unknown[] = [];
      const work = (ctx: ActivityContext): unknown => seen.push(ctx.heartbeatDetails);
      await h.engine.recover({ work });
      await h.turn();
      expect(seen).toEqual([5]);
      expect(disk.rows.size).toBe(0);
    },
  );

  test('is left for the next process by a shutdown, paused if it was paused', async () => {
    const disk = new MemoryDisk();
    const { passed, open } = gate();
    const h = processOn(disk, {}, (store) => ({
      claim: async (...claimed: Parameters<NonNullable<LedgerStore['claim']>>) => {
        await passed;
        return store.claim?.(...claimed);
      },
    }));
    const handle = h.start(never, { activityId: 'x', activityType: 'never' });
    handle.result().catch(() => {});
    handle.pause();
    const over = h.engine.shutdown();
    open();
    await over;
    expect(disk.rows.get('x')).toMatchObject({ entry: { runState: 'PAUSED' }, owner: undefined });
  });

  test('removes what it has forgotten: a reset with resetHeartbeat before the claim', async () => {
    const disk = new MemoryDisk();
    await left(disk);
    const { passed, open } = gate();
    const h = processOn(disk, {}, (store) => ({
      claim: async (...claimed: Parameters<NonNullable<LedgerStore['claim']>>) => {
        await passed;
        return store.claim?.(...claimed);
      },
    }));
    let seen: unknown = 'nothing';
    const handle = h.start(
      (ctx) => {
        seen = ctx.heartbeatDetails;
        return ctx.cancelled;
      },
      { activityId: 'x' },
    );
    handle.result().catch(() => {});
    await h.turn();
    handle.reset({ resetHeartbeat: true });
    open();
    await h.turn();
    expect(seen).toBeUndefined();
    expect(disk.rows.get('x')?.snapshot).toBeUndefined();
  });

  test('removes its details too when it was recovered and is terminated at once', async () => {
    const disk = new MemoryDisk();
    await left(disk);
    const h = processOn(disk, {}, (store) => ({
      get: (id: string) => Promise.resolve().then(() => store.get(id)),
    }));
    const { recovered } = await h.engine.recover({ work: never });
    recovered[0]!.result.catch(() => {});
    terminate(recovered[0]!, undefined);
    await h.turn();
    expect(disk.rows.size).toBe(0);
  });
});

test('three activities with one id follow each other, although the first one leaves slowly', async () => {
  const disk = new MemoryDisk();
  const { passed, open } = gate();
  let sets = 0;
  const h = processOn(disk, {}, (store) => ({
    set: async (...given: Parameters<LedgerStore['set']>) => {
      if (++sets === 1) await passed;
      return store.set(...given);
    },
  }));
  const first = h.watch(
    h.run(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2); // held back, and so the last write
        throw new Error('no');
      },
      { activityId: 'x', retryPolicy: { maximumAttempts: 1 } },
    ),
  );
  await h.turn();
  const second = h.start(never, { activityId: 'x' });
  second.result().catch(() => {});
  await h.turn();
  second.cancel();
  let seen: unknown;
  const third = h.start(
    (ctx) => {
      seen = ctx.heartbeatDetails;
      return ctx.cancelled;
    },
    { activityId: 'x' },
  );
  third.result().catch(() => {});
  await h.turn();
  expect([seen, first.outcome.state]).toEqual([undefined, 'pending']);
  open();
  await h.turn();
  expect([seen, first.outcome.state]).toEqual([2, 'rejected']);
  expect(disk.rows.get('x')).toMatchObject({ entry: { runState: 'STARTED' }, generation: 2 });
});

describe('a shutdown that leaves a running function behind', () => {
  test('keeps its claim for as long as it runs', async () => {
    const disk = new MemoryDisk();
    const [first, second] = [processOn(disk), processOn(disk)];
    disk.now = () => first.clock.now();
    first
      .run(() => first.work(100_000), { activityId: 'x', activityType: 'never' })
      .catch(() => {});
    await first.turn();
    const over = first.engine.shutdown({ abandonAfter: '1s' });
    await first.advance(99_000);
    await over;
    expect((await second.engine.recover({ never })).held).toHaveLength(1);
    await expect(second.run(never, { activityId: 'x' })).rejects.toThrow(
      ActivityAlreadyStartedError,
    );
    await first.advance(1_000);
    expect((await second.engine.recover({ never })).recovered).toHaveLength(1);
    expect(first.clock.pending).toBe(0);
  });

  test('logs that the claim could not be released', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk, {}, () => ({
      release: () => {
        throw new Error('disk');
      },
    }));
    h.run(() => h.work(5_000), { activityId: 'x' }).catch(() => {});
    await h.turn();
    const over = h.engine.shutdown({ abandonAfter: '1s' });
    await h.advance(6_000);
    await over;
    expect(h.logs.at(-1)).toMatchObject({
      level: 'error',
      message: 'The store failed; other processes must wait for the end of the lease',
      attributes: { activityId: 'x', error: { message: 'disk' } },
    });
  });

  test('brings an activity that was asked to pause back paused', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const handle = h.start((ctx) => ctx.cancelled, { activityId: 'x' });
    handle.result().catch(() => {});
    await h.turn();
    handle.pause();
    await h.engine.shutdown();
    expect(disk.rows.get('x')?.entry).toMatchObject({ runState: 'PAUSED', attempt: 1 });
  });
});

describe('an entry follows its activity', () => {
  const ordered = (): object => ({ isOrdered: true }); // each change is written as it is made
  const fail = (): never => {
    throw new Error('no');
  };

  test('when the rest of a backoff changes', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk, {}, ordered);
    const handle = h.start(fail, {
      activityId: 'x',
      retryPolicy: { initialInterval: '1h', maximumInterval: '1h' },
    });
    handle.result().catch(() => {});
    await h.advance(1_000);
    handle.updateOptions({ retryPolicy: { initialInterval: '10s' } });
    await h.turn();
    expect(disk.rows.get('x')?.entry?.dueAt).toBe(h.clock.wallNow() + 9_000);
  });

  test('when hooks have decided on a delay', async () => {
    const disk = new MemoryDisk();
    const { passed, open } = gate();
    const onFailedAttempt = (): Promise<void> => passed;
    const h = processOn(disk, { defaults: { retryPolicy: { onFailedAttempt } } }, ordered);
    h.run(fail, { activityId: 'x', retryPolicy: { initialInterval: '10s' } }).catch(() => {});
    await h.turn();
    expect(disk.rows.get('x')?.entry).toMatchObject({ attempt: 2, runState: 'SCHEDULED' });
    open();
    await h.turn();
    expect(disk.rows.get('x')?.entry).toMatchObject({
      attempt: 2,
      dueAt: h.clock.wallNow() + 10_000,
    });
  });

  test('when a reset restores its options', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk, {}, ordered);
    const handle = h.start((ctx) => ctx.cancelled, { activityId: 'x', ...immediate, priority: 2 });
    handle.result().catch(() => {});
    await h.turn();
    handle.updateOptions({ priority: 5 });
    await h.turn();
    expect(disk.rows.get('x')?.entry?.options).toContain('"priority":5');
    h.random = 1;
    handle.reset({ restoreOriginalOptions: true, jitter: '10s' });
    await h.turn();
    expect(disk.rows.get('x')?.entry).toMatchObject({ runState: 'SCHEDULED' });
    expect(disk.rows.get('x')?.entry?.options).toContain('"priority":2');
  });
});
