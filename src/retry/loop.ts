/** The retry loop: from the first failure of an activity to its end. The only file with p-retry. */
import pRetry, { type Options } from 'p-retry';
import { ignore } from '../kernel/promises.js';

/** What is retried. It decides and keeps all state; the loop only says when. */
export interface RetrySubject {
  /** Resolves when the delay before the next attempt is over: false if there will be none. */
  backoff(): Promise<boolean>;
  /** Makes the next attempt. Rejects with `RETRY` if another one is due; resolves at the end. */
  nextAttempt(): Promise<void>;
}

/**
 * The only rejection p-retry ever sees. It treats errors by their kind (a TypeError is not
 * retried, what is no Error is replaced), and here what an activity throws is all alike.
 */
class RetryDue extends Error {}
export const RETRY: Error = /* @__PURE__ */ new RetryDue('another attempt is due');

/** Enters the loop; the subject's first attempt has failed and is to be retried. */
export function retry(subject: RetrySubject): void {
  const options: Options = {
    retries: Infinity, // the policy's limit is checked where the failure is classified
    // The wait is the subject's, on its clock: p-retry's own timers know neither a virtual clock
    // nor delays over 2^31-1 ms.
    shouldRetry: () => subject.backoff(),
    minTimeout: 0,
    maxTimeout: 0,
    factor: 1,
    randomize: false,
    maxRetryTime: Infinity,
    unref: false,
    // No `signal`: p-retry would reject work that finished after an abort.
  };
  pRetry((attempt) => {
    if (attempt === 1) throw RETRY; // that one was made before the loop was entered
    return subject.nextAttempt();
  }, options).catch(ignore);
}
