// Handles, proxies, completion and shutdown.
import {
  ActivityRuntime,
  proxyActivities,
  startActivity,
  type ActivityContext,
  type ActivityDescription,
  type ActivityHandle,
  type HeartbeatReport,
  type RuntimeStats,
  type ShutdownResult,
} from 'systole';
import { typeOf } from './assert.js';

const importRows = async (ctx: ActivityContext<{ line: number }>, file: string): Promise<number> =>
  (ctx.heartbeatDetails?.line ?? 0) + file.length;

const runtime = new ActivityRuntime({ maxConcurrentPerKey: 2, maxActivitiesPerSecond: 5 });

// A handle knows the result and the details.
const handle = startActivity(importRows, { args: ['big.csv'] });
typeOf(handle).is<ActivityHandle<number, { line: number }>>();
typeOf(handle.result()).is<Promise<number>>();
typeOf(handle.describe()).is<ActivityDescription<{ line: number }>>();
typeOf(handle.heartbeats()).is<AsyncIterable<HeartbeatReport<{ line: number }>>>();
void (async () => {
  for await (const { details, attempt, timestamp } of handle.heartbeats()) {
    typeOf(details).is<{ line: number }>();
    typeOf(attempt).is<number>();
    typeOf(timestamp).is<number>();
  }
});
typeOf(handle.describe().heartbeatDetails).is<{ line: number } | undefined>();
typeOf(runtime.start(importRows, { args: ['x'] })).is<ActivityHandle<number, { line: number }>>();
typeOf(runtime.getHandle('id')).is<ActivityHandle<unknown, unknown>>();
handle.complete(5);
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type 'number'
handle.complete('5');
handle.heartbeat({ line: 5 });
// @ts-expect-error 'string' is not assignable to type 'number'
handle.heartbeat({ line: '5' });
handle.unpause({ jitter: '5s' });
handle.updateOptions({ heartbeatTimeout: null, retryPolicy: { maximumAttempts: 3 } });
// @ts-expect-error Object literal may only specify known properties
handle.updateOptions({ args: [] });
// @ts-expect-error Expected 2 arguments, but got 1
startActivity(importRows);

// A proxy has the functions without the context, and nothing else.
class Mailer {
  readonly from = 'someone';
  send(_ctx: ActivityContext, to: string, times?: number): Promise<string> {
    return Promise.resolve(this.from + to + String(times));
  }
}
const activities = proxyActivities({ importRows, version: 1 }, { heartbeatTimeout: '10s' });
typeOf(activities.importRows('big.csv')).is<Promise<number>>();
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
void activities.importRows(5);
// @ts-expect-error Property 'version' does not exist
void activities.version;
typeOf(runtime.proxy(new Mailer()).send('a')).is<Promise<string>>();
// @ts-expect-error 'activityId' does not exist in type
proxyActivities({ importRows }, { activityId: 'x' });

typeOf(runtime.completion.complete('token', 1)).is<Promise<void>>();
typeOf(runtime.stats()).is<RuntimeStats>();
typeOf(runtime.list({ status: 'PAUSED' })).is<ActivityDescription[]>();
typeOf(runtime.shutdown({ drain: true, gracePeriod: '5s' })).is<Promise<ShutdownResult>>();
