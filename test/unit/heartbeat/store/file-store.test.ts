/** systole/node: one file per activity, whole at any time. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ActivityRuntime,
  HeartbeatStoreError,
  type ActivityContext,
  type ActivityFailure,
} from 'systole';
import { fileStore } from 'systole/node';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systole-'));
});
afterEach(() => rm(folder, { recursive: true }));

const files = (): Promise<string[]> => readdir(folder);

describe('an entry', () => {
  test('is got as it was set, by another store on the same folder too', async () => {
    await fileStore(folder).set('import big.csv', '{"json":1}');
    expect(await fileStore(folder).get('import big.csv')).toBe('{"json":1}');
  });

  test('is replaced, and no other file is left', async () => {
    const store = fileStore(folder);
    await store.set('x', 'long '.repeat(10_000));
    await store.set('x', 'short');
    expect(await store.get('x')).toBe('short');
    expect(await files()).toHaveLength(1);
  });

  test('that was never set, or deleted, is undefined', async () => {
    const store = fileStore(folder);
    expect(await store.get('x')).toBeUndefined();
    await store.set('x', 'text');
    await store.delete('x');
    await store.delete('x');
    expect(await store.get('x')).toBeUndefined();
    expect(await files()).toEqual([]);
  });

  test('does not need the folder to be there', async () => {
    const store = fileStore(join(folder, 'new', 'folder'));
    expect(await store.get('x')).toBeUndefined();
    await store.delete('x');
    await store.set('x', 'text');
    expect(await store.get('x')).toBe('text');
  });

  test('cut off in the middle of a write leaves the one before', async () => {
    const store = fileStore(folder);
    await store.set('x', 'whole');
    const [name = ''] = await files();
    await writeFile(join(folder, `${name}.tmp`), '{"activityId":"x","snap');
    expect(await store.get('x')).toBe('whole');
    await store.set('x', 'next');
    expect(await store.get('x')).toBe('next');
    expect(await files()).toEqual([name]);
  });
});

describe('names', () => {
  const ids = [
    ...['', '.', '..', '../../etc/passwd', '/', 'a/b', 'a\\b', 'a:b', 'NUL', 'con.txt', '\0'],
    ...['A', 'a', 'ä', 'a\u0308', '\ud800', '\ud801', '\ufffd', '__proto__', 'x'.repeat(5_000)],
    ...['x'.repeat(5_001), ' ', '  ', '日本', '%2F', '~', '-rf', 'a.json'],
  ];

  test('are told apart, although the file system may not', async () => {
    const store = fileStore(folder);
    for (const id of ids) await store.set(id, `of ${JSON.stringify(id)}`);
    for (const id of ids) expect(await store.get(id)).toBe(`of ${JSON.stringify(id)}`);
    const names = await files();
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{0,40}\.[0-9a-f]{32}\.json$/);
  });

  test('are safe for any id', async () => {
    const store = fileStore(folder);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (id, text) => {
        await store.set(id, text);
        expect(await store.get(id)).toBe(text);
      }),
      { numRuns: 50 },
    );
    for (const name of await files()) expect(name).toMatch(/^[a-z0-9-]{0,40}\.[0-9a-f]{32}\.json$/);
  });

  test('show people which activity it is', async () => {
    await fileStore(folder).set('Import BIG.csv', 'text');
    expect(await files()).toEqual([expect.stringMatching(/^import-big-csv\.[0-9a-f]{32}\.json$/)]);
  });
});

describe('a file that cannot be read', () => {
  const resume = (store = fileStore(folder)): Promise<unknown> =>
    new ActivityRuntime({ store, logger: false }).run(
      (ctx: ActivityContext<number>) => ctx.heartbeatDetails,
      { activityId: 'x' },
    );

  test.each<[string, (text: string) => string, reason?: string]>([
    ['is empty', () => ''],
    ['is cut off', (text) => text.slice(0, -10)],
    ['has a flipped letter', (text) => text.replace('41', '42'), 'its checksum is wrong'],
    ['is not ours', () => '[]'],
    ['is null', () => 'null'],
    [
      'is another activity, renamed',
      (text) => text.replace('"x"', '"y"'),
      'it is that of another activity',
    ],
  ])('because it %s fails the activity with an error that names it', async (_, spoil, reason) => {
    await fileStore(folder).set('x', '{"json":41}');
    const path = join(folder, (await files())[0]!);
    const spoilt = spoil(await readFile(path, 'utf8'));
    await writeFile(path, spoilt);

    const failure = (await resume().catch((error: unknown) => error)) as ActivityFailure;

    expect(failure).toMatchObject({ attempt: 0, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failure.cause).toBeInstanceOf(HeartbeatStoreError);
    const { message, cause } = failure.cause as Error;
    expect(cause).toBeInstanceOf(Error);
    expect(message).toBe(
      `The heartbeat details in ${path} cannot be read: ${reason ?? (cause as Error).message}. The ` +
        'file was left as it is: repair it, or delete it to start from the beginning.',
    );
    expect(await readFile(path, 'utf8')).toBe(spoilt); // left as it was
  });

  test('because it is a folder fails it too', async () => {
    await fileStore(folder).set('x', 'text');
    const path = join(folder, (await files())[0]!);
    await rm(path);
    await mkdir(path);
    const failure = (await resume().catch((error: unknown) => error)) as ActivityFailure;
    const { message } = failure.cause as Error;
    expect(message).toMatch(/cannot be read: EISDIR.*It is left as it is\.$/);
    expect(message).toContain(path);
    expect(message, 'the file may be as good as ever').not.toContain('delete');
  });
});

test('the name of a file begins with what can be read of the id', async () => {
  const store = fileStore(folder);
  await store.set('Import: big.CSV', 'text');
  expect((await files())[0]).toMatch(/^import-big-csv\.[0-9a-f]{32}\.json$/);
});

test('a relative folder is that of where the program was', async () => {
  const before = process.cwd();
  // A worker thread may not change its folder.
  const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => folder);
  const store = fileStore('details');
  cwd.mockImplementation(() => before);
  await store.set('x', 'text');
  cwd.mockRestore();
  expect(await store.get('x')).toBe('text');
  await expect(readdir(join(folder, 'details'))).resolves.toHaveLength(1);
});

test('a path that is none is refused', () => {
  // @ts-expect-error a folder is needed
  expect(() => fileStore()).toThrow(/fileStore.*undefined.*path of a folder/s);
  expect(() => fileStore('')).toThrow(TypeError);
});

const OPEN_FILES = '/proc/self/fd';

// Elsewhere nothing tells how many files a process has open.
test.skipIf(!existsSync(OPEN_FILES))(
  'a thousand operations at once have few files open, and none is lost',
  async () => {
    const store = fileStore(folder);
    const ids = Array.from({ length: 1_000 }, (_, i) => `a${i}`);
    const openFiles = (): number => readdirSync(OPEN_FILES).length;
    const before = openFiles();
    let most = 0;
    const all = async (operation: (id: string) => unknown): Promise<unknown[]> => {
      const watch = setInterval(() => (most = Math.max(most, openFiles())), 1);
      try {
        return await Promise.all(ids.map(operation));
      } finally {
        clearInterval(watch);
      }
    };
    await all((id) => store.set(id, id));
    expect(await all((id) => store.get(id))).toEqual(ids);
    await all((id) => store.delete(id));
    expect(await files()).toEqual([]);
    expect(most).toBeGreaterThan(before);
    expect(most - before).toBeLessThan(100);
  },
);
