/**
 * systole/web: for web pages. It sends the heartbeats of one activity in a web `Response`, and it has
 * a store in the browser, with a ledger of unfinished activities. It uses no Node module.
 */
export {
  heartbeatResponse,
  type FollowedActivity,
  type HeartbeatResponseOptions,
  type RequestLike,
} from './web/response.js';
export { webStore, type WebStore, type WebStoreOptions } from './durable/browser/web-store.js';
export * from './durable/port.js';
