/** An activity that is retried without end would never end in virtual time, and nobody would notice. */
import { conclude } from '../runtime/activity/endings.js';
import type { Engine } from '../runtime/engine.js';

/** Fails an activity that makes more attempts. */
export function limitAttempts(engine: Engine, maxAttempts: number): void {
  engine.events.watch('attemptFailed', ({ activityId, attempt, failure, nextAttempt }) => {
    if (nextAttempt === undefined || nextAttempt.attempt <= maxAttempts) return;
    const error = new Error(
      `Attempt ${attempt} has failed, and another would follow: TestActivityEnvironment allows ` +
        `${maxAttempts} (maxAttempts). Give it retryPolicy.maximumAttempts, or raise maxAttempts.`,
      { cause: failure },
    );
    const retryState = 'MAXIMUM_ATTEMPTS_REACHED';
    const next = { again: false, status: 'FAILED', cause: error, retryState } as const;
    conclude(engine.find(activityId), next);
  });
}
