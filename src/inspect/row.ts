/** Reads descriptions for the page. */
import { show } from '../kernel/bad-input.js';
import { ignore } from '../kernel/promises.js';
import { printable } from '../kernel/text.js';
import { readCause, isError, said } from '../kernel/thrown.js';
import { nearestLimit } from '../live/deadline.js';
import { progressIn, type Progress } from '../live/progress.js';
import { stateOf } from '../live/state.js';
import type { ActivityDescription } from '../runtime/description.js';
import { briefly } from '../timeline/shown.js';
import type { ActivityPage, Row } from './messages.js';

const LONGEST_LABEL = 60;
const LONGEST_DETAILS = 4_000;
const LONGEST_REASON = 500;

/**
 * @param details whether the row shows what comes from heartbeat details
 * @param now the wall time in milliseconds
 * @param unreadable called with what the details throw when they are read
 */
export function rowOf(
  description: ActivityDescription,
  details: boolean,
  now: number,
  unreadable: (error: unknown) => void = ignore,
): Row {
  const { activityId, activityType, attempt, scheduleTime, lastStartedTime } = description;
  const progress = details ? progressOf(description, unreadable) : undefined;
  const limit = nearestLimit(description);
  return {
    id: activityId,
    type: activityType,
    state: stateOf(description, now),
    attempt,
    scheduledAt: +scheduleTime,
    startedAt: time(lastStartedTime),
    beatAt: time(description.lastHeartbeatTime),
    nextAt: time(description.nextAttemptScheduleTime),
    limit: limit && { ...limit, at: Math.round(limit.at) },
    progress: progress && { ...progress, label: progress.label?.slice(0, LONGEST_LABEL) },
  };
}

/** The details are the user's own objects, with getters that may throw. */
function progressOf(
  { heartbeatDetails }: ActivityDescription,
  unreadable: (error: unknown) => void,
): Progress | undefined {
  try {
    return progressIn(heartbeatDetails);
  } catch (error) {
    unreadable(error);
    return undefined;
  }
}

function time(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : +date;
}

/** What the page of one activity shows while it is open. */
export function aboutActivity(
  description: ActivityDescription,
  withDetails: boolean,
  now: number,
): Omit<ActivityPage, 'events'> {
  const { heartbeatDetails, lastFailure, canceledReason, abandonedAttempts } = description;
  return {
    row: rowOf(description, withDetails, now),
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

const MAX_CAUSES = 5;

/** Writes a failure with its causes, outermost first. */
function reasons(failure: Error): string {
  const all: string[] = [];
  let one: unknown = failure;
  while (isError(one) && all.length < MAX_CAUSES) {
    all.push(printable(said(one), LONGEST_REASON));
    one = readCause(one);
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
