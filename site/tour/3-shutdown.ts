import { ActivityRuntime, isCancellation } from 'systole';
import { insert, people, trouble } from './database.js';
import { importPeople } from './import-people.js';

trouble.set('edsger', () => process.kill(process.pid, 'SIGTERM')); // a deployment begins

const runtime = new ActivityRuntime({
  defaults: { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 5 } },
});
process.once('SIGTERM', () => void runtime.shutdown());

try {
  await runtime.run(importPeople, { activityId: 'people', args: [people, insert] });
} catch (error) {
  if (!isCancellation(error)) throw error;
  console.log('stopped between two names');
}
