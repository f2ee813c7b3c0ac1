// Heartbeats of one activity as a Response, and a store in the browser.
import { ActivityRuntime, startActivity, type ActivityContext } from 'systole';
import { durableStore, type DurableStore } from 'systole/durable';
import { heartbeatResponse, webStore, type WebStore } from 'systole/web';
import { typeOf } from './assert.js';

const handle = startActivity((ctx: ActivityContext<{ row: number }>) => ctx.sleep(1));
typeOf(heartbeatResponse(handle)).is<Response>();
heartbeatResponse(handle, { request: new Request('http://x/'), details: false });
heartbeatResponse(handle, { request: { headers: { 'last-event-id': 'x', host: undefined } } });

// @ts-expect-error is not assignable to parameter of type 'FollowedActivity'
heartbeatResponse({});
// @ts-expect-error 'requests' does not exist in type 'HeartbeatResponseOptions'
heartbeatResponse(handle, { requests: 1 });

const store = webStore();
typeOf(store).is<WebStore>();
webStore('jobs', { durability: 'strict' });
new ActivityRuntime({ store });
typeOf(durableStore(store)).is<WebStore & DurableStore>();
typeOf(store.entered('x')).is<Promise<void>>();
typeOf(store.closeDatabase()).is<void>();

// @ts-expect-error is not assignable to parameter of type 'string
webStore({ durability: 'strict' });
// @ts-expect-error '"lax"' is not assignable to type
webStore('jobs', { durability: 'lax' });
// @ts-expect-error 'synchronous' does not exist in type 'WebStoreOptions'
webStore('jobs', { synchronous: 'full' });
