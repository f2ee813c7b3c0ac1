/** webStore: which tab has an activity, and what happens to the database meanwhile. */
import { IDBDatabase as FakeDatabase, IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type LedgerEntry } from '../../../../src/index.js';
import { openDatabase, SCHEMA_VERSION } from '../../../../src/durable/browser/schema.js';
import { makeWebStore } from '../../../../src/durable/browser/web-store.js';
import { LeaseLostError, webStore, type Claim, type WebStore } from '../../../../src/web.js';
import { TestLocks } from '../../../support/test-locks.js';

const NOW = 1_700_000_000_000;

let indexedDB: IDBFactory;
let locks: TestLocks;
const stores: WebStore[] = [];
beforeEach(() => {
  indexedDB = new IDBFactory();
  locks = new TestLocks();
});
afterEach(() => {
  for (const store of stores.splice(0)) store.closeDatabase();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The store of one tab. */
function tab({ request, durability }: { request?: object; durability?: 'strict' } = {}) {
  let isGone = false;
  const store = makeWebStore('jobs', durability ? { durability } : {}, () => ({
    indexedDB,
    locks: Object.assign(
      locks.tab(() => isGone),
      request && { request },
    ),
    now: () => NOW,
    newOwner: () => 'a tab',
  }));
  stores.push(store);
  return Object.assign(store, { leave: () => (isGone = true) });
}

const claim = async (store: WebStore, id: string, owner: string): Promise<number> => {
  const answer = (await store.claim!(id, owner, 30_000)) as Claim;
  expect(answer).not.toHaveProperty('heldBy');
  return answer.generation;
};
const entry = (activityId: string): LedgerEntry => ({
  activityId,
  activityType: 't',
  args: '{"json":[]}',
  options: '{"json":{}}',
  attempt: 1,
  runState: 'STARTED',
  scheduledAt: 1,
  version: 1,
});
const held = { heldBy: 'A', until: NOW + 30_000 };

/** A connection of another program. */
const raw = (version?: number, upgrade = (_: IDBDatabase): void => {}): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open('jobs', version);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });

describe('a call', () => {
  test('with bad options is refused where it is made', () => {
    // @ts-expect-error a name is text
    expect(() => webStore(5)).toThrow('webStore: received 5; expected the name of a database');
    expect(() => webStore('')).toThrow('webStore: received ""');
    expect(() => webStore('jobs', { durability: 'lax' as 'strict' })).toThrow(
      `webStore durability: received "lax"; expected 'relaxed' or 'strict'`,
    );
    // @ts-expect-error there is no such option
    expect(() => webStore('jobs', { synchronous: 'full' })).toThrow('webStore has no option');
    const error = (() => {
      try {
        return webStore('');
      } catch (error) {
        return error as Error;
      }
    })() as Error;
    expect(error.stack?.split('\n')[1]).toContain('web-store.test.ts');
  });

  test.each(['get', 'set', 'delete', 'close'] as const)(
    'of %s without an id is refused, with the line of the caller',
    async (method) => {
      const store = tab();
      const methods = store as unknown as Record<string, (id?: unknown) => Promise<unknown>>;
      const call = (id?: unknown) => methods[method]!(id);
      const refused = await call().catch((error: unknown) => error as Error);
      expect(refused).toMatchObject({
        message: `webStore.${method}: received undefined; expected the activityId of an activity`,
      });
      expect((refused as Error).stack?.split('\n')[1]).toContain('web-store.test.ts');
      await expect(call(['x'])).rejects.toThrow(`webStore.${method}: received an array of 1`);
    },
  );

  test('where the browser lacks something says what is missing', () => {
    vi.stubGlobal('indexedDB', undefined);
    expect(() => webStore()).toThrow('webStore needs indexedDB');
    vi.stubGlobal('indexedDB', indexedDB);
    vi.stubGlobal('navigator', {});
    expect(() => webStore()).toThrow('serve this page from https:// or from localhost');
    vi.stubGlobal('navigator', {
      get locks() {
        throw new DOMException('no', 'SecurityError');
      },
    });
    expect(() => webStore()).toThrow('webStore needs navigator.locks');
  });

  test('in a page names the page and the runtime as the owner', async () => {
    vi.stubGlobal('indexedDB', indexedDB);
    vi.stubGlobal('navigator', { locks: locks.tab() });
    vi.stubGlobal('document', {});
    vi.stubGlobal('location', { pathname: '/upload\u202e' });
    const store = webStore();
    stores.push(store);
    const runtime = new ActivityRuntime({ store });
    const heldBy = await runtime.run(async () => [...(await store.list())][0]?.heldBy, {
      activityId: 'x',
    });
    expect(heldBy).toMatch(/^page \/upload\\u202e \(runtime [\w-]{22}\)$/);
    expect((await indexedDB.databases()).map(({ name }) => name)).toEqual(['systole']);
  });
});

describe('a tab', () => {
  test('keeps its activities as long as it lives, without renewals', async () => {
    const [a, b] = [tab(), tab()];
    await a.open(entry('x'), await claim(a, 'x', 'A'));
    for (let i = 0; i < 3; i++) expect(await b.claim!('x', 'B', 30_000)).toEqual(held);
    expect(await b.list()).toMatchObject([{ heldBy: 'A', heldUntil: NOW + 30_000 }]);
    a.leave();
    expect(((await b.list()) as LedgerEntry[])[0]).not.toHaveProperty('heldBy');
    await claim(b, 'x', 'B');
    expect(await b.list()).toMatchObject([{ heldBy: 'B' }]);
  });

  test('holds one lock, as long as it has claims', async () => {
    const store = tab();
    const [x, y, z] = await Promise.all(['x', 'y', 'z'].map((id) => claim(store, id, 'A')));
    expect(locks.names).toEqual(['systole jobs A']);
    await store.close('x', x);
    await store.release!('y', y!);
    expect(locks.names).toHaveLength(1);
    await tab().close('z');
    await expect(store.set('z', 'late', z)).rejects.toBeInstanceOf(LeaseLostError);
    await vi.waitFor(() => expect(locks.names).toEqual([]));
    await claim(store, 'x', 'A');
    expect(locks.names).toHaveLength(1);
  });

  test('that is refused holds no lock', async () => {
    await claim(tab(), 'x', 'A');
    expect(await tab().claim!('x', 'B', 30_000)).toEqual(held);
    await vi.waitFor(() => expect(locks.names).toEqual(['systole jobs A']));
  });

  test('that lets go and claims again meanwhile is not taken for gone', async () => {
    const a = tab();
    const first = await claim(a, 'x', 'A');
    const own = locks.tab();
    let isFirst = true;
    const request = async (name: string, ...rest: [never, never]): Promise<unknown> => {
      if (name !== 'systole jobs A' || !isFirst) return own.request(name, ...rest);
      isFirst = false;
      await a.close('x', first);
      await vi.waitFor(() => expect(locks.names).not.toContain(name));
      const answer = await own.request(name, ...rest);
      await a.open(entry('x'), await claim(a, 'x', 'A'));
      return answer;
    };
    const b = tab({ request });
    expect(await b.claim!('x', 'B', 30_000)).toEqual(held);
    expect(isFirst).toBe(false);
  });

  test('that is gone is not named as the owner, even if two others ask at the same time', async () => {
    const a = tab();
    await a.open(entry('x'), await claim(a, 'x', 'A'));
    a.leave();
    let asked = 0;
    let ask = (): void => {};
    const bothAsk = new Promise<void>((resolve) => (ask = resolve));
    const request = async (name: string, ...rest: [never, never]): Promise<unknown> => {
      if (name === 'systole jobs A') {
        if (++asked === 2) ask();
        await bothAsk;
      }
      return locks.tab().request(name, ...rest);
    };
    const [b, c] = [tab({ request }), tab({ request })];
    const answers = await Promise.all([b.claim!('x', 'B', 30_000), c.claim!('x', 'C', 30_000)]);
    const refused = answers.filter((answer) => 'heldBy' in answer);
    expect(refused).toEqual([{ ...held, heldBy: expect.stringMatching(/^[BC]$/) as unknown }]);
  });

  test('whose lock is stolen hears that it has lost everything', async () => {
    const store = tab();
    await claim(store, 'x', 'A');
    expect(await store.renew!('A', 30_000)).toBeUndefined();
    await locks.tab().request('systole jobs A', { steal: true }, () => {});
    await vi.waitFor(async () => expect(await store.renew!('A', 30_000)).toEqual([]));
    await claim(tab(), 'x', 'B');
  });

  test('that may not have locks says so', async () => {
    const request = () => Promise.reject(new DOMException('no locks here', 'SecurityError'));
    const store = tab({ request });
    const message = 'webStore cannot hold a lock in this page: no locks here';
    for (let i = 0; i < 2; i++) {
      await expect(store.claim!('x', 'A', 30_000)).rejects.toThrow(message);
    }
  });
});

describe('the database', () => {
  test('gets all that comes in one turn in one transaction, and what comes during it in the next', async () => {
    const store = tab();
    const generation = await claim(store, 'x', 'A');
    const begun = vi.spyOn(FakeDatabase.prototype, 'transaction');
    await Promise.all([store.open(entry('x'), generation), store.set('y', 'text')]);
    expect(begun).toHaveBeenCalledTimes(1);
    const slow = store.set('x', 'text', generation);
    while (begun.mock.calls.length < 2) await Promise.resolve();
    const deleted = store.delete('x', generation);
    await Promise.resolve();
    await Promise.all([slow, deleted, store.close('x', generation)]);
    expect(begun).toHaveBeenCalledTimes(3);
    expect(begun.mock.lastCall).toEqual([
      ['activities', 'meta'],
      'readwrite',
      { durability: 'relaxed' },
    ]);
    const strict = tab({ durability: 'strict' });
    await strict.get('x');
    expect(begun.mock.lastCall?.[2]).toEqual({ durability: 'strict' });
  });

  test('that is full says so, changes nothing, and works again when there is room', async () => {
    const store = tab();
    await store.set('x', 'before');
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('over quota', 'QuotaExceededError');
    });
    const writes = await Promise.allSettled([store.delete('x'), store.set('y', 'text')]);
    expect(writes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(writes[0]).toHaveProperty(
      'reason.message',
      'The database "jobs" cannot grow, because the disk is full or this site may not store ' +
        'more: make room, and writing continues by itself (over quota)',
    );
    put.mockRestore();
    expect(await store.get('x')).toBe('before');
    await store.set('y', 'text');
    expect(await store.get('y')).toBe('text');
  });

  test('that the browser forbids says so, and is asked for again', async () => {
    const open = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('no', 'SecurityError');
    });
    const store = tab();
    await expect(store.get('x')).rejects.toThrow(
      'The database "jobs" cannot be opened: the settings of the browser, a private window',
    );
    open.mockRestore();
    expect(await store.get('x')).toBeUndefined();
  });

  test('of a later version is refused', async () => {
    const database = await raw(SCHEMA_VERSION + 1, (database) => {
      for (const name of ['activities', 'meta', 'more']) database.createObjectStore(name);
    });
    await expect(tab().get('x')).rejects.toThrow(
      `The database "jobs" was made by a later version of systole: its schema is ` +
        `${SCHEMA_VERSION + 1}, and this version knows ${SCHEMA_VERSION}. Reload the page`,
    );
    database.close();
  });

  test.each([SCHEMA_VERSION, SCHEMA_VERSION + 4])(
    'of another program is left alone, at version %i',
    async (version) => {
      const database = await raw(version, (database) => database.createObjectStore('details'));
      await expect(tab().get('x')).rejects.toThrow(
        'The database "jobs" belongs to another program: nothing was changed. Use another name',
      );
      database.close();
      const again = await raw();
      expect(Array.from(again.objectStoreNames)).toEqual(['details']);
      again.close();
    },
  );

  test('lets a later version have it, and its activities hear that they are lost', async () => {
    const store = tab();
    const generation = await claim(store, 'x', 'A');
    await store.open(entry('x'), generation);
    const later = await raw(SCHEMA_VERSION + 1);
    await expect(store.set('x', 'text', generation)).rejects.toThrow('by a later version');
    expect(await store.renew!('A', 30_000)).toEqual([]);
    await vi.waitFor(() => expect(locks.names).toEqual([]));
    later.close();
  });

  test('that another tab keeps at an older version says so, and is not kept in turn', async () => {
    const old = await raw(1);
    const opening = openDatabase(indexedDB, 'jobs', () => {}, 2);
    await expect(opening).rejects.toThrow(
      'The database "jobs" cannot be brought up to date while another tab uses an older version',
    );
    old.close();
    const later = await raw(3);
    expect(later.version).toBe(3);
    later.close();
  });

  test('that is deleted while it is in use is made again, and the claims on it are lost', async () => {
    const store = tab();
    const generation = await claim(store, 'x', 'A');
    await store.open(entry('x'), generation);
    await new Promise((resolve) => (indexedDB.deleteDatabase('jobs').onsuccess = resolve));
    await expect(store.set('x', 'text', generation)).rejects.toBeInstanceOf(LeaseLostError);
    await store.set('x', 'text');
    expect(await store.get('x')).toBe('text');
  });

  test('is opened again when its connection is lost', async () => {
    const begun = vi.spyOn(FakeDatabase.prototype, 'transaction');
    const store = tab();
    await store.set('x', 'text');
    (begun.mock.contexts[0] as IDBDatabase).close();
    expect(await store.get('x')).toBe('text');
  });

  test('does nothing more after closeDatabase', async () => {
    const store = tab();
    await claim(store, 'x', 'A');
    store.closeDatabase();
    await expect(store.get('x')).rejects.toThrow(
      'The database "jobs" was closed by closeDatabase(): open it again with webStore',
    );
    await vi.waitFor(() => expect(locks.names).toEqual([]));
    await claim(tab(), 'x', 'B');
  });
});
