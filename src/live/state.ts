/** What an open activity does or waits for. */
import type { ActivityDescription } from '../runtime/description.js';
import { isRunning } from './deadline.js';
import { lapse } from './words.js';

export const STATES = [
  'running',
  'waiting',
  'delayed',
  'backing off',
  'paused',
  'cancelling',
  'pausing',
] as const;

export type LiveState = (typeof STATES)[number];

type Described = Pick<ActivityDescription, 'runState' | 'attempt' | 'nextAttemptScheduleTime'>;

/** @param now the wall time in milliseconds */
export function stateOf(description: Described, now: number): LiveState {
  const { runState, attempt, nextAttemptScheduleTime: nextAt } = description;
  if (runState === 'PAUSED') return 'paused';
  if (runState === 'CANCEL_REQUESTED') return 'cancelling';
  if (runState === 'PAUSE_REQUESTED') return 'pausing';
  if (isRunning(description)) return 'running';
  if (nextAt === undefined || +nextAt <= now) return 'waiting';
  return attempt > 1 ? 'backing off' : 'delayed';
}

const WORDS: Readonly<Record<LiveState, string>> = {
  running: '',
  waiting: 'waits for a slot',
  delayed: 'starts',
  'backing off': 'retry',
  paused: 'paused',
  cancelling: 'cancel requested',
  pausing: 'pause requested',
};

/**
 * A state in a few words, such as `retry in 5.0 s`; empty for an attempt that runs.
 *
 * @param leftMs the time to the next attempt, if one is due
 */
export function stateWords(state: LiveState, leftMs: number): string {
  return isDelay(state) ? `${WORDS[state]} in ${lapse(leftMs)}` : WORDS[state];
}

/** Whether the activity waits until a time that is known. */
export function isDelay(state: LiveState): boolean {
  return state === 'delayed' || state === 'backing off';
}
