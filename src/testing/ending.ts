/** What is wrong when a test ends: open activities, and plans that never happened. */
import type { ActivityDescription } from '../runtime/description.js';

/** @param unmet the plans that have not happened, as a sentence */
export function problemsAtEnd(
  open: readonly ActivityDescription[],
  unmet: string | undefined,
): readonly string[] {
  const problems = [];
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
