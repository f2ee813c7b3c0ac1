import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import type { ActivityContext } from 'systole';
import { TemporalRuntime, type TemporalActivityHandle } from 'systole/temporal';

/** A handle, and what the server is asked for by it: the call and its options. */
async function started(): Promise<{ handle: TemporalActivityHandle; asked: unknown[] }> {
  const asked: unknown[] = [];
  const ask = (call: string) => async (options: unknown) => void asked.push([call, options]);
  const description = {
    retryPolicy: {},
    priority: {},
    getHeartbeatDetails: async () => 'kept',
    getLastFailure: async () => undefined,
  };
  const activity = {
    start: async (_type: string, { id }: { id: string }) => ({
      activityId: id,
      runId: 'run',
      describe: async () => description,
      unpause: ask('unpause'),
      updateOptions: ask('updateOptions'),
    }),
    heartbeat: async (_id: unknown, details: unknown) => void asked.push(['heartbeat', details]),
  };
  const client = {
    activity,
    options: {},
    workflowService: { resetActivityExecution: ask('reset') },
  } as unknown as Client;
  const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
  const work = async (_ctx: ActivityContext): Promise<void> => {};
  return { handle: await runtime.start(work, { startToCloseTimeout: '1m' }), asked };
}

test('heartbeat: null replaces the details, none keep them', async () => {
  const { handle, asked } = await started();
  await handle.heartbeat(null);
  await handle.heartbeat();
  expect(asked).toEqual([
    ['heartbeat', null],
    ['heartbeat', 'kept'],
  ]);
});
