/** Stops endless retries: in virtual time they would run forever without being noticed. */
import { conclude } from '../runtime/activity/endings.js';
import type { Engine } from '../runtime/engine.js';

/** Fails every activity that would make more than `maxAttempts` attempts. */
export function limitAttempts(engine: Engine, maxAttempts: number): void {
  engine.events.watch('attemptFailed', ({ activityId, attempt, failure, nextAttempt }) => {
    if (nextAttempt === undefined || nextAttempt.attempt <= maxAttempts) return;
    const error = new Error(
      `Attempt ${attempt} failed and would be retried, but TestActivityEnvironment allows only ` +
        `${maxAttempts} (maxAttempts). Set retryPolicy.maximumAttempts, or raise maxAttempts.`,
      { cause: failure },
    );
    const retryState = 'MAXIMUM_ATTEMPTS_REACHED';
    const next = { again: false, status: 'FAILED', cause: error, retryState } as const;
    conclude(engine.find(activityId), next);
  });
}
