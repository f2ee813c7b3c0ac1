/** The bar of the limit that an activity comes to next. */
import { nearnessOf, slackOf, type LimitName } from '../../live/deadline.js';
import { isDelay, stateWords } from '../../live/state.js';
import { lapse } from '../../live/words.js';
import type { Row } from '../messages.js';
import type { Bar } from './dom.js';

const WORDS: Readonly<Record<LimitName, string>> = {
  HEARTBEAT: 'heartbeat',
  PROGRESS: 'progress',
  START_TO_CLOSE: 'attempt',
  SCHEDULE_TO_CLOSE: 'activity',
};

/**
 * Shows how much is left of the nearest limit, or how long a delay lasts.
 *
 * @param now the wall time of the program
 */
export function showNearest(bar: Bar, row: Row | undefined, now: number): void {
  const { state, nextAt, limit } = row ?? {};
  if (state !== undefined && isDelay(state) && nextAt !== undefined) {
    bar.show(0, stateWords(state, nextAt - now), 'limit');
  } else if (limit === undefined) {
    bar.show(undefined, '', 'limit');
  } else {
    const slack = slackOf(limit, now);
    const words = `${WORDS[limit.name]} in ${lapse(limit.at - now)}`;
    bar.show(slack, words, `limit ${nearnessOf(slack)}`.trimEnd());
  }
}
