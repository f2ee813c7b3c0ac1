/** A user's store: what is read, written and deleted, and what its failures cause. */
import { describe, expect, test } from 'vitest';
import { HeartbeatStoreError, type ActivityContext, type HeartbeatStore } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import {
  collectUnhandledRejections,
  failureOf,
  reportsOf,
  settledAt,
  startsOf,
} from '../support/outcomes.js';
import { counting } from '../support/store-suite.js';

const ONCE = { maximumAttempts: 1 };

test('running the same id again resumes where the last run stopped', async () => {
  const store = new Map<string, string>();
  const options = { activityId: 'x', retryPolicy: ONCE };
  for (let run = 1; run <= 2; run++) {
    await expect(new Harness({ store }).run(counting(), options)).rejects.toThrow();
  }
  await expect(new Harness({ store }).run(counting(3), options)).resolves.toBe(3);
});

describe('the stored entry', () => {
  test('is deleted on success', async () => {
    const store = new Map<string, string>();
    await new Harness({ store }).run(counting(1), { activityId: 'x' });
    expect(store.size).toBe(0);
  });

  test.each<[string, (ctx: ActivityContext) => unknown]>([
    [
      'a failure',
      () => {
        throw new Error('no');
      },
    ],
    ['a timeout', never],
  ])('is kept after %s', async (_, end) => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    h.run(
      (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2); // held back until the end
        return end(ctx);
      },
      { activityId: 'x', heartbeatTimeout: '1s', retryPolicy: ONCE },
    ).catch(() => {});
    await h.advance(1_000);
    const again = h.watch(
      h.run((ctx: ActivityContext<number>) => ctx.heartbeatDetails, { activityId: 'x' }),
    );
    await h.turn();
    expect(again.outcome).toMatchObject({ value: 2 });
  });

  test('is deleted by terminate, and details that are held back are no longer reported', async () => {
    const touched: string[] = [];
    const h = new Harness({
      store: {
        get: () => undefined,
        set: () => touched.push('set'),
        delete: () => touched.push('delete'),
      },
    });
    const handle = h.start(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        return never();
      },
      { activityId: 'x' },
    );
    handle.terminate();
    await h.turn();
    expect(touched).toEqual(['set', 'delete']);
    expect(reportsOf(h)).toEqual([[1, 0]]);
  });

  test('is not rewritten by attempts without heartbeats', async () => {
    const entries = new Map<string, string>();
    const options = { activityId: 'x', retryPolicy: { maximumAttempts: 2 } };
    await expect(
      new Harness({ store: entries }).run(counting(), { ...options, retryPolicy: ONCE }),
    ).rejects.toThrow();
    const touched: string[] = [];
    const h = new Harness({
      store: {
        get: (id) => entries.get(id),
        set: () => touched.push('set'),
        delete: () => touched.push('delete'),
      },
    });
    const seen: unknown[] = [];
    const run = h.watch(
      h.run((ctx) => {
        seen.push(ctx.heartbeatDetails);
        throw new Error('no');
      }, options),
    );
    await h.advance(10_000);
    expect(failureOf(run).attempt).toBe(2);
    expect(seen).toEqual([1, 1]);
    expect(touched).toEqual([]);
    expect(reportsOf(h)).toEqual([]);
  });

  test('is kept after a cancellation', async () => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    const controller = new AbortController();
    h.run(
      (ctx) => {
        ctx.heartbeat(1);
        return ctx.cancelled;
      },
      { activityId: 'x', signal: controller.signal },
    ).catch(() => {});
    controller.abort();
    await h.turn();
    expect([...store.keys()]).toEqual(['x']);
  });
});

describe('a store that cannot be read', () => {
  const error = new Error('disk');
  const failing = (get: HeartbeatStore['get']): { store: HeartbeatStore; touched: string[] } => {
    const touched: string[] = [];
    const store: HeartbeatStore = {
      get,
      set: () => touched.push('set'),
      delete: () => touched.push('delete'),
    };
    return { store, touched };
  };

  test.each<[string, HeartbeatStore['get']]>([
    [
      'throws',
      () => {
        throw error;
      },
    ],
    ['rejects', () => Promise.reject(error)],
    ['returns text that is not details', () => 'not JSON'],
    ['returns something else than text', () => 42],
  ])('because it %s fails the activity before its first attempt', async (_, get) => {
    const { store, touched } = failing(get);
    const h = new Harness({ store });
    const run = h.watch(h.run(counting(), { activityId: 'x' }));
    await h.advance(10_000);
    const failure = failureOf(run);
    expect(failure).toMatchObject({ attempt: 0, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failure.message).toMatch(/^Activity anonymous failed before its first attempt /);
    expect(failure.cause).toBeInstanceOf(HeartbeatStoreError);
    expect(h.names()).toEqual(['scheduled', 'failed']);
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
    expect(touched).toEqual([]); // the stored text is not changed
  });

  test('has its own error as the cause', async () => {
    const { store } = failing(() => Promise.reject(error));
    const h = new Harness({ store });
    const run = h.watch(h.run(counting(), { activityId: 'x' }));
    await h.turn();
    expect((failureOf(run).cause as Error).cause).toBe(error);
  });

  test('frees the id and the slot', async () => {
    const { store } = failing(() => Promise.reject(error));
    const h = new Harness({ store, maxConcurrentActivities: 1 });
    h.run(counting(), { activityId: 'x' }).catch(() => {});
    await h.turn();
    const again = h.watch(h.run(counting(), { activityId: 'x' }));
    const other = h.watch(h.run(() => 1));
    await h.turn();
    expect(failureOf(again).cause).toBeInstanceOf(HeartbeatStoreError);
    expect(other.outcome).toMatchObject({ value: 1 });
  });
});

describe('a store that cannot write', () => {
  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('because it %s is logged and does not affect the activity', async (_, fail) => {
    const unhandled = collectUnhandledRejections();
    const store: HeartbeatStore = { get: () => undefined, set: fail, delete: fail };
    const h = new Harness({ store });
    const run = h.watch(h.run(counting(3), { activityId: 'x' }));
    await h.advance(10_000);
    await h.turn();
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 3 });
    expect(startsOf(h)).toEqual([0, 1_000, 3_000]);
    const errors = h.logs.filter(({ level }) => level === 'error');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]!.attributes).toMatchObject({
      activityId: 'x',
      error: new Error('disk full'),
    });
    expect(unhandled.stop()).toEqual([]);
  });

  test('is tried again with the next report', async () => {
    const kept = new Map<string, string>();
    let failures = 1;
    const store: HeartbeatStore = {
      get: () => undefined,
      set(id, text) {
        if (failures-- > 0) throw new Error('busy');
        kept.set(id, text);
      },
      delete: () => undefined,
    };
    const h = new Harness({ store });
    h.run(counting(), { activityId: 'x', retryPolicy: { maximumAttempts: 2 } }).catch(() => {});
    await h.advance(0);
    await h.advance(1_000);
    const again = h.watch(
      new Harness({ store: kept }).run((ctx: ActivityContext<number>) => ctx.heartbeatDetails, {
        activityId: 'x',
      }),
    );
    await h.turn();
    expect(again.outcome).toMatchObject({ value: 2 });
  });
});

describe('a store that calls the activity it is storing', () => {
  test.each(['sync', 'async'] as const)('%s: its calls are never nested', async (kind) => {
    const kept = new Map<string, string>();
    let calling = 0;
    const called = (change: () => void): unknown => {
      expect(calling++).toBe(0);
      change();
      calling--;
      return kind === 'sync' ? undefined : Promise.resolve();
    };
    const store: HeartbeatStore = {
      get: () => undefined,
      set: (id, text) =>
        called(() => {
          handle.terminate();
          kept.set(id, text);
        }),
      delete: (id) => called(() => void kept.delete(id)),
    };
    const h = new Harness({ store });
    const handle = h.start(
      async (ctx) => {
        await ctx.sleep(10);
        ctx.heartbeat(1);
      },
      { activityId: 'x' },
    );
    await h.advance(100);
    await expect(handle.result()).rejects.toThrow();
    expect([...kept]).toEqual([]);
    expect(h.logs).toEqual([]);
  });

  test('the caller is told after the writes that this causes', async () => {
    const order: string[] = [];
    const called = async (name: string): Promise<void> => {
      if (name === 'set') handle.complete('done');
      order.push(`${name} >`);
      await h.turn();
      order.push(`${name} <`);
    };
    const store = {
      get: () => undefined,
      set: () => called('set'),
      delete: () => called('delete'),
    };
    const h = new Harness({ store });
    const handle = h.start(
      async (ctx): Promise<string> => {
        await ctx.sleep(10);
        ctx.heartbeat(1);
        return never();
      },
      { activityId: 'x' },
    );
    void handle.result().then((result) => order.push(result));
    await h.advance(100);
    for (let turns = 0; turns < 5; turns++) await h.turn();
    expect(order).toEqual(['set >', 'set <', 'delete >', 'delete <', 'done']);
  });

  test('a report is emitted even if the store has made a newer heartbeat', async () => {
    let again = true;
    const set = (): void => {
      if (again) handle.heartbeat(2);
      again = false;
    };
    const h = new Harness({ store: { get: () => undefined, set, delete: () => {} } });
    const handle = h.start(
      async (ctx) => {
        await ctx.sleep(10);
        ctx.heartbeat(1);
      },
      { activityId: 'x', heartbeatThrottleInterval: 0 },
    );
    await h.advance(100);
    expect(h.of('heartbeat').map(({ details }) => details)).toEqual([2, 1]);
  });

  test('a store that returns an unreadable object has failed', async () => {
    const answer = {
      get then(): never {
        throw new Error('no then');
      },
    };
    const store = { get: () => undefined, set: () => answer, delete: () => undefined };
    const h = new Harness({ store });
    await expect(
      h.run(
        (ctx) => {
          ctx.heartbeat(1);
          return 'done';
        },
        { activityId: 'x' },
      ),
    ).resolves.toBe('done');
    expect(h.logs).toMatchObject([
      { level: 'error', attributes: { error: { message: 'no then' } } },
    ]);
  });
});

describe('an asynchronous store', () => {
  /** Writes take as long as the test wants. */
  function slow() {
    const log: string[] = [];
    const open: (() => void)[] = [];
    const take = (what: string): Promise<void> => {
      log.push(`${what} begins`);
      return new Promise((resolve) =>
        open.push(() => {
          log.push(`${what} ends`);
          resolve();
        }),
      );
    };
    const store: HeartbeatStore = {
      get: () => Promise.resolve(undefined),
      set: (_id, text) => take(`set ${(JSON.parse(text) as { json: number }).json}`),
      delete: () => take('delete'),
    };
    return { store, log, next: () => open.shift()!() };
  }

  test('gets one set at a time, and the newest next', async () => {
    const { store, log, next } = slow();
    const h = new Harness({ store });
    void h.run(
      async (ctx) => {
        for (const step of [1, 2, 3]) ctx.heartbeat(step);
        await never();
      },
      { activityId: 'x', heartbeatThrottleInterval: 0 },
    );
    await h.turn();
    expect(log).toEqual(['set 1 begins']);
    next();
    await h.turn();
    expect(log).toEqual(['set 1 begins', 'set 1 ends', 'set 3 begins']);
  });

  test('is awaited before the caller is told', async () => {
    const { store, next } = slow();
    const h = new Harness({ store });
    const run = h.watch(h.run(counting(), { activityId: 'x', retryPolicy: ONCE }));
    await h.advance(5_000);
    expect(h.names().at(-1)).toBe('failed');
    expect(run.outcome.state).toBe('pending');
    next();
    await h.turn();
    expect(settledAt(run)).toBe(5_000);
    expect(failureOf(run).cause).toEqual(new Error('no'));
  });

  test('is read before the first attempt', async () => {
    let give!: (text: undefined) => void;
    const store: HeartbeatStore = {
      get: () => new Promise((resolve) => (give = resolve)),
      set: () => undefined,
      delete: () => undefined,
    };
    const h = new Harness({ store });
    void h.run(() => 1, { activityId: 'x' });
    await h.advance(5_000);
    expect(h.names()).toEqual(['scheduled']);
    give(undefined);
    await h.turn();
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('that takes too long to read does not outlast scheduleToClose', async () => {
    const store: HeartbeatStore = { get: never, set: () => undefined, delete: () => undefined };
    const h = new Harness({ store });
    const run = h.watch(h.run(() => 1, { activityId: 'x', scheduleToCloseTimeout: '2s' }));
    await h.advance(5_000);
    expect(settledAt(run)).toBe(2_000);
  });

  test('does not delay a cancellation', async () => {
    const store: HeartbeatStore = { get: never, set: () => undefined, delete: () => undefined };
    const h = new Harness({ store });
    const controller = new AbortController();
    const run = h.watch(h.run(() => 1, { activityId: 'x', signal: controller.signal }));
    controller.abort();
    await h.turn();
    expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED' });
  });
});

test('a store is not read for an activity with a generated id, and only once for all attempts of another', async () => {
  const reads: string[] = [];
  const store: HeartbeatStore = {
    get: (id) => void reads.push(id),
    set: () => undefined,
    delete: () => undefined,
  };
  const h = new Harness({ store });
  await h.run(() => 1);
  h.run(counting(), { activityId: 'x', retryPolicy: { maximumAttempts: 3 } }).catch(() => {});
  await h.advance(10_000);
  expect(reads).toEqual(['x']);
});

test.each(['terminate', 'complete'] as const)(
  'a store is cleared by %s, even if it is still being read',
  async (end) => {
    const deleted: string[] = [];
    const h = new Harness({
      store: { get: never, set: () => undefined, delete: (id) => deleted.push(id) },
    });
    const handle = h.start(() => 1, { activityId: 'x' });
    if (end === 'terminate') handle.terminate();
    else handle.complete(7);
    await h.turn();
    expect(deleted).toEqual(['x']);
  },
);
