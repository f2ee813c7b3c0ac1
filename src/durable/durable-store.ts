/** Makes a ledger of a user's own store. */
import { badInput, badOption, hasMethods } from '../kernel/bad-input.js';
import { refusable } from '../kernel/stack.js';
import { randomToken } from '../runtime/shared/ids.js';
import type { DurableStore, LedgerStore } from './port.js';
import { withLedger } from './with-ledger.js';

/**
 * Makes your own store durable. A runtime then enters each activity that has an `activityId` in the
 * store before its first attempt, and `runtime.recover()` restarts what an earlier process left
 * unfinished. `sqliteStore`, `fileStore` and `webStore` are already durable. Returns the
 * same store, which gets the method `entered`.
 *
 * @throws TypeError if the store lacks a method that a ledger needs
 * @example
 * const runtime = new ActivityRuntime({ store: durableStore(new PostgresStore(pool)) });
 * await runtime.recover({ importRows });
 */
export function durableStore<Store extends LedgerStore>(store: Store): Store & DurableStore {
  return refusable(durableStore, () => {
    if (!hasMethods(store, 'get', 'set', 'delete', 'open', 'close', 'list')) {
      const accepted = 'an object with get, set, delete, open, close and list';
      throw badOption('durableStore', store, accepted);
    }
    const leases = LEASE_METHODS.filter((name) => store[name] !== undefined);
    if (leases.length > 0 && !hasMethods(store, ...LEASE_METHODS)) {
      throw badInput(
        `durableStore: received a store with ${leases.join(' and ')}; expected all of claim, renew ` +
          'and release, or none of them',
      );
    }
    return withLedger(store, anonymousOwner);
  });
}

const LEASE_METHODS = ['claim', 'renew', 'release'] as const;

/** The name of a runtime of which nothing is known but that it is one of its own. */
function anonymousOwner(): string {
  return `runtime ${randomToken()}`;
}
