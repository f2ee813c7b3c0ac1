/** What is logged of attempts that did not go well. */
import { retryWishes } from '../../kernel/thrown.js';
import { log, type Announced } from '../shared/announce.js';
import type { History } from './history.js';

/** One zombie is an accident; from the third on the activity ignores its signal. */
const ABANDONED_TO_WARN_OF = 3;

/** An attempt failed and will be tried again. */
export function warnOfRetry(
  activity: Announced,
  history: History,
  { failure, delayMs, attempt }: { failure: Error; delayMs: number; attempt: number },
): void {
  const { retryPolicy, scheduleToCloseTimeoutMs } = activity.options;
  let message =
    `Activity ${activity.activityType} failed at attempt ${attempt}; ` +
    `next attempt in ${Math.round(delayMs)} ms`;
  const benign = retryWishes(failure).benign === true;
  const endless =
    retryPolicy.maximumAttempts === Infinity &&
    retryPolicy.maximumAttemptsWithoutProgress === Infinity &&
    scheduleToCloseTimeoutMs === 0;
  if (!benign && endless && !history.toldOfEndlessness) {
    history.toldOfEndlessness = true;
    message +=
      '. It will be retried for ever: neither retryPolicy.maximumAttempts nor ' +
      'scheduleToCloseTimeout is set';
  }
  log(activity, benign ? 'debug' : 'warn', attempt, message, { delayMs, error: failure });
}

/** An attempt has ended and its function goes on. */
export function warnOfAbandoned(activity: Announced, history: History, attempt: number): void {
  const { abandonedAttempts } = history;
  if (abandonedAttempts < ABANDONED_TO_WARN_OF) return;
  const message =
    `Abandoned attempt number ${abandonedAttempts} of this activity: its function goes on after ` +
    'its end; it should watch ctx.signal';
  log(activity, 'warn', attempt, message);
}
