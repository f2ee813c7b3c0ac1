/** What an open activity does or waits for, in a few words. */
import type { ActivityDescription } from '../runtime/description.js';
import { isRunning } from './deadline.js';
import { lapse } from './words.js';

type Described = Pick<
  ActivityDescription,
  'runState' | 'nextAttemptScheduleTime' | 'lastStartedTime'
>;

/** Empty for an attempt that runs and was asked for nothing. */
export function stateWords(description: Described, now: number): string {
  const { runState, nextAttemptScheduleTime: nextAt, lastStartedTime } = description;
  if (runState === 'CANCEL_REQUESTED') return 'cancel requested';
  if (runState === 'PAUSE_REQUESTED') return 'pause requested';
  if (runState === 'PAUSED') return 'paused';
  if (isRunning(description)) return '';
  if (nextAt === undefined || +nextAt <= now) return 'waits for a slot';
  return `${lastStartedTime === undefined ? 'starts' : 'retry'} in ${lapse(+nextAt - now)}`;
}
