/** systole/progress: shows the open activities of a runtime live on a terminal. For Node. */
export { showProgress, type ShownProgress } from './progress/show.js';
export type { ProgressOptions, ProgressStream } from './progress/options.js';
export type { Watchable } from './progress/roster.js';
export type { Progress } from './live/progress.js';
