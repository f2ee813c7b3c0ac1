/** Names of other libraries, or of other options here, and what they are as options of a call. */
import { hints } from '../../kernel/bad-input.js';
import { retryHint } from '../../retry/elsewhere.js';
import { RETRY_POLICY_NAMES } from '../../retry/policy.js';

const RUNTIME = 'an option of ActivityRuntime';

const HINTS: Readonly<Record<string, string>> = {
  retry: 'retryPolicy',
  timeout: 'startToCloseTimeout for one attempt, scheduleToCloseTimeout for all of them',
  delay: 'startDelay',
  id: 'activityId',
  jobId: 'activityId',
  abortSignal: 'signal',
  onProgress: "ctx.heartbeat(details) in the function, and runtime.on('heartbeat', listener)",
  concurrency: `maxConcurrentActivities, ${RUNTIME}`,
  maxConcurrentActivities: RUNTIME,
  maxActivitiesPerSecond: RUNTIME,
  interceptors: RUNTIME,
  serializer: RUNTIME,
  store: RUNTIME,
  logger: RUNTIME,
  taskQueue: 'not needed in one process; systole/temporal has it',
};

const POLICY = 'retryPolicy.';

/** What a name that is no option of a call is here. */
export function callHint(name: string): string | undefined {
  if (RETRY_POLICY_NAMES.known.has(name)) return POLICY + name;
  return hints(HINTS, name) ?? retryHint(name, POLICY);
}
