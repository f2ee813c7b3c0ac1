import type { Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import type { ActivityContext, OptionsPatch } from 'systole';
import { TemporalRuntime, type TemporalActivityHandle } from 'systole/temporal';

/** A handle, and its requests to the server: the call and its options. */
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

test('heartbeat with null replaces the details, and without details keeps them', async () => {
  const { handle, asked } = await started();
  await handle.heartbeat(null);
  await handle.heartbeat();
  expect(asked).toEqual([
    ['heartbeat', null],
    ['heartbeat', 'kept'],
  ]);
});

describe('updateOptions', () => {
  test('sends durations in milliseconds, and null for none', async () => {
    const { handle, asked } = await started();
    await handle.updateOptions({
      heartbeatTimeout: Infinity,
      startToCloseTimeout: '2m',
      scheduleToStartTimeout: 0,
      scheduleToCloseTimeout: null,
      progressTimeout: null,
      startDelay: '5s',
      priority: 1,
      retryPolicy: { maximumAttempts: 2 },
    });
    const retry = {
      initialInterval: 1_000,
      backoffCoefficient: 2,
      maximumInterval: 100_000,
      maximumAttempts: 2,
      nonRetryableErrorTypes: [],
    };
    expect(asked).toEqual([
      [
        'updateOptions',
        {
          heartbeatTimeout: null,
          startToCloseTimeout: 120_000,
          scheduleToStartTimeout: null,
          scheduleToCloseTimeout: null,
          startDelay: 5_000,
          priority: { priorityKey: 1 },
          retry,
        },
      ],
    ]);
  });

  test.each([{}, { heartbeatTimeout: undefined }, { progressTimeout: null }])(
    'sends nothing if there is nothing to change: %o',
    async (patch) => {
      const { handle, asked } = await started();
      await handle.updateOptions(patch);
      expect(asked).toEqual([]);
    },
  );

  const refused: readonly (readonly [OptionsPatch, string])[] = [
    [{ priority: 9 }, 'priority: received 9'],
    [{ startDelay: Infinity }, 'startDelay: received Infinity; expected a finite duration'],
    [{ progressTimeout: '1s' }, 'Temporal has no progressTimeout'],
    [{ retryPolicy: { jitter: 0.5 } }, 'Temporal has no retryPolicy.jitter'],
    [
      { retryPolicy: { maximumAttemptsWithoutProgress: 2 } },
      'Temporal has no retryPolicy.maximumAttemptsWithoutProgress',
    ],
    [
      { retryPolicy: { nonRetryableErrorTypes: [TypeError] } },
      'Temporal has no retryPolicy.nonRetryableErrorTypes[0] by class',
    ],
    [{ heartbeatTimeot: 1 } as OptionsPatch, 'did you mean "heartbeatTimeout"?'],
  ];

  test.each(refused)('refuses %o', async (patch, message) => {
    const { handle, asked } = await started();
    const error: unknown = await handle.updateOptions(patch).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(message);
    expect(asked).toEqual([]);
  });
});

describe('unpause and reset', () => {
  test('send the jitter in milliseconds', async () => {
    const { handle, asked } = await started();
    await handle.unpause({ jitter: '2s' });
    await handle.reset({ jitter: 1_500, keepPaused: true });
    expect(asked).toMatchObject([
      ['unpause', { jitter: 2_000 }],
      ['reset', { jitter: { seconds: 1, nanos: 500_000_000 }, keepPaused: true }],
    ]);
  });

  test.each([
    ['unpause', { jiter: 1 }, 'unpause has no option "jiter"; did you mean "jitter"?'],
    ['unpause', { jitter: Infinity }, 'jitter: received Infinity; expected a finite duration'],
    ['unpause', { jitter: 'soon' }, 'jitter: received "soon"'],
    ['unpause', null, 'unpause: received null'],
    ['reset', { keepPause: true }, 'reset has no option "keepPause"'],
    ['reset', { jitter: Infinity }, 'jitter: received Infinity; expected a finite duration'],
    ['reset', null, 'reset: received null'],
  ] as const)('%s refuses %o', async (call, options, message) => {
    const { handle, asked } = await started();
    const error: unknown = await handle[call](options as never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(message);
    expect(asked).toEqual([]);
  });
});
