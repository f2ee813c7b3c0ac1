/** A durable store with one file per activity. A crash at any time leaves the files intact. */
import { resolve } from 'node:path';
import { badOption } from '../../kernel/bad-input.js';
import { refusable } from '../../kernel/stack.js';
import { thisMachine, type Machine } from '../machine.js';
import type { DurableStore, LedgerStore } from '../port.js';
import { byId, withLedger } from '../with-ledger.js';
import { Folder } from './folder.js';

/**
 * Keeps the newest reported heartbeat details of each activity in a file in `folder`, and its entry
 * in the ledger: `runtime.recover()` starts what an earlier process has left. The folder is created
 * at the first write. A relative path starts at the current working directory. Each file is written
 * under another name, flushed to the disk (fsync) and then renamed: after a crash or a loss of power
 * you find the old content or the new one. If a file cannot be read, its activity fails with a
 * `HeartbeatStoreError` that names the file.
 *
 * Several processes of one machine may share a folder. Lock files keep each `activityId` to one of
 * them at a time.
 *
 * @throws TypeError if `folder` is not a path
 * @example
 * const runtime = new ActivityRuntime({ store: fileStore('.systole') });
 * await runtime.recover({ importRows });
 * await runtime.run(importRows, { args: ['big.csv'], activityId: 'import big.csv' });
 */
export function fileStore(folder: string): DurableStore {
  return refusable(fileStore, () => makeFileStore(folder, thisMachine()));
}

/** Makes the store on the given machine. Tests use a machine of their own. */
export function makeFileStore(path: string, machine: Machine): DurableStore {
  if (typeof path !== 'string' || path === '') {
    throw badOption('fileStore', path, 'the path of a folder');
  }
  const folder = new Folder(resolve(path), machine); // now, because the working directory may change
  const store: LedgerStore = {
    isOrdered: true,
    get: byId('fileStore.get', (id: string) => folder.get(id)),
    set: byId('fileStore.set', (id: string, snapshot: string, generation?: number) =>
      folder.change(id, {
        change: (content) => ({ ...content, snapshot }),
        generation,
        replaces: generation === undefined,
      }),
    ),
    delete: byId('fileStore.delete', (id: string, generation?: number) =>
      folder.change(id, {
        change: (content) => ({ ...content, snapshot: undefined }),
        generation,
        replaces: generation === undefined,
      }),
    ),
    open: (entry, generation) => folder.open(entry, generation),
    close: byId('fileStore.close', (id: string, generation?: number) =>
      folder.change(id, {
        change: (content) => ({ ...content, entry: undefined }),
        generation,
        ends: true,
      }),
    ),
    list: () => folder.list(),
    claim: (id, owner, ttlMs) => folder.claim(id, owner, ttlMs),
    renew: (owner, ttlMs) => folder.renew(owner, ttlMs),
    release: (id, generation) => folder.release(id, generation),
  };
  return withLedger(store, () => machine.newOwner());
}
