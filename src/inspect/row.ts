/** Reads descriptions for the page. */
import { show } from '../kernel/bad-input.js';
import { printable } from '../kernel/text.js';
import { said } from '../kernel/thrown.js';
import { isRunning, nearestLimit } from '../live/deadline.js';
import { progressIn } from '../live/progress.js';
import type { ActivityDescription } from '../runtime/description.js';
import { briefly } from '../timeline/shown.js';
import type { ActivityPage, Row, RowState } from './messages.js';

const LONGEST_LABEL = 60;
const LONGEST_DETAILS = 4_000;
const LONGEST_REASON = 500;

/** @param withDetails false to leave out what comes from heartbeat details */
export function rowOf(description: ActivityDescription, withDetails: boolean): Row {
  const { activityId, activityType, attempt, scheduleTime, lastStartedTime } = description;
  const progress = withDetails ? progressIn(description.heartbeatDetails) : undefined;
  const limit = nearestLimit(description);
  return {
    id: activityId,
    type: activityType,
    state: stateOf(description),
    attempt,
    scheduledAt: +scheduleTime,
    startedAt: time(lastStartedTime),
    beatAt: time(description.lastHeartbeatTime),
    nextAt: time(description.nextAttemptScheduleTime),
    limit: limit && { ...limit, at: Math.round(limit.at) },
    progress: progress && { ...progress, label: progress.label?.slice(0, LONGEST_LABEL) },
  };
}

function stateOf(description: ActivityDescription): RowState {
  const { runState, attempt, nextAttemptScheduleTime } = description;
  if (runState === 'PAUSED') return 'paused';
  if (runState === 'CANCEL_REQUESTED') return 'cancelling';
  if (runState === 'PAUSE_REQUESTED') return 'pausing';
  if (isRunning(description)) return 'running';
  if (nextAttemptScheduleTime === undefined) return 'waiting';
  return attempt > 1 ? 'backing off' : 'delayed';
}

function time(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : +date;
}

/** What the page of one activity shows beyond its row. */
export function aboutActivity(
  description: ActivityDescription,
  withDetails: boolean,
): Omit<ActivityPage, 'events'> {
  const { heartbeatDetails, lastFailure, canceledReason, abandonedAttempts } = description;
  return {
    row: rowOf(description, withDetails),
    details:
      withDetails && heartbeatDetails !== undefined
        ? briefly(heartbeatDetails, LONGEST_DETAILS)
        : undefined,
    lastFailure: lastFailure && reasons(lastFailure),
    canceledReason:
      canceledReason === undefined ? undefined : briefly(canceledReason, LONGEST_REASON),
    abandonedAttempts,
    options: optionsOf(description),
  };
}

const MOST_CAUSES = 5;

/** The failure with its causes, outermost first. */
function reasons(failure: Error): string {
  const all: string[] = [];
  let one: unknown = failure;
  while (one instanceof Error && all.length < MOST_CAUSES) {
    all.push(printable(said(one), LONGEST_REASON));
    one = one.cause;
  }
  return all.join('\ncaused by ');
}

function optionsOf({ options }: ActivityDescription): Record<string, string> {
  const { retryPolicy, ...others } = options;
  const set: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(others), ...Object.entries(retryPolicy)]) {
    if (value === undefined || value === Infinity || typeof value === 'function') continue;
    set[name] = typeof value === 'object' ? briefly(value, LONGEST_REASON) : show(value);
  }
  return set;
}
