/** systole/inspect: a page in the browser that shows a running runtime. For Node. */
export { inspect, type InspectOptions, type Inspector } from './inspect/inspect.js';
export type { Inspectable } from './inspect/feed.js';
