/** A real Keyv as the store, in memory and in a file. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Keyv from 'keyv';
import { KeyvFile } from 'keyv-file';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ActivityRuntime, HeartbeatStoreError, type ActivityContext } from 'systole';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systole-keyv-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = (): string => join(folder, 'details.json');

const stores: [string, () => Keyv][] = [
  ['in memory', () => inMemory],
  ['in a file', () => new Keyv({ store: new KeyvFile({ filename: file(), writeDelay: 0 }) })],
];
const inMemory = new Keyv();

/** Goes one step and then fails; succeeds at the third. */
function step(ctx: ActivityContext<{ step: number; at: Date }>): number {
  const step = (ctx.heartbeatDetails?.step ?? 0) + 1;
  ctx.heartbeat({ step, at: new Date(step) });
  if (step < 3) throw new Error('no');
  expect(ctx.heartbeatDetails?.at).toEqual(new Date(step - 1));
  return step;
}

describe.each(stores)('a Keyv %s', (_, open) => {
  const run = (store: Keyv, activityId: string): Promise<number> =>
    new ActivityRuntime({ store, logger: false }).run(step, {
      activityId,
      retryPolicy: { maximumAttempts: 1 },
    });

  test.each(['import', '__proto__', 'a:b/c'])(
    'resumes %j and deletes it at the end',
    async (id) => {
      await expect(run(open(), id)).rejects.toThrow();
      await expect(run(open(), id)).rejects.toThrow();
      await expect(run(open(), id)).resolves.toBe(3);
      expect(await open().get(id)).toBeUndefined();
    },
  );

  test('with another value fails the activity and keeps the value', async () => {
    await open().set('taken', { by: 'others' });
    const failure: unknown = await run(open(), 'taken').catch((error: unknown) => error);
    expect((failure as Error).cause).toBeInstanceOf(HeartbeatStoreError);
    expect(await open().get('taken')).toEqual({ by: 'others' });
  });
});

test('a Keyv that throws fails the activity when its backend is down', async () => {
  const backend = new Map<string, string>();
  let down = false;
  const adapter = {
    opts: {},
    on: () => adapter,
    get: (key: string) => (down ? Promise.reject(new Error('down')) : backend.get(key)),
    set: (key: string, value: string) => void backend.set(key, value),
    delete: (key: string) => backend.delete(key),
    clear: () => undefined,
  };
  const store = new Keyv({ store: adapter, throwOnErrors: true });
  store.on('error', () => {});
  const runtime = new ActivityRuntime({ store, logger: false });
  const options = { activityId: 'id', retryPolicy: { maximumAttempts: 1 } };
  await expect(runtime.run(step, options)).rejects.toThrow('no');
  down = true;
  const failure: unknown = await runtime.run(step, options).catch((error: unknown) => error);
  expect((failure as Error).cause).toBeInstanceOf(HeartbeatStoreError);
  expect((failure as Error).message).toContain('cannot be loaded: down');
  down = false;
  await expect(runtime.run(step, options)).rejects.toThrow('no');
  await expect(runtime.run(step, options)).resolves.toBe(3);
});

test('a write has failed when the Keyv returns false, and is repeated', async () => {
  const backend = new Map<string, string>();
  let down = true;
  const adapter = {
    opts: {},
    on: () => adapter,
    get: (key: string) => backend.get(key),
    set: async (key: string, value: string) => {
      if (down) throw new Error('down');
      backend.set(key, value);
    },
    delete: (key: string) => backend.delete(key),
    clear: () => undefined,
  };
  const store = new Keyv({ store: adapter });
  store.on('error', () => {});
  const errors: unknown[] = [];
  const ignore = (): void => {};
  const error = (message: string): void => void errors.push(message);
  const logger = { debug: ignore, info: ignore, warn: ignore, error };
  const run = new ActivityRuntime({ store, logger }).run(
    async (ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      await ctx.sleep(10);
      down = false;
      throw new Error('no');
    },
    { activityId: 'id', retryPolicy: { maximumAttempts: 1 } },
  );
  await expect(run).rejects.toThrow('no');
  expect(errors).toEqual(['The store failed; retrying with the next report']);
  expect(await store.get('id')).toBe('{"json":1}');
});

test('the details that a Keyv keeps in a file are there when result() has settled', async () => {
  const store = stores[1]![1]();
  const runtime = new ActivityRuntime({ store, logger: false });
  const options = { activityId: 'written', retryPolicy: { maximumAttempts: 1 } };
  await expect(runtime.run(step, options)).rejects.toThrow();
  expect(await readFile(file(), 'utf8')).toContain('written');
});
