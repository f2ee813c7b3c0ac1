import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeartbeatStoreError, type HeartbeatStore } from '../../../../src/index.js';
import { StoreWriter, type BusyWriters } from '../../../../src/heartbeat/store/store.js';
import { Harness, never } from '../../../support/harness.js';
import { turn } from '../../../support/virtual-clock.js';

/** A store whose calls the test settles. */
class SlowStore implements HeartbeatStore {
  readonly calls: { readonly what: string; settle: (error?: Error) => void }[] = [];
  open = 0;
  mostOpen = 0;

  get(): undefined {
    return undefined;
  }

  set(_: string, snapshot: string): Promise<void> {
    return this.#call(snapshot);
  }

  delete(): Promise<void> {
    return this.#call('delete');
  }

  #call(what: string): Promise<void> {
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.open--;
        if (error === undefined) resolve();
        else reject(error);
      };
      this.calls.push({ what, settle });
    });
  }

  get log(): string[] {
    return this.calls.map(({ what }) => what);
  }
}

function writer(store: HeartbeatStore): { writer: StoreWriter; errors: unknown[] } {
  const errors: unknown[] = [];
  return { writer: new StoreWriter(store, 'id', new Map(), (error) => errors.push(error)), errors };
}

describe('a writer is listed as busy', () => {
  const busyWith = (store: HeartbeatStore): { writes: StoreWriter; busy: BusyWriters } => {
    const busy: BusyWriters = new Map();
    return { writes: new StoreWriter(store, 'id', busy, () => {}), busy };
  };

  test('until all its writes are over', async () => {
    const ends: (() => void)[] = [];
    const set = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const { writes, busy } = busyWith({ get: () => undefined, set, delete: set });
    writes.write('1');
    writes.write('2');
    expect([...busy]).toEqual([['id', writes]]);
    ends[0]?.();
    await turn();
    expect(ends).toHaveLength(2);
    expect([...busy]).toEqual([['id', writes]]);
    const flushed = writes.flush();
    ends[1]?.();
    await flushed;
    expect(busy.size).toBe(0);
    expect(writes.flush()).toBeUndefined();
  });

  test.each([
    ['the last one fails', () => Promise.reject(new Error('disk'))],
    [
      'the one that follows throws at once',
      () => {
        throw new Error('disk');
      },
    ],
    ['the one that follows is made at once', () => undefined],
  ])('but no longer when %s', async (_, second) => {
    let calls = 0;
    const set = (): unknown => (calls++ === 0 ? Promise.resolve() : second());
    const { writes, busy } = busyWith({ get: () => undefined, set, delete: set });
    writes.write('1');
    writes.write('2');
    await turn();
    expect(calls).toBe(2);
    expect(busy.size).toBe(0);
  });

  test('and repeats only its own writes', async () => {
    const store = new SlowStore();
    const { writes } = busyWith(store);
    writes.write('1');
    const flushed = writes.flush();
    store.calls[0]?.settle();
    await flushed;
    writes.write('2'); // of a later run, whose failure waits for its next report
    store.calls[1]?.settle(new Error('disk'));
    await turn();
    expect(store.log).toEqual(['1', '2']);
  });

  test('but never with a synchronous store', () => {
    const { writes, busy } = busyWith(new Map<string, string>());
    writes.write('1');
    expect(busy.size).toBe(0);
  });
});

describe('the writes of one activity', () => {
  test('reach a synchronous store at once', () => {
    const store = new Map<string, string>();
    const { writer: writes } = writer(store);
    writes.write('1');
    expect(store.get('id')).toBe('1');
    writes.write('2');
    expect(store.get('id')).toBe('2');
    writes.delete();
    expect(store.has('id')).toBe(false);
    expect(writes.flush()).toBeUndefined();
  });

  test('never overlap, and only the newest waiting one is made', async () => {
    const store = new SlowStore();
    const { writer: writes } = writer(store);
    for (const text of ['1', '2', '3']) writes.write(text);
    expect(store.log).toEqual(['1']);
    store.calls[0]!.settle();
    await turn();
    expect(store.log).toEqual(['1', '3']);
    writes.write('4');
    writes.delete();
    store.calls[1]!.settle();
    await turn();
    expect(store.log).toEqual(['1', '3', 'delete']);
    expect(store.mostOpen).toBe(1);
  });

  test('are reported if they fail, and repeated with the next one or by flush', async () => {
    const store = new SlowStore();
    const { writer: writes, errors } = writer(store);
    writes.write('1');
    store.calls[0]!.settle(new Error('disk'));
    await turn();
    expect(errors).toEqual([new Error('disk')]);
    expect(store.log).toEqual(['1']);
    void writes.flush();
    expect(store.log).toEqual(['1', '1']);
    store.calls[1]!.settle(new Error('disk'));
    await turn();
    writes.write('2');
    expect(store.log).toEqual(['1', '1', '2']);
    store.calls[2]!.settle();
    await turn();
    expect(errors).toHaveLength(2);
    expect(writes.flush()).toBeUndefined();
  });

  test('that fail give way to a newer one that waits', async () => {
    const store = new SlowStore();
    const { writer: writes, errors } = writer(store);
    writes.write('1');
    writes.write('2');
    store.calls[0]!.settle(new Error('disk'));
    await turn();
    expect(store.log).toEqual(['1', '2']);
    store.calls[1]!.settle();
    await turn();
    expect(store.log).toEqual(['1', '2']);
    expect(errors).toHaveLength(1);
  });

  test('that throw are treated like those that reject', () => {
    const kept = new Map<string, string>();
    let broken = true;
    const { writer: writes, errors } = writer({
      get: () => undefined,
      set: (id, text) => {
        if (broken) throw new Error('disk');
        kept.set(id, text);
      },
      delete: () => undefined,
    });
    writes.write('1');
    expect(errors).toEqual([new Error('disk')]);
    broken = false;
    expect(writes.flush()).toBeUndefined();
    expect(kept.get('id')).toBe('1');
  });

  test('keep a failed deletion too', async () => {
    const store = new SlowStore();
    const { writer: writes } = writer(store);
    writes.delete();
    store.calls[0]!.settle(new Error('disk'));
    await turn();
    void writes.flush();
    expect(store.log).toEqual(['delete', 'delete']);
  });

  test('do not lose a waiting deletion when the write before it fails', async () => {
    const store = new SlowStore();
    const { writer: writes } = writer(store);
    writes.write('1');
    writes.delete();
    store.calls[0]!.settle(new Error('disk'));
    await turn();
    expect(store.log).toEqual(['1', 'delete']);
  });

  test('end before flush resolves', async () => {
    const store = new SlowStore();
    const { writer: writes } = writer(store);
    writes.write('1');
    writes.write('2');
    let flushed = false;
    void writes.flush()!.then(() => (flushed = true));
    store.calls[0]!.settle();
    await turn();
    expect(flushed).toBe(false);
    store.calls[1]!.settle();
    await turn();
    expect(flushed).toBe(true);
  });

  test('come one at a time, the newest last, and none is lost, however they end', async () => {
    const step = fc.oneof(
      fc.constant('write' as const),
      fc.constant('delete' as const),
      fc.constant('ok' as const),
      fc.constant('fail' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const store = new SlowStore();
        const { writer: writes, errors } = writer(store);
        let n = 0;
        let newest: string | undefined;
        let failed = 0;
        for (const each of steps) {
          if (each === 'write') writes.write((newest = String(++n)));
          else if (each === 'delete') writes.delete();
          if (each === 'delete') newest = 'delete';
          if ((each === 'ok' || each === 'fail') && store.open > 0) {
            store.calls.at(-1)!.settle(each === 'ok' ? undefined : new Error('disk'));
            if (each === 'fail') failed++;
            await turn();
          }
          expect(store.open).toBeLessThanOrEqual(1);
        }
        for (let guard = 0; writes.flush() !== undefined && guard < 5; guard++) {
          store.calls.at(-1)!.settle();
          await turn();
        }
        expect(store.log.at(-1)).toBe(newest);
        expect(errors).toHaveLength(failed);
        const numbers = store.log.filter((what) => what !== 'delete').map(Number);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

/** A `Map` behind promises. */
class AsyncMap implements HeartbeatStore {
  readonly map = new Map<string, string>();
  async get(id: string): Promise<string | undefined> {
    return this.map.get(id);
  }
  async set(id: string, snapshot: string): Promise<void> {
    await turn();
    this.map.set(id, snapshot);
  }
  async delete(id: string): Promise<boolean> {
    await turn();
    return this.map.delete(id);
  }
}

const stores: readonly (readonly [
  string,
  () => { store: HeartbeatStore; map: Map<string, string> },
])[] = [
  [
    'a Map',
    () => {
      const map = new Map<string, string>();
      return { store: map, map };
    },
  ],
  [
    'an async store',
    () => {
      const store = new AsyncMap();
      return { store, map: store.map };
    },
  ],
];

const ONCE = { maximumAttempts: 1 };

describe.each(stores)('%s given by the user', (_, make) => {
  test('gets each report and is empty after success', async () => {
    const { store, map } = make();
    const harness = new Harness({ store });
    let whileRunning: string | undefined;
    const ran = harness.run(
      async (ctx) => {
        ctx.heartbeat({ line: 1 });
        await turn();
        await turn();
        whileRunning = map.get('import');
      },
      { activityId: 'import' },
    );
    await ran;
    expect(whileRunning).toBe('{"json":{"line":1}}');
    expect(map.size).toBe(0);
  });

  test('keeps the newest details of a failed activity, and the same id resumes from them', async () => {
    const { store, map } = make();
    const first = new Harness({ store });
    await expect(
      first.run(
        (ctx) => {
          ctx.heartbeat({ line: 1 });
          ctx.heartbeat({ line: 2 });
          throw new Error('crash');
        },
        { activityId: 'import', retryPolicy: ONCE },
      ),
    ).rejects.toMatchObject({ cause: { message: 'crash' } });
    expect(map.get('import'), 'written before the caller is told').toBe('{"json":{"line":2}}');

    const second = new Harness({ store });
    const resumed = await second.run(
      (ctx) => ({ details: ctx.heartbeatDetails, has: ctx.hasHeartbeatDetails }),
      { activityId: 'import' },
    );
    expect(resumed).toEqual({ details: { line: 2 }, has: true });
    expect(map.size, 'emptied on success, although this run reported nothing').toBe(0);
  });

  test.each([
    ['a timeout', { startToCloseTimeout: 100, retryPolicy: ONCE }],
    ['a schedule timeout', { scheduleToCloseTimeout: 100 }],
  ])('keeps the details after %s', async (_name, options) => {
    const { store, map } = make();
    const harness = new Harness({ store });
    const ran = harness.watch(
      harness.run(
        (ctx) => {
          ctx.heartbeat(1);
          ctx.heartbeat(2);
          return never();
        },
        { activityId: 'import', ...options },
      ),
    );
    await harness.advance(200);
    await harness.turn();
    expect(ran.outcome.state).toBe('rejected');
    expect(map.get('import')).toBe('{"json":2}');
  });

  test('keeps the details after a cancellation', async () => {
    const { store, map } = make();
    const harness = new Harness({ store });
    const controller = new AbortController();
    const ran = harness.watch(
      harness.run(
        async (ctx) => {
          ctx.heartbeat(1);
          ctx.heartbeat(2);
          await ctx.cancelled;
        },
        { activityId: 'import', signal: controller.signal },
      ),
    );
    await harness.turn();
    controller.abort();
    await harness.turn();
    await harness.turn();
    expect(ran.outcome.state).toBe('rejected');
    expect(map.get('import')).toBe('{"json":2}');
  });

  test('resumes null details as null', async () => {
    const { store, map } = make();
    map.set('import', '{"json":null}');
    const harness = new Harness({ store });
    const seen = await harness.run((ctx) => [ctx.hasHeartbeatDetails, ctx.heartbeatDetails], {
      activityId: 'import',
    });
    expect(seen).toEqual([true, null]);
  });

  test.each(['', 'nonsense', '5', '{}', '{"json":null,"meta":{"values":["undefined"]}}'])(
    'with text that is not details (%s) ends the activity and keeps the text',
    async (text) => {
      const { store, map } = make();
      map.set('import', text);
      const harness = new Harness({ store });
      let called = false;
      const error: unknown = await harness
        .run(() => (called = true), { activityId: 'import' })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        name: 'ActivityFailure',
        attempt: 0,
        retryState: 'NON_RETRYABLE_FAILURE',
        cause: { name: 'HeartbeatStoreError' },
      });
      expect((error as Error & { cause: Error }).cause).toBeInstanceOf(HeartbeatStoreError);
      expect((error as Error & { cause: Error }).cause.message).toContain('"import"');
      expect(called).toBe(false);
      expect(map.get('import')).toBe(text);
      expect(harness.names()).toEqual(['scheduled', 'failed']);
    },
  );

  test('is not read for an activity without its own id', async () => {
    const { store } = make();
    const asked: string[] = [];
    const spied: HeartbeatStore = {
      get: (id) => {
        asked.push(id);
        return store.get(id);
      },
      set: (id, text) => store.set(id, text),
      delete: (id) => store.delete(id),
    };
    await new Harness({ store: spied }).run(() => 1);
    expect(asked).toEqual([]);
    await new Harness({ store: spied }).run(
      (ctx) => {
        if (ctx.info.attempt === 1) ctx.heartbeat(1);
      },
      { activityId: 'import' },
    );
    expect(asked).toEqual(['import']);
  });
});

test('a store may return null for an unknown id, like Keyv', async () => {
  const harness = new Harness({
    store: { get: () => null, set: () => undefined, delete: () => undefined },
  });
  const has = await harness.run((ctx) => ctx.hasHeartbeatDetails, { activityId: 'a' });
  expect(has).toBe(false);
});

test.each([
  ['throws', (): never => thrown()],
  ['rejects', async (): Promise<never> => thrown()],
  ['gives a Buffer', () => Buffer.from('{"json":1}')],
  ['gives an object', () => ({ json: 1 })],
  ['gives false', () => false],
])('a store whose get %s ends the activity with HeartbeatStoreError', async (_, get) => {
  const written: string[] = [];
  const harness = new Harness({
    store: { get, set: (id) => written.push(id), delete: (id) => written.push(id) },
  });
  await expect(harness.run(() => 1, { activityId: 'a' })).rejects.toMatchObject({
    cause: { name: 'HeartbeatStoreError' },
  });
  expect(written).toEqual([]);
});

function thrown(): never {
  throw new Error('disk');
}

test('a store that hangs is ended by scheduleToClose, and its later answer is ignored', async () => {
  let answer!: (text: string) => void;
  let called = false;
  const harness = new Harness({
    store: {
      get: () => new Promise<string>((resolve) => (answer = resolve)),
      set: () => undefined,
      delete: () => undefined,
    },
  });
  const ran = harness.watch(
    harness.run(() => (called = true), { activityId: 'a', scheduleToCloseTimeout: 100 }),
  );
  await harness.advance(104);
  expect(ran.outcome).toMatchObject({
    state: 'rejected',
    error: { cause: { timeoutType: 'SCHEDULE_TO_CLOSE' } },
  });
  answer('{"json":1}');
  await harness.advance(1_000);
  expect(called).toBe(false);
  expect(harness.clock.pending).toBe(0);
});

test('a write that fails is logged, does not affect the activity, and is repeated', async () => {
  const kept = new Map<string, string>();
  let broken = true;
  const harness = new Harness({
    store: {
      get: () => undefined,
      set: async (id, text) => {
        if (broken) throw new Error('disk');
        kept.set(id, text);
      },
      delete: () => undefined,
    },
  });
  const ran = harness.run(
    async (ctx) => {
      ctx.heartbeat(1);
      await turn();
      broken = false;
      ctx.heartbeat(2); // held back by the throttle; the end of the attempt writes it
      throw new Error('stop');
    },
    { activityId: 'a', retryPolicy: ONCE },
  );
  await expect(ran).rejects.toMatchObject({ cause: { message: 'stop' } });
  expect(harness.logs).toContainEqual(
    expect.objectContaining({
      level: 'error',
      attributes: expect.objectContaining({ activityId: 'a', error: new Error('disk') }) as object,
    }),
  );
  expect(kept.get('a')).toBe('{"json":2}');
});

test('a last write that failed is repeated once before the caller is told', async () => {
  const kept = new Map<string, string>();
  let calls = 0;
  const harness = new Harness({
    store: {
      get: () => undefined,
      set: async (id, text) => {
        if (calls++ === 0) throw new Error('disk');
        kept.set(id, text);
      },
      delete: () => undefined,
    },
  });
  const ran = harness.run(
    async (ctx) => {
      ctx.heartbeat(1);
      await turn();
      throw new Error('stop');
    },
    { activityId: 'a', retryPolicy: ONCE },
  );
  await expect(ran).rejects.toThrow();
  expect(kept.get('a')).toBe('{"json":1}');
});

test('success empties the store although the write before failed', async () => {
  const kept = new Map<string, string>();
  let calls = 0;
  const harness = new Harness({
    store: {
      get: () => undefined,
      set: async (id, text) => {
        await turn();
        if (calls++ === 0) throw new Error('disk');
        kept.set(id, text);
      },
      delete: async (id) => kept.delete(id),
    },
  });
  await harness.run((ctx) => ctx.heartbeat(1), { activityId: 'a' });
  expect([...kept]).toEqual([]);
});

test('a store that always fails delays no activity and never overlaps its writes', async () => {
  let open = 0;
  let most = 0;
  const fail = async (): Promise<never> => {
    most = Math.max(most, ++open);
    await turn();
    open--;
    throw new Error('disk');
  };
  const harness = new Harness({ store: { get: () => undefined, set: fail, delete: fail } });
  const result = await harness.run(
    (ctx) => {
      for (let n = 0; n < 10; n++) ctx.heartbeat(n);
      return 'done';
    },
    { activityId: 'a', heartbeatThrottleInterval: 0 },
  );
  expect(result).toBe('done');
  expect(most).toBe(1);
});

test("without a user's store, nothing is kept from one run to the next", async () => {
  const harness = new Harness();
  await expect(
    harness.run(
      (ctx) => {
        ctx.heartbeat(1);
        throw new Error('stop');
      },
      { activityId: 'a', retryPolicy: ONCE },
    ),
  ).rejects.toThrow();
  expect(await harness.run((ctx) => ctx.hasHeartbeatDetails, { activityId: 'a' })).toBe(false);
});
