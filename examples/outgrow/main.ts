/**
 * One program, in this process or on Temporal, with the same output:
 *
 *   npx tsx main.ts
 *   TEMPORAL_ADDRESS=localhost:7233 npx tsx main.ts --temporal
 *
 * The second command needs a server, and the worker in this folder (worker.ts).
 */
import { ActivityRuntime } from 'systole';
import { program } from './program.js';

if (process.argv.includes('--temporal')) {
  const address = process.env['TEMPORAL_ADDRESS'];
  if (address === undefined) {
    console.log('left out: no TEMPORAL_ADDRESS');
  } else {
    const { Client, Connection } = await import('@temporalio/client');
    const { TemporalRuntime } = await import('systole/temporal');
    const connection = await Connection.connect({ address });
    const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
    const client = new Client({ connection, namespace });
    const taskQueue = process.env['TEMPORAL_TASK_QUEUE'] ?? 'outgrow';
    await program(new TemporalRuntime({ client, taskQueue }));
    await connection.close();
  }
} else {
  await program(new ActivityRuntime({ logger: false }));
}
