/** A durable store in a SQLite database. */
import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { badOption, checkNames, option, type OptionNames } from '../../kernel/bad-input.js';
import { refusable, refusal } from '../../kernel/stack.js';
import { thisMachine, type Machine } from '../machine.js';
import type { DurableStore } from '../port.js';
import { byId, withLedger } from '../with-ledger.js';
import { Batch } from './batch.js';
import { Connection } from './connection.js';
import { openDatabase, type Database } from './driver.js';
import { databaseError } from './errors.js';
import { migrate } from './schema.js';
import { Tables } from './tables.js';

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /**
   * Whether writes wait for the disk. With `'normal'` (default), a power failure may lose the last
   * moments. With `'full'` it loses nothing, but each transaction waits for the disk. In both modes,
   * a crash of the process loses nothing, and the database is never damaged.
   */
  readonly synchronous?: 'normal' | 'full' | undefined;
}

/** A store in a SQLite database, made by `sqliteStore`. */
export interface SqliteStore extends DurableStore, Disposable {
  /**
   * Closes the database. Shut the runtime down first. Later calls of the store are refused, and a
   * second call does nothing. The database also closes when the process ends.
   */
  closeDatabase(): void;
}

const NAMES: OptionNames = {
  of: 'sqliteStore',
  example: "{ synchronous: 'full' }",
  known: ['synchronous'],
  elsewhere: () => undefined,
};

const mode = /* @__PURE__ */ option(
  "'normal' or 'full'",
  (value: 'normal' | 'full') => ['normal', 'full'].includes(value),
  'normal',
);

/** How long a process waits for the transaction of another one. */
const BUSY_MS = 5_000;

/**
 * Keeps heartbeat details and a ledger of unfinished activities in a SQLite database. Creates the
 * database and its folder if they do not exist. Several processes on one machine may use it at the
 * same time. Needs Node 22.13 or later, or the package better-sqlite3.
 *
 * @throws TypeError for a bad option
 * @throws HeartbeatStoreError if the database cannot be opened. Its message says what to do
 * @example
 * const runtime = new ActivityRuntime({ store: sqliteStore('jobs.db') });
 * await runtime.recover({ importRows });
 * await runtime.run(importRows, { activityId: 'big.csv', args: ['big.csv'] });
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): SqliteStore {
  return refusable(sqliteStore, () => makeSqliteStore(path, options, thisMachine()));
}

/** Makes the store on the given machine. Tests use a machine of their own. */
export function makeSqliteStore(
  path: string,
  options: SqliteStoreOptions,
  machine: Machine,
): SqliteStore {
  if (typeof path !== 'string' || path === '') {
    throw badOption('sqliteStore', path, 'the path of a database');
  }
  checkNames(options, NAMES);
  const synchronous = mode(options.synchronous, 'sqliteStore synchronous');
  const file = path === ':memory:' ? path : resolve(path);
  const { connection, tables } = open(file, synchronous, machine);
  /** How many entries of each id wait for the end of the turn. */
  const waiting = new Map<string, number>();
  const batch = new Batch((run) => connection.transaction(run));
  const store: Omit<SqliteStore, 'entered'> = {
    isOrdered: true,
    get: byId('sqliteStore.get', (id: string) => batch.add(() => tables.get(id))),
    set: byId('sqliteStore.set', (id: string, snapshot: string, generation?: number) =>
      batch.add(() => tables.set(id, snapshot, generation)),
    ),
    delete: byId('sqliteStore.delete', (id: string, generation?: number) =>
      batch.add(() => tables.delete(id, generation)),
    ),
    open: (entry, generation) => {
      const { activityId: id, runState } = entry;
      const open = (): void => tables.open(entry, generation);
      if (runState === 'STARTED') {
        // An attempt that begins now may kill the process before the end of the turn.
        if (waiting.has(id)) batch.flush(); // earlier calls come first
        return batch.now(open);
      }
      waiting.set(id, (waiting.get(id) ?? 0) + 1);
      return batch.add(open).finally(() => {
        const left = (waiting.get(id) ?? 1) - 1;
        if (left === 0) waiting.delete(id);
        else waiting.set(id, left);
      });
    },
    close: byId('sqliteStore.close', (id: string, generation?: number) =>
      batch.add(() => tables.close(id, generation)),
    ),
    list: () => batch.add(() => tables.list()),
    claim: (id, owner, ttlMs) => batch.add(() => tables.claim(id, owner, ttlMs)),
    renew: (owner, ttlMs) => batch.add(() => tables.renew(owner, ttlMs)),
    release: (id, generation) => batch.add(() => tables.release(id, generation)),
    closeDatabase: () => {
      batch.flush();
      connection.close();
    },
    [Symbol.dispose]: () => store.closeDatabase(),
  };
  return withLedger(store, () => machine.newOwner());
}

function open(
  file: string,
  synchronous: string,
  machine: Machine,
): { readonly connection: Connection; readonly tables: Tables } {
  let database: Database | undefined;
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    database = openDatabase(file);
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    migrate(database, file);
    const tables = new Tables(database, machine);
    const connection = new Connection(database, file);
    connection.transaction(() => tables.prune());
    return { connection, tables };
  } catch (error) {
    database?.close();
    throw refusal(databaseError(file, error));
  }
}
