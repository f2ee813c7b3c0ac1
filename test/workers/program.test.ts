/** Code of the program that throws or waits meanwhile, and modules that never load. */
import { describe, expect, test } from 'vitest';
import type { ActivityInterceptor } from '../../src/index.js';
import { startWorker } from '../../src/workers/station.js';
import { loadFunctions } from '../../src/workers/load.js';
import { resolvePool } from '../../src/workers/options.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

const fails = (): never => {
  throw new Error('no logs');
};

/** Gives functions a context whose log throws. */
const failing: ActivityInterceptor = {
  execute: ({ context, args }, next) => {
    const log = { debug: fails, info: fails, warn: fails, error: fails };
    return next({ context: { ...context, log }, args });
  },
};

describe.each(workers)('with a %s', (isolation) => {
  test('a log that throws does not save a function that hangs', async () => {
    const runtime = new Recorded({ interceptors: [failing] });
    const { activities } = poolOf(isolation);
    const options = { args: ['promise'], startToCloseTimeout: 100, ...retried };
    expect(await runtime.run(activities['hangsOnce']!, options)).toEqual({ step: 3 });
    expect(runtime.of('attemptSettled')).toMatchObject([
      { error: { name: 'WorkerTerminatedError' } },
    ]);
  });

  test('a log that throws fails the attempt that has used it', async () => {
    const runtime = new Recorded({ interceptors: [failing] });
    const { activities } = poolOf(isolation);
    const failure = await rejection(runtime.run(activities['context']!, once));
    expect(failure.cause).toMatchObject({ message: 'no logs' });
  });

  test('a caller is answered at the timeout if the function may run for ever', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation, { gracePeriod: Infinity });
    const settled = runtime.next('attemptSettled');
    const options = { args: [900, 'late'], startToCloseTimeout: 50, ...once };
    await rejection(runtime.run(activities['slowEcho']!, options));
    expect(runtime.of('attemptSettled')).toEqual([]);
    expect(await settled).toMatchObject({ result: 'late' });
  });

  test.each([
    ['nothing waits for', 'data:text/javascript,await new Promise(() => {}); export const a = 1;'],
    ['computes', 'data:text/javascript,for (;;); export const a = 1;'],
  ])('a module that never loads because it %s is given up, and named', async (_, module) => {
    const options = resolvePool(module, { isolation, execArgv: [] });
    const dead: Promise<unknown>[] = [];
    const start = startWorker(options, (worker) => void dead.push(worker.exited), 300);
    const { message } = await rejection(start);
    expect(message).toBe(
      `workerPool: the module ${module} cannot be used: it has not loaded within 0.3 s; ` +
        'a top-level await in it may never settle',
    );
    await Promise.all(dead);
  });
});

test('a caller is answered at the timeout if nothing can be killed', async () => {
  const runtime = new Recorded();
  const { activities } = poolOf('none', { gracePeriod: 600 });
  const options = { args: [300, 'late'], startToCloseTimeout: 50, ...once };
  await rejection(runtime.run(activities['slowEcho']!, options));
  expect(runtime.of('attemptSettled')).toEqual([]);
});

test('with isolation none a module that never loads is given up too', async () => {
  const module = 'data:text/javascript,await new Promise(() => {}); export const a = 1;';
  const { message } = await rejection(loadFunctions(module, 20));
  expect(message).toContain('it has not loaded within 0.02 s');
});

test('a process that has ended gets no activity, although its last words may still come', async () => {
  const runtime = new Recorded();
  const { activities } = poolOf('process', { maxWorkers: 1 });
  const pid = (await runtime.run(activities['pidWithChild']!)) as number;
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
  expect(await runtime.run(activities['pid']!, once)).not.toBe(pid);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
