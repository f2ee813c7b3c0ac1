/** What is wrong when a test ends: open activities, and plans that never happened. */
import type { ActivityDescription } from '../runtime/description.js';
import type { RecordedEvent } from './recorder.js';

/** The first failure of an activity, if plans have not happened: it may be why. */
export function failureBefore(
  unmet: string | undefined,
  events: readonly RecordedEvent[],
): string | undefined {
  if (unmet === undefined) return undefined;
  const wasFailure = (event: RecordedEvent) => event.name === 'failed' && event.status === 'FAILED';
  const event = events.find(wasFailure) as (RecordedEvent & { name: 'failed' }) | undefined;
  return event && `${event.activityType} failed: ${event.failure.message}`;
}

/** @param unmet the plans that have not happened, as a sentence */
export function problemsAtEnd(
  open: readonly ActivityDescription[],
  unmet: string | undefined,
  failure: string | undefined,
): readonly string[] {
  const problems = failure === undefined ? [] : [failure];
  if (open.length > 0) {
    const names = open.map(
      ({ activityId, activityType, attempt, runState }) =>
        `${activityType} (${activityId}), ${runState ?? ''} at attempt ${attempt}`,
    );
    problems.push(
      `The test ended while activities were open: ${names.join('; ')}. Await run() or result(), ` +
        'or settled() after a cancel; or terminate them.',
    );
  }
  if (unmet !== undefined) problems.push(`${unmet}. Choose a heartbeat that happens.`);
  return problems;
}
