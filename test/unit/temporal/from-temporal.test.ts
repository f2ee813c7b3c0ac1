import * as temporal from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import {
  ActivityFailure,
  ActivityRuntime,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
} from 'systole';
import { fromTemporal } from 'systole/temporal';
import { crashAtEveryHeartbeat, TestActivityEnvironment } from 'systole/testing';
import { Harness } from '../../support/harness.js';

const quiet = { logger: false as const };

/** What `run` rejected with. */
async function failureOf(run: Promise<unknown>): Promise<ActivityFailure> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ActivityFailure);
  return error as ActivityFailure;
}

describe('a Temporal activity on systole has', () => {
  test('its arguments, its result and its name', async () => {
    async function add(a: number, b: number): Promise<number> {
      return a + b;
    }
    const runtime = new ActivityRuntime(quiet);
    const handle = runtime.start(fromTemporal(add), { args: [1, 2] });
    expect(handle.describe().activityType).toBe('add');
    expect(await handle.result()).toBe(3);
  });

  test('every field of activityInfo()', async () => {
    async function look(): Promise<temporal.Info> {
      return { ...temporal.activityInfo() };
    }
    const info = await new ActivityRuntime(quiet).run(fromTemporal(look), {
      activityId: 'look-1',
      heartbeatTimeout: '10s',
      startToCloseTimeout: '20s',
      priority: 2,
      retryPolicy: { maximumAttempts: 4, nonRetryableErrorTypes: ['Bad', TypeError] },
    });
    expect(info).toEqual({
      taskToken: expect.any(Uint8Array) as unknown,
      base64TaskToken: expect.stringMatching(/^[\w+/]{22}==$/) as unknown,
      activityId: 'look-1',
      activityRunId: 'look-1',
      activityType: 'look',
      attempt: 1,
      isLocal: false,
      inWorkflow: false,
      workflowExecution: undefined,
      workflowType: undefined,
      workflowNamespace: undefined,
      namespace: 'systole',
      activityNamespace: 'systole',
      taskQueue: 'systole',
      heartbeatDetails: undefined,
      heartbeatTimeoutMs: 10_000,
      startToCloseTimeoutMs: 20_000,
      scheduleToCloseTimeoutMs: 0,
      scheduledTimestampMs: expect.any(Number) as unknown,
      currentAttemptScheduledTimestampMs: expect.any(Number) as unknown,
      priority: { priorityKey: 2 },
      retryPolicy: {
        initialInterval: 1000,
        backoffCoefficient: 2,
        maximumInterval: 100_000,
        maximumAttempts: 4,
        nonRetryableErrorTypes: ['Bad', 'TypeError'],
      },
    });
    expect(Object.keys(info)).toContain('workflowType');
    expect(Buffer.from(info.taskToken).toString('base64')).toBe(info.base64TaskToken);
  });

  test('the context everywhere, and no client', async () => {
    async function deep(): Promise<void> {
      await Promise.resolve();
      const context = temporal.Context.current();
      expect(context.info.attempt).toBe(1);
      expect(temporal.cancellationDetails()).toBeUndefined();
      expect(temporal.cancellationSignal().aborted).toBe(false);
      expect(() => temporal.getClient()).toThrow('No Client available');
      temporal.metricMeter.createCounter('rows').add(1);
    }
    await new ActivityRuntime(quiet).run(fromTemporal(deep));
    expect(() => temporal.activityInfo()).toThrow('Activity context not initialized');
  });

  test('a logger with all levels', async () => {
    const t = new Harness({}, false);
    async function talk(): Promise<void> {
      const { log } = temporal;
      log.trace('trace');
      log.debug('debug');
      log.info('info', { row: 1 });
      log.warn('warn');
      log.error('error');
      log.log('INFO', 'log');
    }
    await t.run(fromTemporal(talk));
    expect(t.logs.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'debug trace',
      'debug debug',
      'info info',
      'warn warn',
      'error error',
      'info log',
    ]);
    expect(t.logs[2]?.attributes).toMatchObject({ activityType: 'talk', attempt: 1, row: 1 });
  });
});

describe('heartbeats of a Temporal activity', () => {
  test('give the next attempt the newest details, even if they were throttled', async () => {
    const found: unknown[] = [];
    async function work(): Promise<void> {
      found.push(temporal.activityInfo().heartbeatDetails);
      if (found.length > 1) return;
      temporal.heartbeat({ row: 1 });
      temporal.heartbeat({ row: 2 });
      throw new Error('lost');
    }
    await new ActivityRuntime(quiet).run(fromTemporal(work), {
      retryPolicy: { initialInterval: 1 },
    });
    expect(found).toEqual([undefined, { row: 2 }]);
  });

  test.each(['__proto__', 'constructor', 'prototype'])(
    'treat a key %s as ordinary data, in process and from a store',
    async (key) => {
      const row = `{"${key}":{"polluted":1},"rows":[{"${key}":"Ferrari"}]}`;
      const found: unknown[] = [];
      async function work(): Promise<void> {
        found.push(temporal.activityInfo().heartbeatDetails);
        if (found.length === 3) return;
        temporal.heartbeat(JSON.parse(row));
        throw new Error('lost');
      }
      const store = new Map<string, string>();
      const options = { activityId: 'a', retryPolicy: { initialInterval: 1, maximumAttempts: 2 } };
      const run = (): Promise<void> =>
        new ActivityRuntime({ ...quiet, store }).run(fromTemporal(work), options);
      await expect(run()).rejects.toThrow('lost');
      await run();
      expect(found.map((details) => JSON.stringify(details))).toEqual([undefined, row, row]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('send details through JSON and keep the last ones if there are none', async () => {
    class Cursor {
      readonly at = new Date(0);
    }
    const found: unknown[] = [];
    async function work(): Promise<void> {
      found.push(temporal.activityInfo().heartbeatDetails);
      if (found.length > 1) return;
      temporal.heartbeat(new Cursor());
      temporal.heartbeat();
      throw new Error('lost');
    }
    await new ActivityRuntime(quiet).run(fromTemporal(work), {
      retryPolicy: { initialInterval: 1 },
    });
    expect(found).toEqual([undefined, { at: '1970-01-01T00:00:00.000Z' }]);
  });

  test('whose details JSON cannot hold cancel the attempt, which is retried', async () => {
    const reasons: unknown[] = [];
    async function work(): Promise<string> {
      if (temporal.activityInfo().attempt > 1) return 'done';
      temporal.heartbeat({ count: 1n });
      await temporal.cancelled().catch((error: unknown) => reasons.push(error));
      reasons.push(temporal.cancellationDetails()?.cancelRequested);
      throw reasons[0];
    }
    const t = new Harness();
    const run = t.watch(t.run(fromTemporal(work)));
    await t.advance(1_000);
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 'done' });
    expect(reasons).toMatchObject([{ message: 'HEARTBEAT_DETAILS_CONVERSION_FAILED' }, false]);
    expect(t.of('attemptFailed')[0]?.failure).toMatchObject({
      message: 'HEARTBEAT_DETAILS_CONVERSION_FAILED',
      type: 'CancelledFailure',
    });
  });

  test('throw an error that is not about details', async () => {
    const seen: unknown[] = [];
    async function work(): Promise<number> {
      try {
        temporal.heartbeat(1);
        temporal.heartbeat(2);
      } catch (error) {
        seen.push(error, temporal.cancellationSignal().aborted);
        throw error;
      }
      return temporal.activityInfo().attempt;
    }
    const lost = new Error('lost');
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(2, lost);
    expect(await env.run(fromTemporal(work))).toBe(2);
    expect(seen).toEqual([lost, false]);
    expect(env.attempts[0]?.error).toBe(lost);
  });

  test('survive crashAtEveryHeartbeat', async () => {
    const done: number[] = [];
    async function work(): Promise<void> {
      const begin = temporal.activityInfo().heartbeatDetails as number | undefined;
      for (let row = begin ?? 0; row < 2; row++) {
        temporal.heartbeat(row + 1);
        done.push(row);
      }
    }
    await crashAtEveryHeartbeat(fromTemporal(work), {}, ({ error }) => {
      expect(error).toBeUndefined();
    });
    expect(done).toEqual([1, 0, 0, 1]); // after the first crash; before the second; with none
  });

  test('that are missing time the attempt out, with the last details', async () => {
    const seen: unknown[] = [];
    async function hang(): Promise<void> {
      temporal.heartbeat('here');
      await temporal.sleep('1 hour').catch((error: unknown) => seen.push(error));
      seen.push(temporal.cancellationDetails()?.timedOut);
    }
    const t = new Harness();
    const run = t.watch(
      t.run(fromTemporal(hang), { heartbeatTimeout: '10s', retryPolicy: { maximumAttempts: 1 } }),
    );
    await t.advance(10_000);
    expect(run.outcome).toMatchObject({
      state: 'rejected',
      error: {
        retryState: 'MAXIMUM_ATTEMPTS_REACHED',
        cause: { timeoutType: 'HEARTBEAT', lastHeartbeatDetails: 'here' },
      },
    });
    expect((run.outcome as unknown as { error: ActivityFailure }).error.cause).toBeInstanceOf(
      TimeoutFailure,
    );
    await t.turn();
    expect(seen).toMatchObject([{ message: 'TIMED_OUT' }, true]);
    expect(seen[0]).toBeInstanceOf(temporal.CancelledFailure);
  });
});

describe('cancellation of a Temporal activity', () => {
  async function untilCancelled(seen: unknown[]): Promise<never> {
    for (;;) {
      temporal.heartbeat();
      try {
        await temporal.sleep(10);
      } catch (error) {
        const signal = temporal.cancellationSignal();
        seen.push(error, signal.reason === error, temporal.cancellationDetails());
        throw error;
      }
    }
  }

  test('reaches the function in Temporal’s form and the caller in systole’s', async () => {
    const t = new Harness();
    const seen: unknown[] = [];
    const handle = t.start(fromTemporal(untilCancelled), {
      args: [seen],
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    const run = t.watch(handle.result());
    handle.cancel('enough');
    await t.advance(10);
    expect(seen).toMatchObject([
      { message: 'CANCELLED' },
      true,
      { cancelRequested: true, timedOut: false },
    ]);
    expect(seen[0]).toBeInstanceOf(temporal.CancelledFailure);
    expect(run.outcome).toMatchObject({
      state: 'rejected',
      error: { retryState: 'CANCEL_REQUESTED', cause: { message: 'CANCELLED', cause: 'enough' } },
    });
    expect((run.outcome as unknown as { error: ActivityFailure }).error.cause).toBeInstanceOf(
      CancelledFailure,
    );
  });

  test('a pause is accepted the same way', async () => {
    const t = new Harness();
    const seen: unknown[] = [];
    const handle = t.start(fromTemporal(untilCancelled), { args: [seen] });
    handle.pause();
    await t.advance(10);
    expect(seen).toMatchObject([{ message: 'PAUSED' }, true, { paused: true }]);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
  });

  test('that is thrown without a request is an ordinary failure', async () => {
    async function throws(): Promise<never> {
      throw new temporal.CancelledFailure('on my own');
    }
    const failure = await failureOf(
      new ActivityRuntime(quiet).run(fromTemporal(throws), { retryPolicy: { maximumAttempts: 1 } }),
    );
    expect(failure).toMatchObject({ retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
    expect(failure.cause).toBeInstanceOf(ApplicationFailure);
    expect(failure.cause).toMatchObject({ type: 'CancelledFailure', message: 'on my own' });
  });
});

describe('the options of fromTemporal give', () => {
  async function look(): Promise<object> {
    const { inWorkflow, workflowExecution, workflowType, namespace, taskQueue } =
      temporal.activityInfo();
    return { inWorkflow, workflowExecution, workflowType, namespace, taskQueue };
  }
  const runtime = new ActivityRuntime(quiet);

  test('information about a workflow', async () => {
    const info = {
      workflowExecution: { workflowId: 'import-7', runId: 'run-1' },
      workflowType: 'importAll',
      namespace: 'production',
      taskQueue: 'imports',
    };
    expect(await runtime.run(fromTemporal(look, { info }))).toEqual({ ...info, inWorkflow: true });
  });

  test('no information about a workflow by default', async () => {
    expect(await runtime.run(fromTemporal(look))).toEqual({
      inWorkflow: false,
      workflowExecution: undefined,
      workflowType: undefined,
      namespace: 'systole',
      taskQueue: 'systole',
    });
  });

  test('a client, which getClient() returns', async () => {
    const client = new Client({ connection: {} as never });
    const same = (): boolean =>
      temporal.getClient() === client && temporal.Context.current().client === client;
    expect(await runtime.run(fromTemporal(same, { client }))).toBe(true);
    const without = runtime.run(fromTemporal(same), { retryPolicy: { maximumAttempts: 1 } });
    await expect(without).rejects.toThrow(/No Client available/);
  });

  test.each<[unknown, unknown, string]>([
    [{ look }, {}, 'fromTemporal: received an object; expected one function, such as activities.'],
    [undefined, {}, 'fromTemporal: received undefined; expected one function'],
    [look, { cleint: 1 }, 'fromTemporal has no option "cleint"; did you mean "client"?'],
    [
      look,
      { info: { attempt: 3 } },
      'fromTemporal info has no option "attempt"; here it is set by the runtime',
    ],
    [look, { info: { workflowID: 'a' } }, 'fromTemporal info has no option "workflowID"'],
    [look, { info: 'import' }, 'fromTemporal info: received "import"'],
  ])('an error for bad options at the call: %#', (fn, options, message) => {
    expect(() => fromTemporal(fn as () => void, options as object)).toThrow(TypeError);
    expect(() => fromTemporal(fn as () => void, options as object)).toThrow(message);
  });
});

describe('failures of a Temporal activity', () => {
  test('an ApplicationFailure keeps every field', async () => {
    const root = temporal.ApplicationFailure.create({ message: 'root', type: 'Root' });
    async function fail(): Promise<never> {
      throw temporal.ApplicationFailure.create({
        message: 'no',
        type: 'Refused',
        nonRetryable: true,
        details: [1, { two: 2 }],
        nextRetryDelay: '5s',
        category: 'BENIGN',
        cause: root,
      });
    }
    const { cause, retryState } = await failureOf(
      new ActivityRuntime(quiet).run(fromTemporal(fail)),
    );
    expect(retryState).toBe('NON_RETRYABLE_FAILURE');
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({
      message: 'no',
      type: 'Refused',
      nonRetryable: true,
      details: [1, { two: 2 }],
      nextRetryDelay: 5000,
      category: 'BENIGN',
      cause: { message: 'root', type: 'Root' },
    });
    expect((cause as Error).stack).toContain('from-temporal.test.ts');
  });

  test('nextRetryDelay and listed types work', async () => {
    const t = new Harness();
    async function fail(): Promise<never> {
      const { attempt } = temporal.activityInfo();
      throw temporal.ApplicationFailure.create(
        attempt === 1 ? { nextRetryDelay: 300 } : { type: 'Listed' },
      );
    }
    const run = t.watch(
      t.run(fromTemporal(fail), { retryPolicy: { nonRetryableErrorTypes: ['Listed'] } }),
    );
    await t.advance(300);
    expect(t.of('attemptFailed').map(({ nextAttempt }) => nextAttempt?.delayMs)).toEqual([
      300,
      undefined,
    ]);
    expect(run.outcome).toMatchObject({ error: { retryState: 'NON_RETRYABLE_FAILURE' } });
  });

  test('any other error stays the same object', async () => {
    const error = new RangeError('out');
    const failure = await failureOf(
      new ActivityRuntime(quiet).run(
        fromTemporal(() => {
          throw error;
        }),
        { retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    expect(failure.cause).toBe(error);
  });
});

test('CompleteAsyncError leaves the attempt open for its token', async () => {
  const tokens: string[] = [];
  async function callLater(): Promise<string> {
    tokens.push(temporal.activityInfo().base64TaskToken);
    throw new temporal.CompleteAsyncError();
  }
  const runtime = new ActivityRuntime(quiet);
  const result = runtime.run(fromTemporal(callLater));
  await new Promise((resolve) => setImmediate(resolve));
  await runtime.completion.complete(tokens[0]!, 'from outside');
  expect(await result).toBe('from outside');
});

test('sleep takes Temporal’s durations, leaves nothing behind and uses the runtime’s clock', async () => {
  const t = new Harness();
  async function naps(): Promise<void> {
    await temporal.sleep('100');
    await temporal.sleep('2s');
    await temporal.Context.current().sleep(-5);
  }
  const run = t.watch(t.run(fromTemporal(naps)));
  await t.advance(2_100);
  expect(run.outcome).toMatchObject({ state: 'resolved', at: 2_100 });
  expect(t.clock.pending).toBe(0);
});
