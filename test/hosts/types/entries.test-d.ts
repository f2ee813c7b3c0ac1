// Every entry is found, by a compiler that knows no `exports` too. All but systole/temporal and
// systole/otel, whose peers are not installed here.
import { ActivityRuntime } from 'systole';
import { contextInterceptor, heartbeat } from 'systole/context';
import { fileStore } from 'systole/node';
import { activityInfo } from 'systole/temporal/activity';
import { TestActivityEnvironment } from 'systole/testing';
import { matchers } from 'systole/testing/matchers';
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
