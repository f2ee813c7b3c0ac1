/** What the events of a runtime add to a recording. */
import { failedOutcome } from '../runtime/shared/attempt-outcome.js';
import type { ActivityEventName, ActivityEvents } from '../kernel/events.js';
import { TimeoutFailure } from '../kernel/failures.js';
import { shortened } from '../kernel/text.js';
import { said } from '../kernel/thrown.js';
import type { ActivityDescription } from '../runtime/description.js';
import type { ActivityRuntime } from '../runtime/runtime.js';
import { LONGEST_TEXT, type TimelineEvent } from './events.js';
import type { Recording } from './recording.js';
import { briefly } from './shown.js';

/** The part of an `ActivityRuntime` that `record` uses. */
export type Recordable = Pick<ActivityRuntime, 'on' | 'list' | 'stats'>;

type FieldsOf<Name extends ActivityEventName> = (
  event: ActivityEvents[Name],
  details: boolean,
) => Partial<TimelineEvent> | undefined;

/** What the events of each name add to a recording. */
const FIELDS: { readonly [Name in ActivityEventName]: FieldsOf<Name> } = {
  scheduled: ({ startDelayMs }) =>
    startDelayMs === undefined ? undefined : { delayMs: startDelayMs },
  started: () => undefined,
  heartbeat: (event, details) => (details ? { details: brief(event.details) } : undefined),
  attemptFailed: ({ failure, nextAttempt }) => ({
    outcome: failedOutcome(failure),
    ...why(failure),
    ...(nextAttempt && { delayMs: nextAttempt.delayMs }),
  }),
  attemptAbandoned: () => undefined,
  attemptSettled: () => undefined,
  paused: () => undefined,
  unpaused: () => undefined,
  reset: () => undefined,
  completed: () => undefined,
  failed: ({ status, failure }) => ({ outcome: status, ...why(failure) }),
};

export const NAMES = /* @__PURE__ */ Object.keys(FIELDS) as readonly ActivityEventName[];

/** Adds events of these names to the recording. Returns a function that stops that. */
export function follow(
  runtime: Pick<Recordable, 'on' | 'stats'>,
  recording: Recording,
  names: readonly ActivityEventName[],
  details: boolean,
): () => void {
  const removers = names.map((name) => {
    const fieldsOf = FIELDS[name] as FieldsOf<ActivityEventName>;
    const note = (event: ActivityEvents[ActivityEventName]): void => {
      const { activityId, activityType, attempt, timestamp } = event;
      recording.note({
        at: timestamp,
        event: name,
        activityId,
        activityType,
        attempt,
        ...fieldsOf(event, details),
        ...(name === 'heartbeat' ? undefined : countsOf(runtime)),
      });
    };
    return runtime.on(name, note, { passive: true });
  });
  return () => removers.forEach((remove) => remove());
}

function countsOf(runtime: Pick<Recordable, 'stats'>): Partial<TimelineEvent> {
  const { running, waiting } = runtime.stats();
  return { running, waiting };
}

/** Details as text that is short enough for a picture and for the memory of a recording. */
export function brief(details: unknown): string {
  return briefly(details, LONGEST_TEXT);
}

function why(failure: Error): Partial<TimelineEvent> {
  const reason = shortened(said(failure), LONGEST_TEXT);
  return failure instanceof TimeoutFailure
    ? { timeoutType: failure.timeoutType, reason }
    : { reason };
}

/** Adds the activities that are open before the recording begins, as far as they can be described. */
export function noteOpen(runtime: Recordable, recording: Recording, details: boolean): void {
  for (const one of runtime.list()) {
    const { activityId, activityType } = one;
    for (const event of pastOf(one, recording.startedAt, details)) {
      recording.note({ ...event, activityId, activityType });
    }
  }
}

/** What is known of an open activity: its newest attempt, and what it is waiting for. */
function pastOf(one: ActivityDescription, now: number, details: boolean): TimelineEvent[] {
  const { attempt, runState, lastStartedTime, scheduleTime, nextAttemptScheduleTime } = one;
  const isFirst = attempt === 1;
  // Since when it has waited is known only if it has never done anything else.
  const since = isFirst ? +scheduleTime : now;
  const scheduled: TimelineEvent = { at: +scheduleTime, event: 'scheduled', attempt: 0 };
  if (runState === 'PAUSED') {
    return [...(isFirst ? [scheduled] : []), { at: since, event: 'paused', attempt }];
  }
  if (runState !== 'SCHEDULED') {
    return [...(isFirst ? [scheduled] : []), ...beginningOf(one, attempt, details)];
  }
  if (nextAttemptScheduleTime === undefined) return [{ ...scheduled, at: since }];
  const delayMs = one.currentRetryInterval;
  if (delayMs === undefined || lastStartedTime === undefined) {
    return [{ ...scheduled, delayMs: +nextAttemptScheduleTime - +scheduleTime }];
  }
  const failed = one.lastFailure && {
    outcome: failedOutcome(one.lastFailure),
    ...why(one.lastFailure),
  };
  const at = Math.round(+nextAttemptScheduleTime - delayMs);
  return [
    ...beginningOf(one, attempt - 1, details),
    { at, event: 'attemptFailed', attempt: attempt - 1, delayMs, ...failed },
  ];
}

/** The newest attempt, and its newest heartbeat. */
function beginningOf(one: ActivityDescription, attempt: number, details: boolean): TimelineEvent[] {
  const { lastStartedTime, lastHeartbeatTime, heartbeatDetails } = one;
  if (lastStartedTime === undefined) return [];
  const started: TimelineEvent = { at: +lastStartedTime, event: 'started', attempt };
  if (lastHeartbeatTime === undefined || lastHeartbeatTime < lastStartedTime) return [started];
  const shown = details ? { details: brief(heartbeatDetails) } : {};
  return [started, { at: +lastHeartbeatTime, event: 'heartbeat', attempt, ...shown }];
}
