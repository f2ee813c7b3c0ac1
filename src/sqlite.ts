/** systole/sqlite: a store in a SQLite database, with a ledger of unfinished activities. */
export {
  sqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from './durable/sqlite/sqlite-store.js';
export {
  LeaseLostError,
  type Claim,
  type Held,
  type LedgerStore,
  type RenewedIds,
} from './durable/port.js';
