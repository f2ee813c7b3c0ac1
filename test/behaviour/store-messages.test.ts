/** The messages about a store, or a serializer that writes for it, that fails. */
import { describe, expect, test, vi } from 'vitest';
import { HeartbeatStoreError, type ActivityContext, type HeartbeatStore } from '../../src/index.js';
import { DetailsCodec } from '../../src/heartbeat/details/codec.js';
import { Harness, never } from '../support/harness.js';
import { failureOf } from '../support/outcomes.js';

const disk = new Error('disk');

const storeThat = (parts: Partial<HeartbeatStore>): HeartbeatStore => ({
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
  ...parts,
});

describe('details that cannot be loaded', () => {
  const causeOf = async (get: HeartbeatStore['get']): Promise<HeartbeatStoreError> => {
    const h = new Harness({ store: storeThat({ get }) });
    const run = h.watch(h.run(never, { activityId: 'import "1"' }));
    await h.turn();
    const { cause } = failureOf(run);
    expect(cause).toBeInstanceOf(HeartbeatStoreError);
    return cause as HeartbeatStoreError;
  };

  test.each<[string, HeartbeatStore['get']]>([
    [
      'throws',
      () => {
        throw disk;
      },
    ],
    ['rejects', () => Promise.reject(disk)],
  ])('because get %s fail the activity', async (_, get) => {
    const { message, cause } = await causeOf(get);
    expect(message).toBe(
      'The stored heartbeat details of activity "import \\"1\\"" cannot be loaded: disk. They were ' +
        'not changed: run the activity again when the store works.',
    );
    expect(cause).toBe(disk);
  });

  test.each<[unknown, string]>([
    [{}, 'not a string but of type object'],
    [false, 'not a string but of type boolean'],
  ])('because get returns %o fail the activity', async (stored, what) => {
    const { message, cause } = await causeOf(() => stored);
    expect(message).toBe(
      `The stored heartbeat details of activity "import \\"1\\"" cannot be read: ${what}. They were ` +
        'not changed: repair the entry, or delete it to start from the beginning.',
    );
    expect(cause).toEqual(new TypeError(what));
  });

  test.each<[string, (error: Error) => HeartbeatStore['get']]>([
    [
      'throws',
      (error) => () => {
        throw error;
      },
    ],
    ['rejects with', (error) => () => Promise.reject(error)],
  ])('a HeartbeatStoreError that get %s is the cause itself', async (_, get) => {
    const error = new HeartbeatStoreError('the disk is full');
    await expect(causeOf(get(error))).resolves.toBe(error);
  });
});

test('a failing store is logged at ERROR', async () => {
  const h = new Harness({ store: storeThat({ set: () => Promise.reject(disk) }) });
  void h.run(
    (ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      return ctx.sleep(10);
    },
    { activityId: 'i', activityType: 't' },
  );
  await h.advance(1);
  expect(h.logs).toEqual([
    {
      level: 'error',
      message: 'The store failed; retrying with the next report',
      attributes: { activityId: 'i', activityType: 't', attempt: 0, error: disk },
    },
  ]);
});

describe('the log line about a store whose write failed', () => {
  const options = {
    activityId: 'i',
    heartbeatThrottleInterval: 0,
    retryPolicy: { maximumAttempts: 1 },
  } as const;
  const sync = (): never => {
    throw disk;
  };
  const said = async (
    fail: () => unknown,
    fn: (ctx: ActivityContext<number>) => unknown,
  ): Promise<string[]> => {
    const h = new Harness({ store: storeThat({ set: fail, delete: fail }) });
    h.run(fn, options).catch(() => {});
    await h.advance(1_000);
    return h.logs.map(({ message }) => message.replace('The store failed; ', ''));
  };
  const OPEN = 'retrying with the next report';
  const ENDED = 'retrying once more';
  const LOST = 'its entry stays as it was';

  test.each([
    ['throws', sync],
    ['rejects', () => Promise.reject(disk)],
  ])('if it %s while the activity is open: retries with the next report', async (_, fail) => {
    const fails = async (ctx: ActivityContext<number>): Promise<void> => {
      ctx.heartbeat(1);
      await ctx.sleep(10);
      ctx.heartbeat(2);
      await ctx.sleep(10);
      throw new Error('no');
    };
    expect(await said(fail, fails)).toEqual([OPEN, OPEN, LOST]);
  });

  test.each([
    ['throws', sync],
    ['rejects', () => Promise.reject(disk)],
  ])('if it %s after success: the entry stays', async (_, fail) => {
    const succeeds = async (ctx: ActivityContext<number>): Promise<void> => {
      ctx.heartbeat(1);
      await ctx.sleep(10);
    };
    expect(await said(fail, succeeds)).toEqual([OPEN, ENDED, LOST]);
  });

  test('if the write in progress at the end fails: one more try, and then none', async () => {
    const slow = async (): Promise<never> => {
      await Promise.resolve();
      throw disk;
    };
    const fails = (ctx: ActivityContext<number>): void => {
      ctx.heartbeat(1);
      throw new Error('no');
    };
    const messages = await said(slow, fails);
    expect(messages.at(-1)).toBe(LOST);
    expect(messages.filter((message) => message === LOST)).toHaveLength(1);
  });
});

describe('a set that returns false has failed', () => {
  test.each<[string, (answer: boolean) => unknown]>([
    ['at once', (answer) => answer],
    ['later', (answer) => Promise.resolve(answer)],
  ])('%s: it is logged, kept and repeated', async (_, give) => {
    const asked: string[] = [];
    let down = true;
    const set = (_: string, text: string): unknown => {
      asked.push(text);
      return give(!down);
    };
    const h = new Harness({ store: storeThat({ set, delete: () => give(false) }) });
    const run = h.run(
      async (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        await ctx.sleep(10);
        down = false;
        throw new Error('no');
      },
      { activityId: 'i', retryPolicy: { maximumAttempts: 1 } },
    );
    run.catch(() => {});
    await h.advance(1_000);
    expect(asked).toEqual(['{"json":1}', '{"json":1}']);
    expect(h.logs).toMatchObject([
      {
        level: 'error',
        message: 'The store failed; retrying with the next report',
        attributes: {
          error: new HeartbeatStoreError('store.set() returned false: the details were not stored'),
        },
      },
    ]);
  });

  test('a delete that returns false has not failed, because there was no entry', async () => {
    const h = new Harness({ store: storeThat({ delete: () => false }) });
    await h.run((ctx) => ctx.heartbeat(1), { activityId: 'i' });
    expect(h.logs).toEqual([]);
  });
});

test('details that cannot be encoded are logged at ERROR and stay in memory', async () => {
  const written: string[] = [];
  const store = storeThat({ set: (_, text) => void written.push(text) });
  const h = new Harness({ store });
  const error = new RangeError('Invalid string length');
  const encode = vi.spyOn(DetailsCodec.prototype, 'encode').mockImplementation(() => {
    throw error;
  });
  const resumed = await settled(
    h,
    h.run(
      (ctx: ActivityContext<number>) => {
        if (ctx.hasHeartbeatDetails) return ctx.heartbeatDetails;
        ctx.heartbeat(7);
        throw new Error('once');
      },
      { activityId: 'i', activityType: 't' },
    ),
  );
  encode.mockRestore();
  expect(resumed).toBe(7);
  expect(written).toEqual([]);
  expect(h.logs.filter(({ level }) => level === 'error')).toEqual([
    {
      level: 'error',
      message: 'The serializer failed; these details are not stored',
      attributes: { activityId: 'i', activityType: 't', attempt: 0, error },
    },
  ]);
});

async function settled<T>(h: Harness, promise: Promise<T>): Promise<T> {
  await h.advance(10_000);
  return promise;
}

describe('the stored entry of an activity that completes', () => {
  const deletes = async (fn: (ctx: ActivityContext<number>) => unknown): Promise<string[]> => {
    const deleted: string[] = [];
    const h = new Harness({ store: storeThat({ delete: (id) => void deleted.push(id) }) });
    await h.run(fn, { activityId: 'i' });
    return deleted;
  };

  test('is deleted if there is one', async () => {
    await expect(deletes((ctx) => ctx.heartbeat(1))).resolves.toEqual(['i']);
  });

  test('is deleted once, even if a reset has already forgotten the details', async () => {
    const deleted: string[] = [];
    const h = new Harness({ store: storeThat({ delete: (id) => void deleted.push(id) }) });
    let failed = false;
    const handle = h.start(
      (ctx: ActivityContext<number>) => {
        if (failed) return 'done';
        failed = true;
        ctx.heartbeat(1);
        throw new Error('once');
      },
      { activityId: 'i' },
    );
    await h.turn();
    handle.reset({ resetHeartbeat: true });
    await expect(handle.result()).resolves.toBe('done');
    expect(deleted).toEqual(['i']);
  });

  test('is not looked for if nothing was written', async () => {
    await expect(deletes((ctx) => ctx.heartbeat())).resolves.toEqual([]);
    await expect(deletes((ctx) => ctx.info.attempt)).resolves.toEqual([]);
  });
});
