/**
 * The retry loop of an activity, from its first failure to its end. Only this file imports p-retry.
 *
 * The loop follows the phases of the activity. It decides nothing and holds no state, because
 * p-retry only awaits promises: four microtasks lie between a failure and its next call. An attempt
 * may end in a timer or in a call from outside, and the phase must be right before that returns. So
 * the phase changes at the event, and the loop sees it afterwards.
 */
import pRetry, { type Options } from 'p-retry';
import { ignore } from '../kernel/promises.js';

/** An activity as the loop sees it: its current phase, and a promise of the next change. */
export interface Retried {
  readonly phase: string | undefined;
  changed(): Promise<void>;
}

/**
 * The only rejection that p-retry ever sees. p-retry treats kinds of errors differently (it does not
 * retry a TypeError, for example), and here all failures should be treated alike.
 */
const RETRY = /* @__PURE__ */ new Error();

/** Enters the loop when an attempt has failed and another one follows. */
export function retryLoop(activity: Retried): void {
  const attempt = async (): Promise<void> => {
    // An attempt runs in a slot. Its end is classified where it happens, by retry/classify.ts.
    while (activity.phase === 'RUNNING') await activity.changed();
    if (activity.phase !== 'CLOSED') throw RETRY;
  };
  const delay = async (): Promise<boolean> => {
    // First comes the delay or a pause, then the wait for a slot.
    while (activity.phase !== 'RUNNING' && activity.phase !== 'CLOSED') await activity.changed();
    return activity.phase === 'RUNNING'; // true starts over
  };
  pRetry(attempt, { ...FOLLOW, shouldRetry: delay }).catch(ignore);
}

/** p-retry itself never waits: its timers have no virtual clock and no delay over 2^31-1 ms. */
const FOLLOW: Options = {
  retries: Infinity, // the policy sets the limit
  minTimeout: 0,
  maxTimeout: 0,
  factor: 1,
  randomize: false,
  maxRetryTime: Infinity,
  unref: false,
  // No `signal`, because p-retry would reject work that finished after an abort.
};
