/** What a user reads when the store, or the serializer that writes for it, lets an activity down. */
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
  ])('because get %s', async (_, get) => {
    const { message, cause } = await causeOf(get);
    expect(message).toBe(
      'The heartbeat details stored for activity "import \\"1\\"" could not be got: disk. They were ' +
        'left as they are: run the activity again once the store answers.',
    );
    expect(cause).toBe(disk);
  });

  test.each<[unknown, string]>([
    [{}, 'of type object, not string'],
    [false, 'of type boolean, not string'],
  ])('because get gives %o', async (stored, what) => {
    const { message, cause } = await causeOf(() => stored);
    expect(message).toBe(
      `The heartbeat details stored for activity "import \\"1\\"" cannot be read: ${what}. They were ` +
        'left as they are: repair the entry, or delete it to start from the beginning.',
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

test('a failing store is told of at ERROR', async () => {
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
      message: 'The store failed; it is written to again with the next report',
      attributes: { activityId: 'i', activityType: 't', attempt: 0, error: disk },
    },
  ]);
});

test('details that cannot be written are told of at ERROR; they live on in memory', async () => {
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

describe('the entry of an activity that completes', () => {
  const deletes = async (fn: (ctx: ActivityContext<number>) => unknown): Promise<string[]> => {
    const deleted: string[] = [];
    const h = new Harness({ store: storeThat({ delete: (id) => void deleted.push(id) }) });
    await h.run(fn, { activityId: 'i' });
    return deleted;
  };

  test('is deleted if there is one', async () => {
    await expect(deletes((ctx) => ctx.heartbeat(1))).resolves.toEqual(['i']);
  });

  test('is deleted once, although a reset has forgotten the details before', async () => {
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

  test('is not asked for where nothing was written', async () => {
    await expect(deletes((ctx) => ctx.heartbeat())).resolves.toEqual([]);
    await expect(deletes((ctx) => ctx.info.attempt)).resolves.toEqual([]);
  });
});
