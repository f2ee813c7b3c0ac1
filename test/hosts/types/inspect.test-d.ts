// The page in the browser.
import { ActivityRuntime } from 'systole';
import { inspect, type Inspector } from 'systole/inspect';
import { typeOf } from './assert.js';

const runtime = new ActivityRuntime();
typeOf(inspect(runtime)).is<Promise<Inspector>>();
void inspect(runtime, { port: 9000, token: undefined, actions: true, details: false });

// @ts-expect-error is not assignable to parameter of type 'Inspectable'
void inspect({});
// @ts-expect-error 'host' does not exist in type 'InspectOptions'
void inspect(runtime, { host: '0.0.0.0' });
