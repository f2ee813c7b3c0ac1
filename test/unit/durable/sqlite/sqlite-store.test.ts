/** sqliteStore: what is wrong with a database is told, and nothing that was committed is lost. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ActivityRuntime, HeartbeatStoreError } from '../../../../src/index.js';
import { openDatabase } from '../../../../src/durable/sqlite/driver.js';
import { SCHEMA_VERSION } from '../../../../src/durable/sqlite/schema.js';
import { sqliteStore, type SqliteStore } from '../../../../src/sqlite.js';
import { hasSqlite } from '../../../support/stores.js';

describe.skipIf(!hasSqlite)('sqliteStore', () => {
  let folder: string;
  let path: string;
  const opened: SqliteStore[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'systole-sqlite-'));
    path = join(folder, 'jobs.db');
  });
  afterEach(() => {
    for (const store of opened.splice(0)) store.closeDatabase();
    rmSync(folder, { recursive: true });
  });
  const open = (...args: Parameters<typeof sqliteStore>): SqliteStore => {
    const store = sqliteStore(...args);
    opened.push(store);
    return store;
  };

  test('keeps what was written when it is opened again', async () => {
    await open(path).set('x', 'text');
    expect(await open(path).get('x')).toBe('text');
    expect(await open(path, { synchronous: 'full' }).get('x')).toBe('text');
  });

  test('is refused after closeDatabase, which may be called twice', async () => {
    const store = open(path);
    await store.set('x', 'text');
    store.closeDatabase();
    store.closeDatabase();
    await expect(store.get('x')).rejects.toThrow('was closed by closeDatabase(): open it again');
  });

  test.each([
    ['get', (store: SqliteStore) => store.get(5 as never)],
    ['set', (store: SqliteStore) => store.set(5 as never, '')],
    ['delete', (store: SqliteStore) => store.delete(5 as never)],
    ['close', (store: SqliteStore) => store.close(5 as never)],
  ])('refuses %s without an id', async (name, call) => {
    await expect(call(open(path))).rejects.toThrow(
      `sqliteStore.${name}: received 5; expected the activityId`,
    );
  });

  test('writes all reports of a turn in one transaction', async () => {
    const store = open(path);
    const database = openDatabase(path);
    const version = (): unknown => database.prepare('PRAGMA data_version').get();
    version();
    const before = version();
    const writes = Array.from({ length: 100 }, (_, i) => store.set(`a${i}`, 'text'));
    expect(version()).toEqual(before);
    await Promise.all(writes);
    const count = database.prepare('SELECT count(*) AS n FROM systole_activities').get();
    expect(count).toMatchObject({ n: 100 });
    database.close();
  });

  test('refuses bad options', () => {
    expect(() => sqliteStore('')).toThrow(
      'sqliteStore: received ""; expected the path of a database',
    );
    // @ts-expect-error only two words are options
    expect(() => sqliteStore(path, { synchronous: 'off' })).toThrow("'normal' or 'full'");
    // @ts-expect-error there is no such option
    expect(() => sqliteStore(path, { sync: true })).toThrow('sync');
  });

  test('leaves a file alone that is no database', () => {
    writeFileSync(path, 'precious '.repeat(1_000));
    expect(() => open(path)).toThrow(HeartbeatStoreError);
    expect(() => open(path)).toThrow(/jobs\.db is not a SQLite database: nothing was changed/);
    expect(readFileSync(path, 'utf8')).toBe('precious '.repeat(1_000));
  });

  test('makes its folder, and says that a folder is no database', async () => {
    const inNew = join(folder, 'new', 'folder', 'jobs.db');
    await open(inNew).set('x', 'text');
    expect(() => open(folder)).toThrow('cannot be opened: it must be a file');
  });

  test('says that a database is corrupt', async () => {
    const store = open(path);
    for (let i = 0; i < 200; i++) void store.set(`a${i}`, 'x'.repeat(2_000));
    await store.get('x');
    opened.pop();
    store.closeDatabase();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4_096, bytes.length - 4_096);
    writeFileSync(path, bytes);
    await expect(
      (async () => {
        const again = open(path);
        await Promise.all(Array.from({ length: 200 }, (_, i) => again.get(`a${i}`)));
      })(),
    ).rejects.toThrow(/is corrupt: nothing was changed|malformed/);
  });

  test('refuses to write to a database that was deleted while it was in use', async () => {
    const store = open(path);
    await store.set('x', 'text');
    renameSync(path, `${path}.old`);
    await expect(store.set('x', 'next')).rejects.toThrow(
      'was deleted or replaced while it was in use',
    );
  });

  test('says that another process has locked it for too long', async () => {
    const store = open(path);
    const other = openDatabase(path);
    other.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    await expect(store.set('x', 'text')).rejects.toThrow(
      'has been locked by another process for 5 s',
    );
    expect(performance.now() - started).toBeGreaterThan(4_900);
    other.exec('ROLLBACK');
    other.close();
    await store.set('x', 'text');
    expect(await store.get('x')).toBe('text');
  });

  test('refuses a database of a later version', () => {
    open(path);
    const database = openDatabase(path);
    database.exec(`UPDATE systole_meta SET value = ${SCHEMA_VERSION + 1} WHERE name = 'schema'`);
    database.close();
    expect(() => open(path)).toThrow(`its schema is ${SCHEMA_VERSION + 1}, and this version knows`);
  });

  test('shares a file with the tables of the program', async () => {
    const database = openDatabase(path);
    database.exec('CREATE TABLE mine (id TEXT); PRAGMA user_version = 7');
    await open(path).set('x', 'text');
    expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 7 });
    database.close();
  });

  test('notes that an attempt has started before its function is called', async () => {
    const store = open(path);
    const database = openDatabase(path);
    const runtime = new ActivityRuntime({ store });
    const entryNow = (): unknown => database.prepare('SELECT entry FROM systole_activities').get();
    const entry = await runtime.run(() => entryNow(), { activityId: 'x' });
    expect((entry as { entry: string }).entry).toContain('"runState":"STARTED"');
    database.close();
  });

  test('opens at once in several processes that make the tables', () => {
    const stores = Array.from({ length: 5 }, () => open(path));
    expect(stores).toHaveLength(5);
  });
});
