/** Which limit an open activity comes to next, read from its description. */
import type { ActivityDescription } from '../runtime/description.js';

/**
 * A limit that an activity is coming to.
 *
 * - `'HEARTBEAT'`: The attempt times out without a heartbeat.
 * - `'PROGRESS'`: The attempt times out without new details.
 * - `'START_TO_CLOSE'`: The attempt times out.
 * - `'SCHEDULE_TO_CLOSE'`: The activity times out.
 */
export type LimitName = 'HEARTBEAT' | 'PROGRESS' | 'START_TO_CLOSE' | 'SCHEDULE_TO_CLOSE';

export interface Limit {
  readonly name: LimitName;
  /** The wall time when it passes, in milliseconds. */
  readonly at: number;
  /** How long it is in all, in milliseconds. */
  readonly lengthMs: number;
}

/** How much of a limit is left, from 0 to 1. */
export function slackOf({ at, lengthMs }: Limit, now: number): number {
  return Math.min(1, Math.max(0, (at - now) / lengthMs));
}

/** A limit is near when less than this part of it is left. */
const NEAR = 0.5;
const VERY_NEAR = 0.2;

export type Nearness = '' | 'near' | 'very-near';

/** Whether so little of a limit is left that people should see it. */
export function nearnessOf(slack: number): Nearness {
  return slack < VERY_NEAR ? 'very-near' : slack < NEAR ? 'near' : '';
}

/** Whether an attempt runs. */
export function isRunning({ runState }: Pick<ActivityDescription, 'runState'>): boolean {
  return runState !== undefined && runState !== 'SCHEDULED' && runState !== 'PAUSED';
}

/** The limit that passes first, if the activity does nothing; undefined if there is none. */
export function nearestLimit(description: ActivityDescription): Limit | undefined {
  let nearest: Limit | undefined;
  for (const limit of limitsOf(description)) {
    if (nearest === undefined || limit.at < nearest.at) nearest = limit;
  }
  return nearest;
}

function limitsOf(description: ActivityDescription): Limit[] {
  const { heartbeatDeadline, lastStartedTime, lastProgressTime, expirationTime } = description;
  const { heartbeatTimeout, startToCloseTimeout, progressTimeout, scheduleToCloseTimeout } =
    description.options;
  const limits: Limit[] = [];
  const add = (name: LimitName, at: number | undefined, lengthMs: number | undefined): void => {
    if (at !== undefined && lengthMs !== undefined) limits.push({ name, at, lengthMs });
  };
  if (isRunning(description) && lastStartedTime !== undefined) {
    const startedAt = +lastStartedTime;
    add('HEARTBEAT', heartbeatDeadline && +heartbeatDeadline, heartbeatTimeout);
    add('START_TO_CLOSE', startedAt + (startToCloseTimeout ?? 0), startToCloseTimeout);
    const progressAt = Math.max(startedAt, +(lastProgressTime ?? 0));
    add('PROGRESS', progressAt + (progressTimeout ?? 0), progressTimeout);
  }
  add('SCHEDULE_TO_CLOSE', expirationTime && +expirationTime, scheduleToCloseTimeout);
  return limits;
}
