// Heartbeats of one activity as a Response.
import { startActivity, type ActivityContext } from 'systole';
import { heartbeatResponse } from 'systole/web';
import { typeOf } from './assert.js';

const handle = startActivity((ctx: ActivityContext<{ row: number }>) => ctx.sleep(1));
typeOf(heartbeatResponse(handle)).is<Response>();
heartbeatResponse(handle, { request: new Request('http://x/'), details: false });
heartbeatResponse(handle, { request: { headers: { 'last-event-id': 'x', host: undefined } } });

// @ts-expect-error is not assignable to parameter of type 'FollowedActivity'
heartbeatResponse({});
// @ts-expect-error 'requests' does not exist in type 'HeartbeatResponseOptions'
heartbeatResponse(handle, { requests: 1 });
