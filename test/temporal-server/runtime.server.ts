/** What only `TemporalRuntime` has, or only a systole activity on a worker. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ActivityFailure,
  ActivityNotFoundError,
  ActivityStateError,
  CancelledFailure,
  TimeoutFailure,
  type ActivityContext,
} from 'systole';
import { TemporalRuntime, toTemporal } from 'systole/temporal';
import { startWorkers, type Workers } from './worker.js';

const told: unknown[] = [];
let attempts = 0;

const tokens: string[] = [];

async function greet(_ctx: ActivityContext, name: string): Promise<{ text: string }> {
  return { text: `hello ${name}` };
}

async function waitToBeTold(ctx: ActivityContext): Promise<never> {
  try {
    for (;;) {
      ctx.heartbeat({ at: 'beat' });
      await ctx.sleep(25);
    }
  } catch (error) {
    told.push(error);
    throw error;
  }
}

async function failOnce(ctx: ActivityContext<{ row: number }>): Promise<number | undefined> {
  attempts += 1;
  if (ctx.info.attempt > 1) return ctx.heartbeatDetails?.row;
  ctx.heartbeat({ row: 41 });
  throw new Error('lost');
}

async function keepsAlive(ctx: ActivityContext<string>): Promise<string> {
  ctx.heartbeat('kept');
  return ctx.keepAlive(new Promise((resolve) => setTimeout(() => resolve('slow'), 1500)));
}

async function context(ctx: ActivityContext): Promise<unknown> {
  const { info, signal, shutdownSignal, cancellationDetails, hasHeartbeatDetails } = ctx;
  ctx.log.debug('here');
  return {
    info,
    token: info.taskToken.length > 20,
    aborted: [signal.aborted, shutdownSignal.aborted],
    cancellationDetails: cancellationDetails ?? 'none',
    hasHeartbeatDetails,
  };
}

async function open(ctx: ActivityContext): Promise<never> {
  tokens.push(ctx.info.taskToken);
  return ctx.completeAsync();
}

const activities = { greet, waitToBeTold, failOnce, keepsAlive, context, open };

let workers: Workers;
let connection: Connection;
let runtime: TemporalRuntime;

beforeAll(async () => {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  workers = await startWorkers(address, namespace, toTemporal(activities));
  connection = await Connection.connect({ address });
  runtime = new TemporalRuntime({
    client: new Client({ connection, namespace }),
    taskQueue: workers.queue('fast'),
    defaults: { startToCloseTimeout: '20s', retryPolicy: { initialInterval: 20 } },
  });
});

afterAll(async () => {
  await workers.stop();
  await connection.close();
});

test('run resolves to the result', async () => {
  expect(await runtime.run(greet, { args: ['you'] })).toEqual({ text: 'hello you' });
});

test('details pass from attempt to attempt', async () => {
  expect(await runtime.run(failOnce)).toBe(41);
  expect(attempts).toBe(2);
});

test('the context is complete', async () => {
  const options = {
    activityId: 'context-1',
    heartbeatTimeout: '4s',
    priority: 2,
    retryPolicy: { maximumAttempts: 3, nonRetryableErrorTypes: ['Bad'] },
  } as const;
  expect(await runtime.run(context, options)).toEqual({
    info: {
      activityId: 'context-1',
      activityType: 'context',
      attempt: 1,
      scheduledTimestampMs: expect.any(Number) as unknown,
      currentAttemptScheduledTimestampMs: expect.any(Number) as unknown,
      startedTimestampMs: expect.any(Number) as unknown,
      heartbeatTimeoutMs: 4_000,
      startToCloseTimeoutMs: 20_000,
      priority: 2,
      retryPolicy: {
        initialInterval: 1_000,
        backoffCoefficient: 2,
        maximumInterval: 100_000,
        maximumAttempts: 3,
        nonRetryableErrorTypes: ['Bad'],
        jitter: 0,
        maximumAttemptsWithoutProgress: null, // Infinity, as JSON has it
      },
    },
    token: true,
    aborted: [false, false],
    cancellationDetails: 'none',
    hasHeartbeatDetails: false,
  });
});

test('keepAlive outlives a heartbeat timeout', async () => {
  expect(await runtime.run(keepsAlive, { heartbeatTimeout: 600 })).toBe('slow');
});

describe('cancellation', () => {
  test('by an outside signal', async () => {
    const controller = new AbortController();
    const run = runtime.run(waitToBeTold, {
      signal: controller.signal,
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    setTimeout(() => controller.abort('outside'), 300);
    const error: unknown = await run.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ActivityFailure);
    expect(error).toMatchObject({
      activityType: 'waitToBeTold',
      attempt: 1,
      retryState: 'CANCEL_REQUESTED',
      cause: { message: 'CANCELLED', cause: 'outside' },
    });
    expect(told.at(-1)).toBeInstanceOf(CancelledFailure);
  });

  test('by a signal that aborts while the activity is being started', async () => {
    const controller = new AbortController();
    const run = runtime.run(waitToBeTold, { signal: controller.signal });
    controller.abort('changed my mind');
    await expect(run).rejects.toMatchObject({ cause: { cause: 'changed my mind' } });
  });

  test('ABANDON tells only the caller', async () => {
    const handle = await runtime.start(waitToBeTold, { cancellationType: 'ABANDON' });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ retryState: 'CANCEL_REQUESTED' });
    expect(await handle.describe()).toMatchObject({ status: 'RUNNING' });
    await handle.terminate();
  });
});

describe('USE_EXISTING', () => {
  const joining = { activityId: 'joined', idConflictPolicy: 'USE_EXISTING' } as const;

  test('callers share the outcome, and a signal only ends the wait of a caller who joined', async () => {
    const first = await runtime.start(waitToBeTold, joining);
    const controller = new AbortController();
    const leaving = runtime.run(waitToBeTold, { ...joining, signal: controller.signal });
    const staying = runtime.run(waitToBeTold, joining);
    setTimeout(() => controller.abort('enough'), 300);
    await expect(leaving).rejects.toMatchObject({ attempt: 1, cause: { cause: 'enough' } });
    expect(await first.describe()).toMatchObject({ status: 'RUNNING', runState: 'STARTED' });
    await first.terminate('over');
    const over = { cause: { name: 'TerminatedFailure', message: 'over' } };
    await expect(staying).rejects.toMatchObject(over);
    await expect(first.result()).rejects.toMatchObject(over);
  });
});

describe('getHandle', () => {
  test('returns the handle of an open activity, which can be seen and steered', async () => {
    const { activityId } = await runtime.start(waitToBeTold, {
      heartbeatTimeout: '5s',
      activityId: 'steered',
    });
    const handle = await runtime.getHandle(activityId);
    await expect
      .poll(async () => (await handle.describe()).heartbeatDetails)
      .toEqual({ at: 'beat' });
    expect(await handle.describe()).toMatchObject({
      activityId,
      activityType: 'waitToBeTold',
      status: 'RUNNING',
      runState: 'STARTED',
      attempt: 1,
      closeTime: undefined,
      lastFailure: undefined,
      lastHeartbeatTime: expect.any(Date) as unknown,
      options: {
        heartbeatTimeout: 5_000,
        startToCloseTimeout: 20_000,
        scheduleToCloseTimeout: undefined,
        priority: 3,
        retryPolicy: { initialInterval: 20, maximumAttempts: Infinity, jitter: 0 },
      },
    });
    await handle.updateOptions({ heartbeatTimeout: '9s', priority: 1 });
    expect((await handle.describe()).options).toMatchObject({
      heartbeatTimeout: 9_000,
      priority: 1,
    });
    await expect(handle.updateOptions({ progressTimeout: '1s' })).rejects.toThrow(TypeError);
    await expect(handle.unpause()).rejects.toBeInstanceOf(ActivityStateError);
    await handle.terminate('enough');
    await expect(handle.result()).rejects.toMatchObject({
      retryState: undefined,
      cause: { name: 'TerminatedFailure', message: 'enough' },
    });
    await expect(runtime.getHandle(activityId)).rejects.toBeInstanceOf(ActivityNotFoundError);
  });

  test('rejects for an unknown id', async () => {
    await expect(runtime.getHandle('nobody')).rejects.toBeInstanceOf(ActivityNotFoundError);
  });
});

describe('completion from outside', () => {
  test('heartbeats by id keep the details, and heartbeats by token require them', async () => {
    const handle = await runtime.start(open, { heartbeatTimeout: '5s' });
    await expect.poll(() => tokens.length).toBe(1);
    const [token = ''] = tokens;
    await runtime.completion.heartbeat(token, { page: 1 });
    await handle.heartbeat();
    expect((await handle.describe()).heartbeatDetails).toEqual({ page: 1 });
    await expect(runtime.completion.heartbeat(token)).rejects.toThrow(/erase the last ones/);
    await expect(runtime.completion.complete(7 as never)).rejects.toThrow(/taskToken: received 7/);
    await runtime.completion.complete(token, 'done');
    expect(await handle.result()).toBe('done');
    for (const none of [token, 'garbage', '']) {
      const late = runtime.completion.complete(none);
      await expect(late).rejects.toBeInstanceOf(ActivityNotFoundError);
    }
  });
});

test('a timeout becomes systole’s, with its cause', async () => {
  const run = runtime.run(waitToBeTold, {
    startToCloseTimeout: 300,
    retryPolicy: { maximumAttempts: 2, initialInterval: 20 },
  });
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  const { cause } = error as ActivityFailure;
  expect(cause).toBeInstanceOf(TimeoutFailure);
  expect(cause).toMatchObject({
    timeoutType: 'START_TO_CLOSE',
    lastHeartbeatDetails: { at: 'beat' },
    cause: { timeoutType: 'START_TO_CLOSE' },
  });
});
