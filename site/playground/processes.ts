/** Joins the recordings of processes that follow each other. */
import type { TimelineEvent } from 'systole/timeline';

/** Adds the end of the open activity to the events of a process that crashed at this time. */
export function crashedAt(at: number, events: readonly TimelineEvent[]): TimelineEvent[] {
  // The last event may be about the event loop.
  const last = events.findLast((event) => event.activityId !== undefined) as TimelineEvent;
  const { activityId, activityType, attempt } = last;
  const end = { outcome: 'TERMINATED', reason: 'the process crashed' };
  const dead = { activityId, activityType, attempt, running: 0, waiting: 0, ...end };
  return [...events, { at, event: 'failed', ...dead }];
}

/** Joins the events of earlier processes with those of one that began `offsetMs` later. */
export function joined(
  past: readonly TimelineEvent[],
  events: readonly TimelineEvent[],
  offsetMs: number,
): TimelineEvent[] {
  const [head, ...own] = events as [TimelineEvent, ...TimelineEvent[]];
  return [head, ...past.slice(1), ...own.map((one) => ({ ...one, at: one.at + offsetMs }))];
}
