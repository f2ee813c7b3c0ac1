/** systole/node: what needs Node (or a runtime with its `fs`). */
export { fileStore } from './heartbeat/store/file-store.js';
export type { HeartbeatStore } from './heartbeat/store/store.js';
