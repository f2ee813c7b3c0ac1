/** The stores that every test of stores runs on, each as a way to open it again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import Keyv from 'keyv';
import type { HeartbeatStore } from '../../src/index.js';
import { makeWebStore } from '../../src/durable/browser/web-store.js';
import { makeFileStore } from '../../src/durable/files/file-store.js';
import type { Machine } from '../../src/durable/machine.js';
import type { LedgerStore } from '../../src/durable/port.js';
import { makeSqliteStore } from '../../src/durable/sqlite/sqlite-store.js';
import { TestLocks } from './test-locks.js';

/** One place where stores keep things. */
export interface Place<Store> {
  /** Opens it, as one process does. */
  readonly open: (machine: Machine) => Store;
  readonly remove: () => void | Promise<void>;
}

const nothing = (): void => {};

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'systole-stores-'));
}

/** Whether this Node has SQLite, or better-sqlite3 is there: see test/hosts/sqlite. */
export const hasSqlite = ((): boolean => {
  try {
    makeSqliteStore(':memory:', {}, {} as Machine).closeDatabase();
    return true;
  } catch (error) {
    if (String(error).includes('needs SQLite')) return false;
    return true;
  }
})();

/** The stores whose claims end when nobody renews them. */
export const leased: Record<string, () => Place<LedgerStore>> = {
  fileStore: () => {
    const path = folder();
    return {
      open: (machine) => makeFileStore(join(path, 'jobs'), machine),
      remove: () => rmSync(path, { recursive: true }),
    };
  },
  ...(hasSqlite && {
    sqliteStore: () => {
      const path = folder();
      const stores: { closeDatabase(): void }[] = [];
      return {
        open: (machine) => {
          const store = makeSqliteStore(join(path, 'jobs.db'), {}, machine);
          stores.push(store);
          return store;
        },
        remove: () => {
          for (const store of stores) store.closeDatabase();
          rmSync(path, { recursive: true });
        },
      };
    },
  }),
};

export const durable: Record<string, () => Place<LedgerStore>> = {
  ...leased,
  webStore: () => {
    const [indexedDB, locks] = [new IDBFactory(), new TestLocks()];
    const stores: { closeDatabase(): void }[] = [];
    return {
      open: (machine) => {
        const store = makeWebStore('jobs', {}, () => ({
          indexedDB,
          locks: locks.tab(() => machine.isGone(machine.mark)),
          now: () => machine.now().date,
          newOwner: () => machine.newOwner(),
        }));
        stores.push(store);
        return store;
      },
      remove: () => stores.forEach((store) => store.closeDatabase()),
    };
  },
};

export const all: Record<string, () => Place<HeartbeatStore>> = {
  Map: () => {
    const map = new Map<string, string>();
    return { open: () => map, remove: nothing };
  },
  'a Keyv in memory': () => {
    const entries = new Map<string, unknown>();
    return { open: () => new Keyv({ store: entries, throwOnErrors: true }), remove: nothing };
  },
  "a user's own store": () => {
    const rows = new Map<string, string>();
    const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const store = {
      get: (id: string) => later().then(() => rows.get(id)),
      set: (id: string, text: string) => later().then(() => void rows.set(id, text)),
      delete: (id: string) => later().then(() => void rows.delete(id)),
    };
    return { open: () => store, remove: nothing };
  },
  ...durable,
};
