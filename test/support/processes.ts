/** Processes that share a disk, for tests of the ledger. One that dies is just not advanced any more. */
import type { RuntimeOptions } from '../../src/index.js';
import type { LedgerStore } from '../../src/durable.js';
import { Harness } from './harness.js';
import type { MemoryDisk } from './ledger-store.js';

/** @param change changes the store of the process, to make it slow or broken */
export function processOn(
  disk: MemoryDisk,
  options: RuntimeOptions = {},
  change: (store: LedgerStore) => object = (store) => store,
): Harness {
  const store = disk.store();
  const h = new Harness({ store: Object.assign(store, change({ ...store })), ...options });
  disk.now = () => h.clock.now();
  return h;
}

/** Makes what a process held free, like the end of its lease. */
export function die(disk: MemoryDisk): void {
  for (const row of disk.rows.values()) row.owner = undefined;
}
