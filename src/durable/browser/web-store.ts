/** A durable store in a browser: a database in IndexedDB, and Web Locks that say which tab lives. */
import { badOption, checkNames, option, type OptionNames } from '../../kernel/bad-input.js';
import { refusable } from '../../kernel/stack.js';
import type { LedgerEntry } from '../../runtime/shared/ledger.js';
import { TTL_MS } from '../leases.js';
import { LeaseLostError, type Claim, type DurableStore, type Held } from '../port.js';
import { byId, withLedger } from '../with-ledger.js';
import { Batch } from './batch.js';
import { Connection, type Durability } from './connection.js';
import { thisHost, type WebHost } from './host.js';
import { Locks } from './locks.js';
import type { Row } from './rows.js';

/** The options of `webStore`. */
export interface WebStoreOptions {
  /**
   * Whether writes wait for the disk. With `'relaxed'` (default), a power failure may lose the last
   * moments. With `'strict'` it loses nothing, but each transaction waits for the disk. In both
   * modes, a crash of the tab or the browser loses nothing that was written.
   */
  readonly durability?: 'relaxed' | 'strict' | undefined;
}

/** A store in IndexedDB, made by `webStore`. */
export interface WebStore extends DurableStore {
  /**
   * Closes the database. Shut the runtime down first. Later calls of the store are refused, and a
   * second call does nothing. The database also closes when the tab is closed.
   */
  closeDatabase(): void;
}

const NAMES: OptionNames = {
  of: 'webStore',
  example: "{ durability: 'strict' }",
  known: ['durability'],
  elsewhere: () => undefined,
};

const mode = /* @__PURE__ */ option(
  "'relaxed' or 'strict'",
  (value: Durability) => ['relaxed', 'strict'].includes(value),
  'relaxed' as const,
);

/**
 * Keeps heartbeat details and a ledger of unfinished activities in a database of the browser. All
 * tabs and workers of a site may use it at the same time. An activity belongs to the tab that runs
 * it for as long as that tab lives. When the tab is closed, reloaded or crashes, another tab can
 * recover the activity at once. Needs IndexedDB and Web Locks, which all current browsers have on
 * secure pages.
 *
 * @param name the name of the database. Default `'systole'`
 * @throws TypeError for a bad option
 * @throws HeartbeatStoreError if this browser or page lacks what it needs
 * @example
 * const runtime = new ActivityRuntime({ store: webStore() });
 * await runtime.recover({ upload }, { every: '10s' });
 * await runtime.run(upload, { activityId: 'holiday.mp4', activityType: 'upload' });
 */
export function webStore(name = 'systole', options: WebStoreOptions = {}): WebStore {
  return refusable(webStore, () => makeWebStore(name, options, thisHost));
}

/** Makes a `webStore` on the given host. Tests use a host of their own. */
export function makeWebStore(
  name: string,
  options: WebStoreOptions,
  findHost: () => WebHost,
): WebStore {
  if (typeof name !== 'string' || name === '') {
    throw badOption('webStore', name, 'the name of a database');
  }
  checkNames(options, NAMES);
  const durability = mode(options.durability, 'webStore durability');
  const host = findHost();
  const connection = new Connection(host.indexedDB, name, durability);
  const batch = new Batch(connection);
  const locks = new Locks(host.locks, name);

  /** A change by the owner of a claim. Hears whether the claim is lost. */
  const fenced = async (
    id: string,
    generation: number | undefined,
    change: Partial<Row>,
  ): Promise<void> => {
    try {
      await batch.add(id, (rows) => rows.change(id, change, generation));
    } catch (error) {
      if (error instanceof LeaseLostError) locks.over(id, generation);
      throw error;
    }
  };
  const claim = (id: string, owner: string, ttlMs: number): Promise<Claim | Held> =>
    locks.during(owner, async () => {
      for (let gone: number | undefined; ;) {
        const answer = await batch.add(id, (rows) => rows.claim(id, owner, gone));
        if (!('owner' in answer)) {
          locks.claimed(owner, id, answer.generation);
          return answer;
        }
        if (await locks.isAlive(answer.owner)) {
          return { heldBy: answer.owner, until: host.now() + ttlMs };
        }
        gone = answer.generation;
      }
    });
  const list = async (): Promise<LedgerEntry[]> => {
    const rows = await batch.add(undefined, (all) => all.list());
    const living = await locks.living();
    return rows.map(({ entry, snapshot, owner }) => ({
      ...(entry as LedgerEntry),
      ...(snapshot !== undefined && { details: snapshot }),
      ...(owner !== undefined &&
        living.has(owner) && { heldBy: owner, heldUntil: host.now() + TTL_MS }),
    }));
  };
  const store: Omit<WebStore, 'entered'> = {
    isOrdered: true,
    get: byId('webStore.get', (id: string) => batch.add(id, (rows) => rows.get(id))),
    set: byId('webStore.set', (id: string, snapshot: string, generation?: number) =>
      fenced(id, generation, { snapshot }),
    ),
    delete: byId('webStore.delete', (id: string, generation?: number) =>
      fenced(id, generation, { snapshot: undefined }),
    ),
    open: (entry, generation) => fenced(entry.activityId, generation, { entry }),
    close: byId('webStore.close', async (id: string, generation?: number) => {
      await fenced(id, generation, { entry: undefined, owner: undefined });
      locks.over(id, generation);
    }),
    list,
    claim,
    renew: async (owner) => {
      if (!locks.isLost(owner) && (await connection.isUsable())) return undefined;
      locks.letGo(owner); // its activities hear that they are lost
      return [];
    },
    release: async (id, generation) => {
      await batch.add(id, (rows) => rows.release(id, generation));
      locks.over(id, generation);
    },
    closeDatabase: () => {
      connection.close();
      locks.letGoAll();
    },
  };
  return withLedger(store, () => host.newOwner());
}
