/** Who gets a worker, and what a pool is given to. */
import { describe, expect, test } from 'vitest';
import { TestActivityEnvironment } from '../../src/testing.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

describe.each(workers)('with workers of kind %s', (isolation) => {
  test('more activities than workers wait, and their clocks do not run meanwhile', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation, { maxWorkers: 1 });
    const options = { args: [150], startToCloseTimeout: 450, ...once };
    const runs = Array.from({ length: 5 }, () => runtime.run(pool.activities['sleeps']!, options));
    await runtime.next('started');
    expect(pool.stats()).toEqual({ busy: 1, idle: 0, starting: 0, waiting: 4 });
    expect(runtime.stats()).toMatchObject({ running: 1, waiting: 4 });
    expect(await Promise.all(runs)).toEqual(Array(5).fill('slept'));
    expect(pool.stats()).toEqual({ busy: 0, idle: 1, starting: 0, waiting: 0 });
  });

  test('the better priority gets the next worker', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation, { maxWorkers: 1 });
    const runs = [3, 5, 1].map((priority) =>
      runtime.run(activities['add']!, { args: [1, 2], activityId: `${priority}`, priority }),
    );
    await Promise.all(runs);
    // The first worker was started before the others came, and goes to the best all the same.
    expect(runtime.of('started').map(({ activityId }) => activityId)).toEqual(['1', '3', '5']);
  });

  test('an activity that is cancelled waits no more, and one with a new priority has its new place', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation, { maxWorkers: 1 });
    const first = runtime.run(pool.activities['sleeps']!, { args: [50] });
    await runtime.next('started');
    const [cancelled, second, third] = ['cancelled', 'second', 'third'].map((activityId) =>
      runtime.start(pool.activities['add']!, { args: [1, 2], activityId }),
    );
    const result = rejection(cancelled!.result());
    expect(pool.stats().waiting).toBe(3);
    cancelled!.cancel();
    expect(pool.stats().waiting).toBe(2);
    third!.updateOptions({ priority: 1 });
    expect(pool.stats().waiting).toBe(2);
    await Promise.all([first, second!.result(), third!.result(), result]);
    const ids = runtime.of('started').map(({ activityId }) => activityId);
    expect(ids.slice(1)).toEqual(['third', 'second']);
  });

  test('two runtimes share a pool', async () => {
    const pool = poolOf(isolation, { maxWorkers: 2 });
    const runtimes = [new Recorded({ maxConcurrentActivities: 1 }), new Recorded()];
    const sums = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        runtimes[n % 2]!.run(pool.activities['add']!, { args: [n, 1] }),
      ),
    );
    expect(sums).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  test('an idle worker ends after idleTimeout', async () => {
    const pool = poolOf(isolation, { idleTimeout: 50 });
    await new Recorded().run(pool.activities['add']!, { args: [1, 2] });
    await expect.poll(() => pool.stats().idle, { timeout: 5_000 }).toBe(0);
  });
});

describe.each([...workers, 'none'] as const)('with isolation %s', (isolation) => {
  test('a proxy takes all functions of a pool', async () => {
    const { activities } = poolOf(isolation);
    expect(Object.keys(activities)).toContain('add');
    const proxy = new Recorded().proxy(activities, once);
    expect(await proxy['add']!(1, 2)).toBe(3);
  });

  test('a call that no runtime has made waits for a worker too', async () => {
    const { activities } = poolOf(isolation, { maxWorkers: 1 });
    const runtime = new Recorded();
    const inside = (n: number) =>
      runtime.run((ctx) => activities['add']!(ctx as never, n, 1), { activityType: 'inside' });
    expect(await Promise.all([1, 2, 3].map(inside))).toEqual([2, 3, 4]);
  });

  test('the test environment runs its functions', async () => {
    const { activities } = poolOf(isolation);
    await using env = new TestActivityEnvironment();
    env.failOnHeartbeat(1, new Error('connection lost'));
    const options = {
      args: [isolation === 'none' ? '1 hour' : 10],
      heartbeatTimeout: '2 hours',
    } as const;
    expect(await env.run(activities['sleeps']!, options)).toBe('slept');
    expect(env.attempts).toMatchObject([{ outcome: 'FAILED' }, { heartbeatDetails: 'on its way' }]);
  });
});

test('the test environment does not skip time while a worker starts or works', async () => {
  const { activities } = poolOf('thread');
  await using env = new TestActivityEnvironment();
  const options = {
    args: [30],
    scheduleToStartTimeout: '1s',
    startToCloseTimeout: '1s',
    ...once,
  } as const;
  expect(await env.run(activities['sleeps']!, options)).toBe('slept');
  expect(env.now()).toBe(0);
});

test('with isolation none a function that does not stop is given up', async () => {
  const runtime = new Recorded();
  const { activities } = poolOf('none');
  const options = { args: ['promise'], heartbeatTimeout: 100, ...retried };
  expect(await runtime.run(activities['hangsOnce']!, options)).toEqual({ step: 3 });
  expect(runtime.of('attemptSettled')).toMatchObject([
    { error: { name: 'WorkerTerminatedError' } },
  ]);
});
