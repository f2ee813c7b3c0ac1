import { ActivityRuntime, isCancellation } from 'systole';
import { insert, people, trouble } from './database.js';
import { importInto } from './import-people.js';

trouble.set('edsger', () => process.kill(process.pid, 'SIGTERM')); // a deployment begins

const runtime = new ActivityRuntime({
  defaults: { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 5 } },
});
process.once('SIGTERM', () => void runtime.shutdown());

try {
  await runtime.run(importInto(insert), { activityId: 'people', args: [people] });
} catch (error) {
  if (!isCancellation(error)) throw error;
  console.log('stopped between two names');
}
