/** systole/node: the parts that need Node, or another runtime with its `fs`. */
export { fileStore } from './heartbeat/store/file-store.js';
export type { HeartbeatStore } from './heartbeat/store/store.js';
