/** systole/durable: a ledger for a store of your own, so that unfinished activities come back. */
export { durableStore } from './durable/durable-store.js';
export {
  LeaseLostError,
  type Claim,
  type Held,
  type LedgerStore,
  type RenewedIds,
} from './durable/port.js';
