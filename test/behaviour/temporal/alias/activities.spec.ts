import { expect, test } from 'vitest';
import { ActivityRuntime, CancelledFailure } from 'systole';
import { contextInterceptor } from 'systole/context';
import {
  askTheClient,
  callLater,
  callLaterByToken,
  importRows,
  look,
  refuse,
  remember,
  untilCancelled,
} from './activities.js';

const runtime = new ActivityRuntime({ interceptors: [contextInterceptor], logger: false });

test('resumes where the previous attempt stopped', async () => {
  const starts: number[] = [];
  runtime.on('started', ({ attempt }) => starts.push(attempt));
  expect(await runtime.run(() => importRows(['a', 'b', 'c']))).toBe(3);
  expect(starts).toEqual([1, 2]);
});

test('fails for good', async () => {
  await expect(runtime.run(refuse)).rejects.toMatchObject({
    retryState: 'NON_RETRYABLE_FAILURE',
    cause: { type: 'Refused', details: [1] },
  });
});

test('is cancelled', async () => {
  const handle = runtime.start(untilCancelled);
  handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({
    cause: expect.any(CancelledFailure) as unknown,
  });
  await handle.settled();
});

test('is completed from outside', async () => {
  const handle = runtime.start(callLater);
  handle.complete('done' as never);
  expect(await handle.result()).toBe('done');
});

test.each(['taskToken', 'base64TaskToken'] as const)('is completed by its %s', async (form) => {
  const tokens: (string | Uint8Array)[] = [];
  const handle = runtime.start(() =>
    callLaterByToken((info) => {
      expect(Buffer.from(info.taskToken).toString('base64')).toBe(info.base64TaskToken);
      tokens.push(info[form]);
    }),
  );
  await runtime.completion.complete(tokens[0]!, 'done');
  expect(await handle.result()).toBe('done');
});

test('has the exports of Temporal’s module', async () => {
  const seen = await runtime.run(look, { activityId: 'look-1', heartbeatTimeout: '10s' });
  expect(seen).toEqual({
    info: {
      taskToken: expect.any(Uint8Array) as unknown,
      base64TaskToken: expect.any(String) as unknown,
      activityId: 'look-1',
      activityRunId: 'look-1',
      activityType: 'look',
      activityNamespace: 'systole',
      attempt: 1,
      heartbeatDetails: undefined,
      heartbeatTimeoutMs: 10_000,
      inWorkflow: false,
      isLocal: false,
      namespace: 'systole',
      taskQueue: 'systole',
      priority: { priorityKey: 3 },
      scheduledTimestampMs: expect.any(Number) as unknown,
      currentAttemptScheduledTimestampMs: expect.any(Number) as unknown,
      startToCloseTimeoutMs: 0,
      scheduleToCloseTimeoutMs: 0,
      retryPolicy: {
        initialInterval: 1_000,
        backoffCoefficient: 2,
        maximumInterval: 100_000,
        maximumAttempts: 0,
        nonRetryableErrorTypes: [],
      },
    },
    aborted: false,
    details: 'none',
    cancelled: true,
  });
});

test('details go through JSON, and a heartbeat without details keeps them', async () => {
  const retryPolicy = { initialInterval: 1 };
  const details = { at: new Date(0), missing: undefined };
  const kept = await runtime.run(() => remember(details), { retryPolicy });
  expect(kept).toEqual({ at: '1970-01-01T00:00:00.000Z' });
});

test('getClient() throws', async () => {
  const run = runtime.run(askTheClient, { retryPolicy: { maximumAttempts: 1 } });
  await expect(run).rejects.toThrow(/getClient\(\): there is no client/);
});
