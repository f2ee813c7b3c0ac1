/** Gives a store its ledger, and the calls that users make on it their checks. */
import { badOption } from '../kernel/bad-input.js';
import { rejectable } from '../kernel/stack.js';
import { LEDGER, type Ledger, type LedgerHost } from '../runtime/shared/ledger.js';
import { Entrances } from './entrance.js';
import { DurableLedger } from './ledger.js';
import type { DurableStore, LedgerStore } from './port.js';

/** @param newOwner makes a name for a runtime that no other runtime has */
export function withLedger<Store extends LedgerStore>(
  store: Store,
  newOwner: () => string,
): Store & DurableStore {
  const entrances = new Entrances();
  const ledger = function (this: LedgerStore, host: LedgerHost): Ledger {
    return new DurableLedger(this, host, newOwner, entrances);
  };
  const entered = byId('store.entered', (id: string) => entrances.entered(id));
  return Object.assign(store, { entered, [LEDGER]: ledger });
}

type ById = (activityId: string, ...rest: never[]) => Promise<unknown>;

/**
 * A method of a store that users call with an id. Without one, it would wait for a file without a
 * name, or change nothing and say nothing.
 */
export function byId<Method extends ById>(name: string, method: Method): Method {
  const called = (activityId: string, ...rest: never[]): Promise<unknown> =>
    rejectable(called, () => {
      if (typeof activityId !== 'string') {
        throw badOption(name, activityId, 'the activityId of an activity');
      }
      return method(activityId, ...rest);
    });
  return called as Method;
}
