/** Interceptors run in the program. They may settle while the function still runs in its worker. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CancelledFailure, type ActivityInterceptor } from '../../src/index.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs an attempt of these activities in its own way. */
const around = (
  activityType: string,
  execute: NonNullable<ActivityInterceptor['execute']>,
): ActivityInterceptor => ({
  execute: (input, next) =>
    input.context.info.activityType === activityType ? execute(input, next) : next(input),
});

describe.each([...workers, 'none'] as const)('with isolation %s', (isolation) => {
  test('an interceptor that returns early leaves its function no worker of another', async () => {
    const early = around('echo', (input, next) => Promise.race([next(input), after(0)]));
    const runtime = new Recorded({ interceptors: [early] });
    const pool = poolOf(isolation, { maxWorkers: 1 });
    await runtime.run(pool.activities['add']!, { args: [1, 2] });
    const slow = runtime.run(pool.activities['slowEcho']!, {
      activityType: 'echo',
      args: [300, 'of another'],
    });
    expect(await slow).toBeUndefined();
    const args = [600, 'its own'];
    expect(await runtime.run(pool.activities['slowEcho']!, { args })).toBe('its own');
  });

  test('an interceptor may give its function a signal of its own', async () => {
    const own = new AbortController();
    const signals = around('waits', ({ context, args }, next) =>
      next({
        context: { ...context, signal: AbortSignal.any([context.signal, own.signal]) },
        args,
      }),
    );
    const runtime = new Recorded({ interceptors: [signals] });
    const { activities } = poolOf(isolation, { gracePeriod: '10s' });
    const run = rejection(runtime.run(activities['waits']!, once));
    await runtime.next('heartbeat');
    own.abort(new CancelledFailure('CANCELLED', { cause: 'enough' }));
    expect((await run).cause).toMatchObject({ name: 'CancelledFailure', cause: 'enough' });
  });

  test('a function that an interceptor calls after the cancellation is not called', async () => {
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let inner: unknown;
    const late = around('ignores', async (input, next) => {
      begin();
      await input.context.cancelled.catch(() => {});
      return Promise.resolve(next(input)).catch((error: unknown) => {
        inner = error;
        throw error;
      });
    });
    const runtime = new Recorded({ interceptors: [late] });
    const { activities } = poolOf(isolation);
    const options = {
      activityType: 'ignores',
      cancellationDelivery: 'immediate',
      ...once,
    } as const;
    const handle = runtime.start(activities['ignores']!, options);
    const failed = rejection(handle.result());
    await begun;
    handle.cancel('enough');
    expect(await failed).toMatchObject({ retryState: 'CANCEL_REQUESTED' });
    expect(inner).toMatchObject({ name: 'CancelledFailure', cause: 'enough' });
  });

  test('an interceptor that throws early is followed by an attempt when its function has stopped', async () => {
    const early = around('overlaps', ({ context, args }, next) =>
      context.info.attempt === 1
        ? Promise.race([
            next({ context, args }),
            after(100).then(() => Promise.reject(new Error('too slow'))),
          ])
        : next({ context, args }),
    );
    const runtime = new Recorded({ interceptors: [early] });
    const { activities } = poolOf(isolation, { gracePeriod: '5s' });
    const file = join(await mkdtemp(join(tmpdir(), 'overlaps-')), 'log');
    const options = { activityType: 'overlaps', args: [file, 400], ...retried };
    expect(await runtime.run(activities['overlaps']!, options)).toBe('began 1, ended 1, ');
  });

  test('an interceptor that never settles holds up neither the next attempt nor the caller', async () => {
    const hangs = around('hangs', (input, next) => {
      void Promise.resolve(next(input)).catch(() => {});
      return new Promise(() => {});
    });
    const runtime = new Recorded({ interceptors: [hangs] });
    const { activities } = poolOf(isolation);
    const options = { activityType: 'hangs', startToCloseTimeout: 50 } as const;
    const retryPolicy = { maximumAttempts: 2, initialInterval: 1 };
    const failure = await rejection(runtime.run(activities['waits']!, { ...options, retryPolicy }));
    expect(failure).toMatchObject({ attempt: 2, cause: { name: 'TimeoutFailure' } });
    expect(runtime.of('attemptSettled')[0]).toMatchObject({
      error: {
        name: 'WorkerTerminatedError',
        message: expect.stringMatching(/interceptor/) as string,
      },
    });
  });

  test('an interceptor may call the function again when it has ended, and not before', async () => {
    const twice = around('add', async (input, next) => {
      const first = next(input);
      const { message: second } = await rejection(Promise.resolve(next(input)));
      return [await first, second, await next(input)];
    });
    const runtime = new Recorded({ interceptors: [twice] });
    const { activities } = poolOf(isolation);
    expect(await runtime.run(activities['add']!, { args: [1, 2], ...once })).toEqual([
      3,
      'workerPool: an interceptor has called next() although the function still runs; await the first call',
      3,
    ]);
  });
});
