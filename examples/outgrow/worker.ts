/**
 * The Temporal worker for main.ts. It needs `npm install @temporalio/worker`, and ends at Ctrl+C.
 */
import { toTemporal } from 'systole/temporal';
import * as activities from './activities.js';

/** The parts of `@temporalio/worker` that this program uses. If you have it installed, import it. */
interface WorkerModule {
  readonly NativeConnection: { connect(options: { address: string }): Promise<unknown> };
  readonly Worker: { create(options: object): Promise<{ run(): Promise<void> }> };
}

const name = '@temporalio/worker';
const { NativeConnection, Worker } = (await import(name)) as WorkerModule;
const worker = await Worker.create({
  connection: await NativeConnection.connect({
    address: process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233',
  }),
  namespace: process.env['TEMPORAL_NAMESPACE'] ?? 'default',
  taskQueue: process.env['TEMPORAL_TASK_QUEUE'] ?? 'outgrow',
  activities: toTemporal({ ...activities }),
});
await worker.run();
