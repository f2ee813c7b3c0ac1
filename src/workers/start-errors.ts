/** What keeps a worker from starting. */
import { realTimer } from '../kernel/clock.js';
import { ApplicationFailure } from '../kernel/failures.js';
import { ignore } from '../kernel/promises.js';
import { messageOf } from '../kernel/thrown.js';
import { markUnable } from '../runtime/shared/unable.js';
import { typeScriptHint } from './typescript.js';

/**
 * The failure of an attempt that cannot get a worker. It is not retried in this process. A ledger keeps
 * the activity for another one.
 */
export function hopeless(message: string, type: string, cause?: unknown): ApplicationFailure {
  return markUnable(final(message, type, cause));
}

/** A failure that is not retried. */
export function final(message: string, type: string, cause?: unknown): ApplicationFailure {
  const fields = { type, nonRetryable: true };
  return new ApplicationFailure(message, cause === undefined ? fields : { ...fields, cause });
}

/** The failure for a module that cannot be loaded or exports no function. */
export function unusable(module: string, cause: unknown): ApplicationFailure {
  const said = messageOf(cause);
  const message = `workerPool: the module ${module} cannot be used: ${said}${typeScriptHint(said)}`;
  return hopeless(message, 'WorkerModuleError', cause);
}

/** A module that takes longer than this to load hangs. */
export const LONGEST_LOAD_MS = 60_000;

/** The failure for a module that has not loaded in time. */
export function neverLoaded(module: string, limitMs: number): ApplicationFailure {
  const limit = `${limitMs / 1_000} s`;
  const why = `it has not loaded within ${limit}; a top-level await in it may never settle`;
  return unusable(module, new Error(why));
}

/** What the promise resolves to; undefined if that takes longer. */
export async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let clear = ignore;
  const late = new Promise<undefined>((resolve) => {
    clear = realTimer(() => resolve(undefined), limitMs, true);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clear();
  }
}
