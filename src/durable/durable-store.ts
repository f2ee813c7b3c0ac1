/** Makes a ledger of a user's own store. */
import { badOption, hasMethods } from '../kernel/bad-input.js';
import { randomToken } from '../runtime/shared/ids.js';
import { LEDGER, type Ledger, type LedgerHost } from '../runtime/shared/ledger.js';
import { DurableLedger } from './ledger.js';
import type { LedgerStore } from './port.js';

/**
 * Makes your own store durable. A runtime then enters each activity that has an `activityId` in the
 * store before its first attempt, and `runtime.recover()` restarts what an earlier process left
 * unfinished. `sqliteStore` and `fileStore` are already durable. Returns the same store.
 *
 * @throws TypeError if the store lacks a method that a ledger needs
 * @example
 * const runtime = new ActivityRuntime({ store: durableStore(new PostgresStore(pool)) });
 * await runtime.recover({ importRows });
 */
export function durableStore<Store extends LedgerStore>(store: Store): Store {
  if (!hasMethods(store, 'get', 'set', 'delete', 'open', 'close', 'list')) {
    const accepted = 'an object with get, set, delete, open, close and list';
    throw badOption('durableStore', store, accepted);
  }
  const ledger = (host: LedgerHost): Ledger => new DurableLedger(store, host, anonymousOwner);
  return Object.assign(store, { [LEDGER]: ledger });
}

/** The name of a runtime of which nothing is known but that it is one of its own. */
function anonymousOwner(): string {
  return `runtime ${randomToken()}`;
}
