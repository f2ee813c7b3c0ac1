// Every entry is found, by a compiler that knows no `exports` too. All but systole/temporal and
// systole/otel, whose peers are not installed here.
import { ActivityRuntime, type ActivityContext } from 'systole';
import { contextInterceptor, heartbeat } from 'systole/context';
import { fileStore } from 'systole/node';
import { activityInfo } from 'systole/temporal/activity';
import { TestActivityEnvironment } from 'systole/testing';
import { matchers } from 'systole/testing/matchers';
import { workerPool } from 'systole/workers';
import { check, type Equal } from './assert.js';

const runtime = new ActivityRuntime({
  store: fileStore('store'),
  interceptors: [contextInterceptor],
});
check<Equal<typeof runtime, ActivityRuntime>>(true);
check<Equal<Parameters<typeof heartbeat>, [details?: unknown]>>(true);
check<Equal<ReturnType<typeof activityInfo>['attempt'], number>>(true);
const environment = new TestActivityEnvironment();
check<Equal<typeof environment, TestActivityEnvironment>>(true);
check<Equal<typeof matchers, never>>(false);

declare const module: {
  resize(ctx: ActivityContext<{ done: number }>, folder: string): Promise<number>;
  readonly VERSION: string;
};
const pool = workerPool<typeof module>(new URL('file:///resize.js'), { maxWorkers: 4 });
check<Equal<keyof typeof pool.activities, 'resize'>>(true);
const resized = runtime.run(pool.activities.resize, { args: ['photos'] });
check<Equal<typeof resized, Promise<number>>>(true);
// @ts-expect-error Expected 2 arguments, but got 1
void runtime.run(pool.activities.resize);
