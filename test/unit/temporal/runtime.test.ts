import { AsyncResource } from 'node:async_hooks';
import {
  ActivityCompletionError,
  ActivityExecutionAlreadyStartedError,
  ServiceError,
  type Client,
} from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  type ActivityContext,
  type ActivityOptions,
} from 'systole';
import { TemporalRuntime, toTemporal } from 'systole/temporal';

/** A client that records what it should start, and starts nothing. */
function fakeClient(): { client: Client; started: unknown[] } {
  const started: unknown[] = [];
  const activity = {
    start: async (type: string, options: { id: string }) => {
      started.push({ type, ...options });
      return { activityId: options.id, runId: 'run' };
    },
  };
  return { client: { activity } as unknown as Client, started };
}

async function importRows(_ctx: ActivityContext, _file: string): Promise<void> {}

const minute = { startToCloseTimeout: '1m' } as const;

describe('start sends', () => {
  test('options in Temporal’s form, with every part of the retry policy', async () => {
    const { client, started } = fakeClient();
    const runtime = new TemporalRuntime({
      client,
      taskQueue: 'imports',
      defaults: { startToCloseTimeout: '1h', priority: 2 },
    });
    await runtime.start(importRows, {
      args: ['a.csv'],
      activityId: 'import-1',
      heartbeatTimeout: '10s',
      scheduleToStartTimeout: Infinity,
      scheduleToCloseTimeout: '30m',
      startDelay: 500,
      idConflictPolicy: 'USE_EXISTING',
      retryPolicy: { maximumInterval: 500, maximumAttempts: 4, nonRetryableErrorTypes: ['Bad'] },
    });
    expect(started).toEqual([
      {
        type: 'importRows',
        id: 'import-1',
        taskQueue: 'imports',
        args: ['a.csv'],
        heartbeatTimeout: 10_000,
        startToCloseTimeout: 1_800_000,
        scheduleToStartTimeout: 1_800_000,
        scheduleToCloseTimeout: 1_800_000,
        startDelay: 500,
        idConflictPolicy: 'FAIL',
        priority: { priorityKey: 2 },
        retry: {
          initialInterval: 500,
          maximumInterval: 500,
          backoffCoefficient: 2,
          maximumAttempts: 4,
          nonRetryableErrorTypes: ['Bad'],
        },
      },
    ]);
  });

  test('a generated id, and no limit of attempts', async () => {
    const { client, started } = fakeClient();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    const handle = await runtime.start(importRows, { args: ['a.csv'], ...minute });
    expect(handle.activityId).toMatch(/^[\da-f-]{36}$/);
    expect(started).toMatchObject([{ id: handle.activityId }]);
    expect((started[0] as { retry: object }).retry).not.toHaveProperty('maximumAttempts');
  });
});

test('start sends numbers that the server supports, rounded if necessary', async () => {
  const { client, started } = fakeClient();
  const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
  const century = 100 * 365 * 24 * 60 * 60 * 1000;
  await runtime.start(importRows, {
    args: ['a.csv'],
    startToCloseTimeout: 1e300,
    heartbeatTimeout: 0.5,
    startDelay: 1e16,
    retryPolicy: { initialInterval: 0.2, maximumAttempts: 2 ** 32 },
  });
  await runtime.start(importRows, {
    args: ['a.csv'],
    ...minute,
    retryPolicy: { initialInterval: 1e14, maximumAttempts: 2 ** 31 - 1 },
  });
  expect(started).toMatchObject([
    {
      startToCloseTimeout: century,
      heartbeatTimeout: 1,
      startDelay: century,
      retry: { initialInterval: 1, maximumInterval: 20 },
    },
    { retry: { initialInterval: century, maximumInterval: century, maximumAttempts: 2 ** 31 - 1 } },
  ]);
  expect((started[0] as { retry: object }).retry).not.toHaveProperty('maximumAttempts');
});

test('complete refuses a promise before the server is asked', async () => {
  const runtime = new TemporalRuntime({ client: fakeClient().client, taskQueue: 'imports' });
  const handle = await runtime.start(importRows, { args: ['a.csv'], ...minute });
  const refused = /^complete: received an instance of Promise; expected the awaited value/;
  await expect(handle.complete(Promise.resolve() as never)).rejects.toThrow(refused);
  const token = Buffer.from('token').toString('base64');
  await expect(runtime.completion.complete(token, Promise.resolve())).rejects.toThrow(refused);
});

test.each(['Error deserializing task token.', 'Task token not set on request.'])(
  'a completion refuses a value that is not a token: %s',
  async (message) => {
    const complete = async (): Promise<void> => {
      throw new ActivityCompletionError(message);
    };
    const client = { activity: { complete } } as unknown as Client;
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    const error: unknown = await runtime.completion
      .complete('garbage')
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ActivityNotFoundError);
    expect(error).toMatchObject({
      message: 'No running attempt has this task token; it has ended, or the token is wrong',
    });
  },
);

test('an option that the server refuses causes a TypeError with the server’s words', async () => {
  const words = 'activityId exceeds length limit. Length=2000 Limit=1000';
  const start = async (): Promise<never> => {
    const cause = Object.assign(new Error(`3 INVALID_ARGUMENT: ${words}`), {
      code: 3,
      details: words,
      metadata: {},
    });
    throw new ServiceError('Failed to start activity', { cause });
  };
  const client = { activity: { start } } as unknown as Client;
  const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
  const error: unknown = await runtime
    .start(importRows, { args: ['a.csv'], ...minute })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({
    message: `start: Temporal refused an option: ${words}`,
    cause: { message: 'Failed to start activity' },
  });
});

describe('the function is found', () => {
  test('by its name, its registered name or activityType', async () => {
    const { client, started } = fakeClient();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    const registered = async (_ctx: ActivityContext): Promise<void> => {};
    toTemporal({ otherName: registered });
    await runtime.start(importRows, { args: ['a'], ...minute });
    await runtime.start(registered, minute);
    await runtime.start(async () => {}, { ...minute, activityType: 'third' });
    expect(started).toMatchObject([
      { type: 'importRows' },
      { type: 'otherName' },
      { type: 'third' },
    ]);
  });

  test.each([
    ['an inline function', async (): Promise<void> => {}],
    ['a bound function', importRows.bind(undefined)],
    ['a function of AsyncResource.bind', AsyncResource.bind(importRows)],
  ])('%s is refused', async (_, fn) => {
    const { client } = fakeClient();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    await expect(runtime.run(fn as () => Promise<void>, minute)).rejects.toThrow(
      /this function has none.*toTemporal\(\{ importRows \}\)/s,
    );
  });
});

describe('TemporalRuntime refuses by name', () => {
  const refused: readonly (readonly [string, ActivityOptions, string])[] = [
    ['progressTimeout', { progressTimeout: '1s' }, 'startToCloseTimeout'],
    ['concurrencyKey', { concurrencyKey: 'db' }, 'task queue'],
    ['attemptOverlap', { attemptOverlap: 'forbid' }, 'idempotent'],
    ['attemptOverlap', { attemptOverlap: '5s' }, 'idempotent'],
    [
      'retryPolicy.shouldRetry',
      { retryPolicy: { shouldRetry: () => true } },
      'throw ApplicationFailure.nonRetryable() in the activity',
    ],
    [
      'retryPolicy.onFailedAttempt',
      { retryPolicy: { onFailedAttempt: () => {} } },
      'use an interceptor of toTemporal',
    ],
    ['retryPolicy.jitter', { retryPolicy: { jitter: 0.5 } }, 'leave it out'],
    [
      'retryPolicy.maximumAttemptsWithoutProgress',
      { retryPolicy: { maximumAttemptsWithoutProgress: 3 } },
      'maximumAttempts',
    ],
    [
      'retryPolicy.nonRetryableErrorTypes[0]',
      { retryPolicy: { nonRetryableErrorTypes: [TypeError] } },
      '"TypeError"',
    ],
    ['cancellationDelivery', { cancellationDelivery: 'immediate' }, "'heartbeat'"],
    ['heartbeatThrottleInterval', { heartbeatThrottleInterval: 0 }, 'maxHeartbeatThrottleInterval'],
  ];

  test.each(refused)('%s, an option that Temporal does not have', async (name, options, advice) => {
    const { client, started } = fakeClient();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    const error: unknown = await runtime
      .run(importRows, { args: ['a'], ...minute, ...options })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(`Temporal has no ${name}`);
    expect((error as Error).message).toContain(advice);
    expect(started).toEqual([]);
    expect(() => new TemporalRuntime({ client, taskQueue: 'q', defaults: options })).toThrow(name);
  });

  test('an activity without a limit', async () => {
    const { client } = fakeClient();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    await expect(runtime.run(importRows, { args: ['a'] })).rejects.toThrow(
      /startToCloseTimeout or scheduleToCloseTimeout/,
    );
  });

  test.each([
    ['store', /the server keeps/],
    ['maxConcurrentActivities', /Worker/],
    ['maxConcurrentPerKey', /task queue/],
    ['logger', /worker/],
    ['taskQueu', /taskQueue/],
  ])('the option %s of the runtime', (name, advice) => {
    const { client } = fakeClient();
    const options = { client, taskQueue: 'imports', [name]: {} };
    expect(() => new TemporalRuntime(options)).toThrow(TypeError);
    expect(() => new TemporalRuntime(options)).toThrow(advice);
  });

  test.each([
    [{ taskQueue: 'q' }, /client: received undefined/],
    [{ client: fakeClient().client }, /taskQueue: received undefined/],
    [{ client: fakeClient().client, taskQueue: '' }, /taskQueue: received ""/],
    [
      { client: fakeClient().client, taskQueue: 'q', defaults: { activityId: 'a' } },
      /an option of each call/,
    ],
    [
      { client: fakeClient().client, taskQueue: 'q', defaults: { heartbeatTimeout: '10' } },
      /heartbeatTimeout: received "10"/,
    ],
  ])('bad options: %#', (options, message) => {
    expect(() => new TemporalRuntime(options as never)).toThrow(message);
  });
});

describe('USE_EXISTING', () => {
  /** A client of a server where import-1 is open, as run-1, and never ends. */
  function clientWithOpen(): { client: Client; asked: unknown[] } {
    const asked: unknown[] = [];
    const description = { activityId: 'import-1', activityType: 'importRows', attempt: 2 };
    const activity = {
      start: async (_type: string, { id }: { id: string }) => {
        throw new ActivityExecutionAlreadyStartedError('already started', id, 'run-1');
      },
      getHandle: (activityId: string, runId: string) => ({
        activityId,
        runId,
        describe: async () => ({ ...description, lastStartedTime: new Date() }),
        cancel: async (reason: string) => void asked.push(['cancel', runId, reason]),
        result: () => new Promise(() => {}),
      }),
    };
    const withAbortSignal = (_: AbortSignal, run: () => unknown): unknown => run();
    return { client: { activity, withAbortSignal } as unknown as Client, asked };
  }
  const call = { args: ['a.csv'], activityId: 'import-1', ...minute } as const;

  test('the signal of a caller who joined ends only its own wait', async () => {
    const { client, asked } = clientWithOpen();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    const controller = new AbortController();
    const joined = await runtime.start(importRows, {
      ...call,
      idConflictPolicy: 'USE_EXISTING',
      signal: controller.signal,
    });
    controller.abort('enough');
    await expect(joined.result()).rejects.toMatchObject({
      activityId: 'import-1',
      attempt: 2,
      retryState: 'CANCEL_REQUESTED',
      cause: { message: 'CANCELLED', cause: 'enough' },
    });
    expect(asked).toEqual([]);
    await joined.cancel('for all');
    expect(asked).toEqual([['cancel', 'run-1', 'for all']]);
  });

  test("is needed to use an open activity's id again", async () => {
    const { client } = clientWithOpen();
    const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
    await expect(runtime.start(importRows, call)).rejects.toBeInstanceOf(
      ActivityAlreadyStartedError,
    );
  });
});

test('a call whose signal has already aborted schedules nothing', async () => {
  const { client, started } = fakeClient();
  const runtime = new TemporalRuntime({ client, taskQueue: 'imports' });
  const run = runtime.run(importRows, { args: ['a'], ...minute, signal: AbortSignal.abort('no') });
  await expect(run).rejects.toMatchObject({
    attempt: 0,
    retryState: 'CANCEL_REQUESTED',
    cause: { message: 'CANCELLED', cause: 'no' },
  });
  expect(started).toEqual([]);
});
