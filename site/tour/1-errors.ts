import { runActivity, type ActivityContext } from 'systole';
import { insert, people, trouble } from './database.js';

trouble.set('barbara', () => Promise.reject(new Error('connection lost')));

async function importPeople(ctx: ActivityContext<number>) {
  let done = ctx.heartbeatDetails ?? 0; // where the last attempt stopped
  for (const name of people.slice(done)) {
    await insert(name);
    ctx.heartbeat(++done); // this is how far I got
  }
}

await runActivity(importPeople, {
  activityId: 'people',
  retryPolicy: { initialInterval: '200ms', maximumAttempts: 5 },
});
