/**
 * systole/workers: runs activities in child processes and threads. A stuck activity is killed and
 * resumes from its last heartbeat. A crash ends one attempt, but not the program. For Node.
 */
export { workerPool, type PoolActivities, type WorkerPool } from './workers/worker-pool.js';
export type { WorkerPoolOptions } from './workers/options.js';
export type { WorkerPoolStats } from './workers/pool.js';
export { WorkerCrashedError, WorkerTerminatedError } from './workers/wire/worker-errors.js';
