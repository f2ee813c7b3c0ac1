/** Cancellation, pause, reset and shutdown reach a worker at once. */
import { describe, expect, test } from 'vitest';
import type { ActivityOptions } from '../../src/index.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

const waiting = {
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  ...retried,
} satisfies ActivityOptions;

describe.each(workers)('in a %s', (isolation) => {
  test('handle.cancel() reaches a function that does not heartbeat', async () => {
    const runtime = new Recorded();
    const handle = runtime.start(
      poolOf(isolation, { gracePeriod: '10s' }).activities['waits']!,
      waiting,
    );
    await runtime.next('heartbeat');
    handle.cancel('because');
    expect(await rejection(handle.result())).toMatchObject({
      cause: { message: 'CANCELLED', cause: 'because' },
    });
    expect(runtime.of('heartbeat').at(-1)).toMatchObject({
      details: { told: 'CANCELLED', all: { cancelRequested: true, paused: false } },
    });
  });

  test('an outside signal reaches ctx.sleep', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const controller = new AbortController();
    const options = { ...waiting, args: [60_000], signal: controller.signal };
    const run = rejection(runtime.run(activities['sleeps']!, options));
    await runtime.next('heartbeat');
    controller.abort(new Error('enough'));
    expect(await run).toMatchObject({
      cause: { message: 'CANCELLED', cause: { message: 'enough' } },
    });
  });

  test('a function that ignores a cancellation is killed, and the activity is cancelled', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation);
    const handle = runtime.start(pool.activities['ignores']!, waiting);
    await runtime.next('started');
    handle.cancel();
    expect(await rejection(handle.result())).toMatchObject({ retryState: 'CANCEL_REQUESTED' });
    expect(runtime.of('failed')).toMatchObject([{ status: 'CANCELED' }]);
    expect(pool.stats()).toMatchObject({ busy: 0, idle: 0 });
  });

  test('a pause stops the attempt at once, and the next one follows after unpause()', async () => {
    const runtime = new Recorded();
    const handle = runtime.start(
      poolOf(isolation, { gracePeriod: '10s' }).activities['waits']!,
      retried,
    );
    await runtime.next('heartbeat');
    const paused = runtime.next('paused');
    handle.pause();
    await paused;
    expect(handle.describe()).toMatchObject({
      runState: 'PAUSED',
      heartbeatDetails: { told: 'PAUSED' },
    });
    handle.unpause();
    expect(await handle.result()).toBe('the next attempt');
  });

  test('a reset starts over, also from a function that ignores it', async () => {
    const runtime = new Recorded();
    const handle = runtime.start(poolOf(isolation).activities['ignores']!, retried);
    await runtime.next('started');
    handle.reset();
    expect(await runtime.next('started')).toMatchObject({ attempt: 1 });
    handle.terminate();
  });

  test('a shutdown is seen in shutdownSignal first, and stops what runs', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const sees = runtime.run(activities['untilShutdown']!);
    const ignores = rejection(runtime.run(activities['ignores']!));
    await runtime.next('heartbeat');
    const { abandonedActivityIds } = await runtime.shutdown({
      gracePeriod: '2s',
      abandonAfter: '5s',
    });
    expect(await sees).toBe('WORKER_SHUTDOWN');
    expect(await ignores).toMatchObject({ cause: { message: 'WORKER_SHUTDOWN' } });
    expect(abandonedActivityIds).toEqual([]);
  });

  test('closing the pool stops what runs and what waits, without a retry', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation);
    const runs = Array.from({ length: 6 }, () =>
      rejection(runtime.run(pool.activities['ignores']!)),
    );
    await runtime.next('started');
    await pool.close();
    for (const failure of await Promise.all(runs)) {
      expect(failure.cause).toMatchObject({ type: 'WorkerPoolClosed', nonRetryable: true });
    }
    expect(pool.stats()).toEqual({ busy: 0, idle: 0, starting: 0, waiting: 0 });
    expect(await rejection(runtime.run(pool.activities['add']!))).toMatchObject({
      cause: { type: 'WorkerPoolClosed' },
    });
  });

  test('a function gets its task token when it asks for it', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const handle = runtime.start(activities['token']!);
    const { details } = await runtime.next('heartbeat');
    expect(details).toMatch(/^[\w-]{22}$/);
    expect(await handle.result()).toBe(details);
  });

  test('keepAlive heartbeats, and completeAsync leaves the attempt open', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation, { maxWorkers: 1 });
    const options = { args: [900], heartbeatTimeout: 400, ...once };
    expect(await runtime.run(pool.activities['keepsAlive']!, options)).toBe('done');
    const handle = runtime.start(pool.activities['leavesOpen']!);
    // The worker is free again.
    expect(await runtime.run(pool.activities['add']!, { args: [1, 2] })).toBe(3);
    handle.complete('from outside');
    expect(await handle.result()).toBe('from outside');
    expect(runtime.logs).toEqual([]);
  });
});
