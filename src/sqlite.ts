/** systole/sqlite: a store in a SQLite database, with a ledger of unfinished activities. */
export {
  sqliteStore,
  type SqliteStore,
  type SqliteStoreOptions,
} from './durable/sqlite/sqlite-store.js';
export * from './durable/port.js';
