/** Failures that say nothing about an activity: this process could not run its function. */
import { ActivityFailure } from '../../kernel/failures.js';

/** The mark of such a failure. All copies of the package share it. */
const UNABLE = /* @__PURE__ */ Symbol.for('systole.unable');

/** Marks a failure: another process, or a later deployment, may well run the function. */
export function markUnable<F extends Error>(failure: F): F {
  return Object.defineProperty(failure, UNABLE, { value: true });
}

/** Whether a failure is marked, or is that of another activity that failed with such a one. */
export function isUnable(failure: unknown): boolean {
  try {
    if ((failure as { readonly [UNABLE]?: unknown })[UNABLE] === true) return true;
    return failure instanceof ActivityFailure && isUnable(failure.cause);
  } catch {
    return false; // an error whose properties cannot be read, or that is its own cause
  }
}
