// Options of a call.
import {
  parseDuration,
  runActivity,
  type ActivityContext,
  type ActivityOptions,
  type CancellationType,
  type Duration,
} from 'systole';
import { check, type Equal } from './assert.js';

declare const importRows: (ctx: ActivityContext<number>, file: string) => Promise<number>;

// Durations: milliseconds, or a number with a unit.
const durations: Duration[] = [
  1500,
  0,
  Infinity,
  '10s',
  '1.5h',
  '250ms',
  '1 ms',
  '5 minutes',
  '1 minute',
  '2 days',
  '1w',
  '1 year',
];
void durations;
const seconds = 30;
const computed: Duration = `${seconds}s`;
void computed;
declare function wait(duration: Duration): void;
// @ts-expect-error Argument of type '"ten seconds"' is not assignable to parameter of type
wait('ten seconds');
// @ts-expect-error Argument of type '"10"' is not assignable to parameter of type 'Duration'
wait('10');
// @ts-expect-error Argument of type '"10 parsecs"' is not assignable
wait('10 parsecs');
// @ts-expect-error Argument of type '"s"' is not assignable
wait('s');
// @ts-expect-error Argument of type '""' is not assignable
wait('');
// @ts-expect-error Argument of type 'string' is not assignable
wait(String(10));
// @ts-expect-error Argument of type '(10n|bigint)' is not assignable
wait(10n);
// @ts-expect-error Argument of type 'undefined' is not assignable
wait(undefined);
// @ts-expect-error Argument of type 'Date' is not assignable
wait(new Date());

// A string that only the running program knows.
declare const env: Record<string, string | undefined>;
// @ts-expect-error Argument of type 'string' is not assignable
wait(env.TIMEOUT ?? '2 minutes');
wait(parseDuration(env.TIMEOUT ?? '2 minutes', 'TIMEOUT'));
check<Equal<ReturnType<typeof parseDuration>, number>>(true);
// @ts-expect-error Argument of type 'string | undefined' is not assignable
parseDuration(env.TIMEOUT);

// Every option, and `undefined` said out loud for each of them.
void runActivity(importRows, {
  args: ['big.csv'],
  activityId: 'import-1',
  activityType: 'importRows',
  heartbeatTimeout: '10s',
  startToCloseTimeout: '5 minutes',
  scheduleToStartTimeout: 1500,
  scheduleToCloseTimeout: '1h',
  startDelay: 0,
  retryPolicy: { maximumAttempts: 5 },
  heartbeatThrottleInterval: 0,
  signal: AbortSignal.timeout(1000),
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  attemptOverlap: 'forbid',
  priority: 1,
});
const unset = {
  activityId: undefined,
  activityType: undefined,
  heartbeatTimeout: undefined,
  startToCloseTimeout: undefined,
  scheduleToStartTimeout: undefined,
  scheduleToCloseTimeout: undefined,
  startDelay: undefined,
  retryPolicy: undefined,
  heartbeatThrottleInterval: undefined,
  signal: undefined,
  cancellationType: undefined,
  attemptOverlap: undefined,
  priority: undefined,
} satisfies ActivityOptions;
void runActivity(importRows, { args: ['big.csv'], ...unset });
void runActivity(() => 1, { args: undefined, ...unset });
void runActivity(importRows, { args: ['big.csv'], attemptOverlap: 'allow' });
void runActivity(importRows, { args: ['big.csv'], attemptOverlap: '30s' });
check<Equal<CancellationType, 'TRY_CANCEL' | 'WAIT_CANCELLATION_COMPLETED' | 'ABANDON'>>(true);

// Options prepared elsewhere, read-only ones included.
declare const prepared: ActivityOptions;
void runActivity(importRows, { ...prepared, args: ['big.csv'] });
void runActivity(() => 1, prepared);
declare const frozen: Readonly<ActivityOptions & { args: readonly [string] }>;
void runActivity(importRows, frozen);
// @ts-expect-error Cannot assign to 'activityId' because it is a read-only property
prepared.activityId = 'other';

// Values that do not fit.
// @ts-expect-error Type '"10"' is not assignable to type 'Duration
void runActivity(() => 1, { heartbeatTimeout: '10' });
// @ts-expect-error Type '"ten seconds"' is not assignable to type 'Duration
void runActivity(() => 1, { startToCloseTimeout: 'ten seconds' });
// @ts-expect-error Type 'null' is not assignable to type 'Duration
void runActivity(() => 1, { heartbeatTimeout: null });
// @ts-expect-error Type '"try_cancel"' is not assignable to type 'CancellationType
void runActivity(() => 1, { cancellationType: 'try_cancel' });
// @ts-expect-error Type '"never"' is not assignable to type
void runActivity(() => 1, { attemptOverlap: 'never' });
// @ts-expect-error Type '(true|boolean)' is not assignable to type
void runActivity(() => 1, { attemptOverlap: true });
// @ts-expect-error Type 'string' is not assignable to type 'number'
void runActivity(() => 1, { priority: 'high' });
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runActivity(() => 1, { activityId: 7 });
// @ts-expect-error Type 'AbortController' is missing the following properties
void runActivity(() => 1, { signal: new AbortController() });
// @ts-expect-error Type 'number' has no properties in common with type 'RetryPolicy'
void runActivity(() => 1, { retryPolicy: 5 });

// Names that do not exist, or are another library's.
// @ts-expect-error 'heartbeatTimout' does not exist in type
void runActivity(() => 1, { heartbeatTimout: '10s' });
// @ts-expect-error 'retries' does not exist in type
void runActivity(importRows, { args: ['big.csv'], retries: 3 });
// @ts-expect-error 'timeout' does not exist in type
void runActivity(importRows, { args: ['big.csv'], timeout: '10s' });
// @ts-expect-error 'taskQueue' does not exist in type
void runActivity((_ctx: ActivityContext, file?: string) => file, { taskQueue: 'imports' });
// @ts-expect-error 'maxAttempts' does not exist in type 'RetryPolicy'
void runActivity(() => 1, { retryPolicy: { maxAttempts: 3 } });
