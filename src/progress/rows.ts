/** What the line of one activity says, part by part. */
import { printable } from '../kernel/text.js';
import { isRunning, nearestLimit, slackOf } from '../live/deadline.js';
import { partOf, percentOf, type Progress } from '../live/progress.js';
import { stateOf, stateWords } from '../live/state.js';
import { count, lapse, rate } from '../live/words.js';
import type { ActivityDescription } from '../runtime/description.js';

/** An open activity, and what is known of its progress. */
export interface Shown {
  readonly description: ActivityDescription;
  readonly progress: Progress | undefined;
  readonly perSecond: number | undefined;
}

/** The parts of a line, in their order. An empty text is a part that this activity lacks. */
export const PARTS = [
  'name',
  'bar',
  'percent',
  'count',
  'label',
  'rate',
  'left',
  'attempt',
  'beat',
  'next',
] as const;

export type Part = (typeof PARTS)[number];

export interface Row extends Readonly<Record<Part, string>> {
  /** How much of the nearest limit is left, from 0 to 1. */
  readonly slack: number;
  /** The part that is done, from 0 to 1. */
  readonly part: number | undefined;
}

const BAR_WIDTH = 16;
const LONGEST_LABEL = 30;
/** Ids that the runtime has generated. They mean nothing to a reader. */
const GENERATED_ID = /^[\w-]{22}-[\da-z]+$/;

export function rowOf({ description, progress, perSecond }: Shown, now: number): Row {
  const {
    attempt,
    lastHeartbeatTime,
    lastStartedTime,
    nextAttemptScheduleTime: nextAt,
  } = description;
  const running = isRunning(description);
  const part = progress && partOf(progress);
  const limit = nearestLimit(description);
  const state = stateWords(stateOf(description, now), +(nextAt ?? now) - now);
  const beat = lastHeartbeatTime && lastStartedTime && lastHeartbeatTime >= lastStartedTime;
  const timesOut = limit === undefined || !running ? '' : `times out in ${lapse(limit.at - now)}`;
  return {
    name: nameOf(description),
    bar: part === undefined ? '' : bar(part),
    percent: progress === undefined ? '' : percentOf(progress),
    count: progress === undefined ? '' : countOf(progress),
    label: printable(progress?.label ?? '', LONGEST_LABEL),
    rate: perSecond === undefined || !running ? '' : rate(perSecond),
    left: running ? leftOf(progress, perSecond) : '',
    attempt: attempt > 1 ? `attempt ${attempt}` : '',
    beat: running && beat ? `♥ ${lapse(now - +lastHeartbeatTime)}` : '',
    next: [state, timesOut].filter((words) => words !== '').join(', '),
    slack: limit === undefined ? 1 : slackOf(limit, now),
    part,
  };
}

/** Names an activity by its type, and by its id if the program has chosen it. */
function nameOf({
  activityId,
  activityType,
}: Pick<ActivityDescription, 'activityId' | 'activityType'>): string {
  const id = GENERATED_ID.test(activityId) ? '' : activityId;
  return printable([activityType, id].filter((text) => text !== '').join(' '), 200);
}

/** How many columns of a bar are full. */
export function fullOf(part: number): number {
  return Math.floor(part * BAR_WIDTH);
}

function bar(part: number): string {
  const full = fullOf(part);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function countOf({ done, total }: Progress): string {
  return total === undefined ? count(done) : `${count(done)}/${count(total)}`;
}

function leftOf(progress: Progress | undefined, perSecond: number | undefined): string {
  if (progress?.total === undefined || perSecond === undefined) return '';
  const rest = Math.max(0, progress.total - progress.done);
  return `${lapse((rest / perSecond) * 1_000)} left`;
}
