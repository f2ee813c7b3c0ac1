import { runActivity, type ActivityContext } from 'systole';
import { insert, people, trouble } from './database.js';

trouble.set('edsger', () => new Promise(() => {})); // it never answers

async function importPeople(ctx: ActivityContext<number>) {
  let done = ctx.heartbeatDetails ?? 0;
  for (const name of people.slice(done)) {
    ctx.signal.throwIfAborted(); // an attempt that has ended does nothing more
    await insert(name);
    ctx.heartbeat(++done);
  }
}

await runActivity(importPeople, {
  activityId: 'people',
  heartbeatTimeout: '1s', // a second without a heartbeat is a hang
  retryPolicy: { initialInterval: '200ms', maximumAttempts: 5 },
});
