/** systole/durable: adds a ledger to your own store, so that unfinished activities can be recovered. */
export { durableStore } from './durable/durable-store.js';
export * from './durable/port.js';
