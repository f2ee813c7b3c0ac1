/**
 * systole/workers: activities in child processes and threads. Work that is stuck is killed and
 * resumes from its last heartbeat; a crash ends one attempt, and not the program. For Node.
 */
export { workerPool, type PoolActivities, type WorkerPool } from './workers/worker-pool.js';
export type { WorkerPoolOptions } from './workers/options.js';
export type { WorkerPoolStats } from './workers/pool.js';
export { WorkerCrashedError, WorkerTerminatedError } from './workers/errors.js';
