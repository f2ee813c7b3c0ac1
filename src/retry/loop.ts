/**
 * The retry loop of an activity, from its first failure to its end. The only file with p-retry.
 *
 * The loop follows and decides nothing. An attempt may end in the middle of a timer or of a call from
 * outside, and the state must be right before that returns; p-retry comes some promises later.
 */
import pRetry, { type Options } from 'p-retry';
import { ignore } from '../kernel/promises.js';

/** An activity, as the loop sees it: its phase now, and a promise of the next change. */
export interface Retried {
  readonly phase: string | undefined;
  changed(): Promise<void>;
}

/**
 * The only rejection that p-retry ever sees. It treats errors by their kind (it does not retry a
 * TypeError, and replaces what is not an Error), and here every failure is alike.
 */
class RetryDue extends Error {}
const RETRY: Error = /* @__PURE__ */ new RetryDue('another attempt is due');

/** Enters the loop: an attempt has failed, and another one follows. */
export function retryLoop(activity: Retried): void {
  const attempt = async (): Promise<void> => {
    // An attempt runs, in a slot. Its end is classified where it happens: retry/classify.ts.
    while (activity.phase === 'RUNNING') await activity.changed();
    if (activity.phase !== 'CLOSED') throw RETRY;
  };
  const delay = async (): Promise<boolean> => {
    // The delay runs, or a pause, and then the wait for a slot.
    while (activity.phase !== 'RUNNING' && activity.phase !== 'CLOSED') await activity.changed();
    return activity.phase === 'RUNNING'; // again
  };
  pRetry(attempt, { ...FOLLOW, shouldRetry: delay }).catch(ignore);
}

/** Without waits of its own: p-retry's timers know neither a virtual clock nor delays over 2^31-1 ms. */
const FOLLOW: Options = {
  retries: Infinity, // the limit is the policy's
  minTimeout: 0,
  maxTimeout: 0,
  factor: 1,
  randomize: false,
  maxRetryTime: Infinity,
  unref: false,
  // No `signal`: p-retry would reject work that finished after an abort.
};
