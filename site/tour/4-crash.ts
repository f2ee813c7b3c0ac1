import { ActivityRuntime } from 'systole';
import { fileStore } from 'systole/node';
import { insert, people, trouble } from './database.js';
import { importInto } from './import-people.js';

if (process.argv.includes('--crash')) {
  trouble.set('edsger', () => process.kill(process.pid, 'SIGKILL'));
}

const runtime = new ActivityRuntime({
  store: fileStore('imports'), // a folder with a file for each activity
  defaults: {
    heartbeatTimeout: '1s',
    heartbeatThrottleInterval: 0, // every heartbeat is stored
    retryPolicy: { maximumAttempts: 5 },
  },
});

await runtime.run(importInto(insert), { activityId: 'people', args: [people] });
