/** The program. It does not know where its activities run. */
import { ActivityFailure, ApplicationFailure, type ActivityRunner } from 'systole';
import { checkFile, importRows, watchFolder } from './activities.js';

/** Runs three activities and prints their outcomes. */
export async function program(runtime: ActivityRunner): Promise<void> {
  const { row, starts } = await runtime.run(importRows, {
    args: [['ada', 'alan', 'barbara', 'edsger', 'grace', 'tony']],
    heartbeatTimeout: '5s',
    startToCloseTimeout: '1m',
    retryPolicy: { initialInterval: '50ms' },
  });
  console.log(`${row} rows imported by attempts that started at rows ${starts.join(' and ')}`);

  try {
    await runtime.run(checkFile, { args: ['empty.csv'], startToCloseTimeout: '1m' });
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { attempt, retryState, cause } = error;
    const type = cause instanceof ApplicationFailure ? cause.type : undefined;
    console.log(`refused at attempt ${attempt}: ${String(type)} (${String(retryState)})`);
  }

  const handle = await runtime.start(watchFolder, {
    startToCloseTimeout: '1m',
    heartbeatTimeout: '5s',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  while ((await handle.describe()).runState !== 'STARTED') {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await handle.cancel('enough');
  await handle.result().catch((error: unknown) => console.log((error as Error).message));
}
