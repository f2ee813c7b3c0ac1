/** The errors that keep a worker from starting. */
import { ApplicationFailure } from '../kernel/failures.js';
import { messageOf } from '../kernel/thrown.js';

/** The failure of an attempt that cannot get a worker. It is not retried. */
export function hopeless(message: string, type: string, cause?: unknown): ApplicationFailure {
  const fields = { type, nonRetryable: true };
  return new ApplicationFailure(message, cause === undefined ? fields : { ...fields, cause });
}

/** The failure for a module that cannot be loaded or exports no function. */
export function unusable(module: string, cause: unknown): ApplicationFailure {
  const message = `workerPool: the module ${module} cannot be used: ${messageOf(cause)}`;
  return hopeless(message, 'WorkerModuleError', cause);
}
