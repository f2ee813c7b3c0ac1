/** `store.entered()`: when it is safe to tell others that an activity is accepted. */
import { describe, expect, test } from 'vitest';
import type { DurableStore, LedgerStore } from '../../../src/durable.js';
import { ActivityAlreadyStartedError, HeartbeatStoreError } from '../../../src/index.js';
import { Harness, never } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die } from '../../support/processes.js';

interface Site {
  readonly disk: MemoryDisk;
  readonly store: DurableStore;
  readonly h: Harness;
  /** Another runtime on the same store. */
  readonly another: () => Harness;
}

function site(change: (store: LedgerStore) => object = () => ({}), disk = new MemoryDisk()): Site {
  const store = disk.store() as DurableStore;
  Object.assign(store, change({ ...store }));
  const h = new Harness({ store });
  disk.now = () => h.clock.now();
  return { disk, store, h, another: () => new Harness({ store }) };
}

/** A method of the store that waits until it is let through. */
function slow(name: 'claim' | 'open'): {
  change: (store: LedgerStore) => object;
  pass: () => void;
} {
  let pass = (): void => {};
  const passed = new Promise<void>((resolve) => (pass = resolve));
  const change = (store: LedgerStore): object => ({
    [name]: async (...given: never[]) => {
      await passed;
      return (store[name] as (...all: never[]) => unknown)(...given);
    },
  });
  return { change, pass: () => pass() };
}

const quiet = (h: Harness, activityId: string): ReturnType<Harness['start']> => {
  const handle = h.start(never, { activityId, activityType: 'never' });
  handle.result().catch(() => {});
  return handle;
};

describe('store.entered', () => {
  test('resolves when the entry has been written, and then at once', async () => {
    const { change, pass } = slow('open');
    const { disk, store, h } = site(change);
    quiet(h, 'x');
    const entered = h.watch(store.entered('x'));
    await h.turn();
    expect([entered.outcome.state, disk.rows.get('x')?.entry]).toEqual(['pending', undefined]);
    pass();
    await h.turn();
    expect([entered.outcome.state, disk.rows.get('x')?.entry?.activityId]).toEqual([
      'resolved',
      'x',
    ]);
    await store.entered('x');
  });

  test('resolves for an activity that was recovered, and for one that a call joins', async () => {
    const disk = new MemoryDisk();
    const earlier = site(undefined, disk);
    quiet(earlier.h, 'x');
    await earlier.h.turn();
    die(disk);
    const { store, h } = site(undefined, disk);
    await h.engine.recover({ never });
    await store.entered('x');
    const joining = { activityId: 'x', idConflictPolicy: 'USE_EXISTING' } as const;
    void h.start(never, { ...joining, activityType: 'never' });
    await store.entered('x');
  });

  test('rejects with the error of a store that cannot be used', async () => {
    const { store, h } = site(() => ({
      claim: () => {
        throw new Error('no folder');
      },
    }));
    const result = h.watch(h.start(never, { activityId: 'x' }).result());
    const entered = h.watch(store.entered('x'));
    await h.turn();
    const { error } = entered.outcome as { error: HeartbeatStoreError };
    expect(error).toBeInstanceOf(HeartbeatStoreError);
    expect(error.message).toMatch(/no folder/);
    expect(result.outcome).toMatchObject({ error: { cause: error } });
    await expect(store.entered('x')).rejects.toBe(error);
  });

  test('rejects for a runtime whose id another runtime on the same store runs', async () => {
    const { store, h, another } = site();
    quiet(h, 'x');
    await store.entered('x');
    quiet(another(), 'x');
    await expect(store.entered('x')).rejects.toBeInstanceOf(ActivityAlreadyStartedError);
    await h.turn();
    await store.entered('x'); // the one that has it
  });

  test('resolves for an activity that has ended meanwhile', async () => {
    const { store, h } = site(() => ({ claim: () => new Promise(() => {}) }));
    const handle = quiet(h, 'x');
    const entered = h.watch(store.entered('x'));
    await h.turn();
    expect(entered.outcome.state).toBe('pending');
    handle.cancel();
    await h.turn();
    expect(entered.outcome.state).toBe('resolved');
  });

  test('remembers the last thousand that have left', async () => {
    const { store, h } = site();
    for (let i = 0; i <= 1_000; i++)
      await h.run(() => i, { activityId: `${i}`, activityType: 'i' });
    await store.entered('1');
    expect(() => void store.entered('0').catch(() => {})).not.toThrow();
    await expect(store.entered('0')).rejects.toThrow(TypeError);
  });

  test('waits for the shutdown of a runtime whose store is slow, which writes the entry', async () => {
    const { change, pass } = slow('claim');
    const { disk, store, h } = site(change);
    quiet(h, 'x');
    const entered = h.watch(store.entered('x'));
    const over = h.engine.shutdown();
    await h.turn();
    expect(entered.outcome.state).toBe('pending');
    pass();
    await over;
    await h.turn();
    expect(entered.outcome.state).toBe('resolved');
    expect(disk.rows.get('x')?.entry).toMatchObject({ runState: 'SCHEDULED' });
  });

  test('rejects when a shutdown comes before the entry, and the entry cannot be written', async () => {
    const { change, pass } = slow('claim');
    const { disk, store, h } = site((real) => ({
      ...change(real),
      open: () => {
        throw new Error('disk full');
      },
    }));
    quiet(h, 'x');
    const entered = h.watch(store.entered('x'));
    const over = h.engine.shutdown();
    pass();
    await over;
    await h.turn();
    expect(entered.outcome).toMatchObject({
      state: 'rejected',
      error: { message: expect.stringMatching(/has not entered the ledger/) as unknown },
    });
    expect(disk.rows.get('x')?.entry).toBeUndefined();
  });

  test.each([
    ['x', 'store.entered: no runtime with this store has started an activity "x"'],
    [5, 'store.entered: received 5; expected the activityId of an activity'],
  ])('refuses %o', async (id, message) => {
    const { store, h } = site();
    void h.run(never); // it has an id that no caller gave
    await expect(store.entered(id as string)).rejects.toThrow(message);
    await expect(store.entered(id as string)).rejects.toBeInstanceOf(TypeError);
  });
});
