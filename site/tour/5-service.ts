import { createServer } from 'node:http';
import { ActivityRuntime } from 'systole';
import { fileStore } from 'systole/node';
import { insert, people } from './database.js';
import { importInto } from './import-people.js';

const runtime = new ActivityRuntime({
  store: fileStore('imports'),
  maxConcurrentActivities: 2,
  defaults: { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 5 } },
});

const importPeople = importInto(insert);
await runtime.recover({ importPeople }); // what an earlier process left unfinished

const server = createServer((request, response) => {
  const activityId = (request.url ?? '/').slice(1);
  const options = { activityId, idConflictPolicy: 'USE_EXISTING' } as const;
  const handle = runtime.start(importPeople, { ...options, args: [people] });
  handle.result().then(
    (count) => response.end(`${activityId}: ${count} names\n`),
    (error: unknown) => response.writeHead(503).end(`${String(error)}\n`),
  );
});

server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');

process.once('SIGTERM', () => {
  server.close();
  void runtime.shutdown({ gracePeriod: '5s' });
});
