/** systole/node: one file per activity, which is always intact. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ActivityRuntime,
  HeartbeatStoreError,
  type ActivityContext,
  type ActivityFailure,
  type RunState,
} from 'systole';
import { fileStore, LeaseLostError, type Claim } from 'systole/node';
import { TestMachine } from '../../../support/test-machine.js';
import { makeFileStore } from '../../../../src/durable/files/file-store.js';
import { thisMachine } from '../../../../src/durable/machine.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systole-'));
});
afterEach(() => rm(folder, { recursive: true }));

const files = (): Promise<string[]> => readdir(folder);

describe('an entry', () => {
  test('can be read as it was set, also by another store on the same folder', async () => {
    await fileStore(folder).set('import big.csv', '{"json":1}');
    expect(await fileStore(folder).get('import big.csv')).toBe('{"json":1}');
  });

  test('is replaced, and no other file remains', async () => {
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

  test('does not need an existing folder', async () => {
    const store = fileStore(join(folder, 'new', 'folder'));
    expect(await store.get('x')).toBeUndefined();
    await store.delete('x');
    await store.set('x', 'text');
    expect(await store.get('x')).toBe('text');
  });

  test('that is cut off during a write keeps its earlier content', async () => {
    const store = fileStore(folder);
    await store.set('x', 'whole');
    const [name = ''] = await files();
    await writeFile(join(folder, `${name}.tmp`), '{"activityId":"x","snap');
    expect(await store.get('x')).toBe('whole');
    await store.set('x', 'next');
    expect(await store.get('x')).toBe('next');
  });

  test('that two processes write at once has the content of one of them', async () => {
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(300_000));
    for (let round = 0; round < 5; round++) {
      await Promise.all(texts.map((text) => fileStore(folder).set('x', text)));
      expect(texts).toContain(await fileStore(folder).get('x'));
    }
    expect(await files()).toHaveLength(1);
  });
});

describe('a write that fails', () => {
  test('at its end leaves no unfinished file', async () => {
    const store = fileStore(folder);
    await store.set('x', 'text');
    const [name = ''] = await files();
    await rm(join(folder, name));
    await mkdir(join(folder, name, 'in the way'), { recursive: true });
    await expect(store.set('x', 'next')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(await files()).toEqual([name]);
  });

  // Only on Linux can a limit be set that a file outgrows, as on a full disk.
  test.skipIf(process.platform === 'win32')('in the middle leaves no unfinished file', () => {
    const source = new URL('../../../../src/node.ts', import.meta.url).href;
    const program =
      `const { fileStore } = await import(${JSON.stringify(source)});` +
      `const store = fileStore(${JSON.stringify(folder)});` +
      "await store.set('x', 'short');" +
      "await store.set('x', 'long '.repeat(10_000)).catch((error) => console.log(error.code));" +
      "console.log(await store.get('x'));";
    const shell = 'ulimit -f 8 && exec "$0" --import tsx --input-type=module --eval "$1"';
    const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, program], {
      encoding: 'utf8',
      env: { ...process.env, TSX_DISABLE_CACHE: '1' }, // whose files are larger
    });
    expect(stdout).toBe('EFBIG\nshort\n');
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/\.json$/)]);
  });

  test('because a link is in its place does not change the target of the link', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'precious');
    const store = fileStore(folder);
    await store.set('x', 'text');
    const name = (await files()).find((one) => one.endsWith('.json')) ?? '';
    const uuid = '00000000-0000-4000-8000-000000000000';
    const links = [`${name}.tmp`, `${name}.${uuid}.${thisMachine().mark}.tmp`];
    for (const link of links) await symlink(victim, join(folder, link));
    const random = vi.spyOn(crypto, 'randomUUID').mockReturnValue(uuid);
    try {
      await expect(store.set('x', 'guessed')).rejects.toThrow('EEXIST');
    } finally {
      random.mockRestore();
    }
    await store.set('x', 'next');
    expect(await store.get('x')).toBe('next');
    expect(await readFile(victim, 'utf8')).toBe('precious');
    expect(await files()).toEqual(expect.arrayContaining(links)); // they are not ours to remove
  });
});

// A file system whose folders cannot be flushed.
test.skipIf(!existsSync('/proc/self'))(
  'a folder that cannot be flushed causes no error',
  async () => {
    await expect(fileStore('/proc').delete('x')).resolves.toBeUndefined();
  },
);

describe('file names', () => {
  const ids = [
    ...['', '.', '..', '../../etc/passwd', '/', 'a/b', 'a\\b', 'a:b', 'NUL', 'con.txt', '\0'],
    ...['A', 'a', 'ä', 'a\u0308', '\ud800', '\ud801', '\ufffd', '__proto__', 'x'.repeat(5_000)],
    ...['x'.repeat(5_001), ' ', '  ', '日本', '%2F', '~', '-rf', 'a.json'],
  ];

  test('differ even if the file system ignores case', async () => {
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

  test('show people the activity', async () => {
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
      'it belongs to another activity',
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
        'file was not changed: repair it, or delete it to start from the beginning.',
    );
    expect(await readFile(path, 'utf8')).toBe(spoilt); // left as it was
  });

  test('because it is a folder also fails the activity', async () => {
    await fileStore(folder).set('x', 'text');
    const path = join(folder, (await files())[0]!);
    await rm(path);
    await mkdir(path);
    const failure = (await resume().catch((error: unknown) => error)) as ActivityFailure;
    const { message } = failure.cause as Error;
    expect(message).toMatch(/cannot be read: EISDIR.*The file was not changed\.$/);
    expect(message).toContain(path);
    expect(message, 'the file may be as good as ever').not.toContain('delete');
  });
});

test('file names start with the readable part of the id', async () => {
  const store = fileStore(folder);
  await store.set('Import: big.CSV', 'text');
  expect((await files())[0]).toMatch(/^import-big-csv\.[0-9a-f]{32}\.json$/);
});

test('a relative folder starts at the working directory of the program', async () => {
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

test('a folder that is not a path is refused', () => {
  // @ts-expect-error a folder is needed
  expect(() => fileStore()).toThrow(/fileStore.*undefined.*path of a folder/s);
  expect(() => fileStore('')).toThrow(TypeError);
});

const OPEN_FILES = '/proc/self/fd';

// Other systems do not tell how many files a process has open.
test.skipIf(!existsSync(OPEN_FILES))(
  'a thousand operations at once open only a few files, and none is lost',
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

describe('what a dead process has left', () => {
  test('is removed at the first claim of the next one: unfinished files, claims and leases', async () => {
    const machine = new TestMachine();
    const [one, two] = [machine.process(), machine.process()];
    const first = makeFileStore(folder, one);
    await first.claim!('x', 'process 1', 30_000);
    const uuid = '00000000-0000-4000-8000-000000000000';
    await writeFile(join(folder, `x.json.${uuid}.${one.mark}.tmp`), 'cut o');
    await writeFile(join(folder, `x.json.${uuid}.${two.mark}.tmp`), 'under way');
    const name = (await files()).find((file) => file.endsWith('.lock')) ?? '';
    await writeFile(join(folder, name.replace(/\d+\.lock$/, '7.lock')), 'process 1');
    one.die();
    await makeFileStore(folder, two).claim!('y', 'process 2', 30_000);
    const left = await files();
    expect(left.filter((file) => file.endsWith('.tmp'))).toEqual([
      `x.json.${uuid}.${two.mark}.tmp`,
    ]);
    expect(left.filter((file) => file.endsWith('.7.lock'))).toEqual([]);
    expect(await readdir(join(folder, '.owners'))).toHaveLength(1);
  });

  test('counts, although the process after it died before it noted anything', async () => {
    const machine = new TestMachine();
    const [one, two, three] = [machine.process(), machine.process(), machine.process()];
    const first = makeFileStore(folder, one);
    const claim = (await first.claim!('x', 'process 1', 30_000)) as Claim;
    const entry = { activityId: 'x', activityType: 't', args: '', options: '', version: 1 };
    const open = (attempt: number, runState: RunState): unknown =>
      first.open({ ...entry, attempt, runState, scheduledAt: 0 }, claim.generation);
    await open(2, 'SCHEDULED');
    await open(3, 'STARTED');
    one.die();
    const lock = (await files()).find((file) => file.endsWith('.lock')) ?? '';
    const next = lock.replace(/\d+\.lock$/, `${claim.generation + 1}.lock`);
    await writeFile(join(folder, next), 'process 2'); // it died right after
    two.die();
    const found = (await makeFileStore(folder, three).claim!('x', 'process 3', 1)) as Claim;
    expect(found.entry).toMatchObject({ attempt: 3, runState: 'STARTED' });
    expect(found.generation).toBe(claim.generation + 2);
  });

  test('of an earlier activity with the same id does not stand in the way', async () => {
    const machine = new TestMachine();
    const one = machine.process();
    const store = makeFileStore(folder, one);
    const old = ((await store.claim!('x', 'process 1', 30_000)) as Claim).generation;
    await store.close('x', old);
    machine.date += 10;
    const next = ((await store.claim!('x', 'process 1', 30_000)) as Claim).generation;
    expect(next).toBeGreaterThan(old);
    await expect(store.set('x', 'late', old)).rejects.toBeInstanceOf(LeaseLostError);
    await store.set('x', 'text', next);
  });
});

// Windows has other rights.
test.skipIf(process.platform === 'win32')('files can be read by their owner alone', async () => {
  const inside = join(folder, 'new');
  await fileStore(inside).set('x', 'text');
  const [name = ''] = await readdir(inside);
  expect((await stat(inside)).mode & 0o777).toBe(0o700);
  expect((await stat(join(inside, name))).mode & 0o777).toBe(0o600);
});

test('file names that Windows keeps for devices are avoided', async () => {
  for (const id of ['con', 'NUL', 'com1', 'lpt9', 'console']) await fileStore(folder).set(id, id);
  expect((await files()).map((name) => name.split('.')[0]).sort()).toEqual([
    ...['com1-', 'con-', 'console', 'lpt9-', 'nul-'],
  ]);
});
