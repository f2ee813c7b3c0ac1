/** Why a test that ends now proves less than it seems to. */
import type { ActivityDescription } from '../runtime/description.js';

/** @param unmet which plans have not happened */
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
      `The test ended before its activities: ${names.join('; ')}. Await run() or result(); ` +
        'after a cancel, settled(); or terminate what is started.',
    );
  }
  if (unmet !== undefined) problems.push(`${unmet}. Plan a heartbeat that comes.`);
  return problems;
}
