/** systole/node: the parts that need Node, or another runtime with its `fs`. */
export { fileStore } from './durable/files/file-store.js';
export type { HeartbeatStore } from './heartbeat/store/store.js';
export * from './durable/port.js';
