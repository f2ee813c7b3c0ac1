/** Workers that die by themselves take one attempt with them, and no details. */
import { describe, expect, test } from 'vitest';
import { WorkerCrashedError } from '../../src/workers.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

const DEATHS = [
  ['exit', { exitCode: 3, signal: undefined }],
  ['uncaught exception', { exitCode: 1, signal: undefined }],
  ['unhandled rejection', { exitCode: 1, signal: undefined }],
] as const;

const ABORT = ['abort', { exitCode: undefined, signal: 'SIGABRT' }] as const;

describe.each(workers)('a %s', (isolation) => {
  test.each(isolation === 'process' ? [...DEATHS, ABORT] : DEATHS)(
    'that dies by %s fails its attempt, and the next one resumes',
    async (how, fields) => {
      const runtime = new Recorded();
      const { activities } = poolOf(isolation);
      const other = runtime.run(activities['sleeps']!, { args: [700], ...once });
      const options = { args: [how], ...retried };
      expect(await runtime.run(activities['dies']!, options)).toEqual({ step: 3 });
      const [failed] = runtime.of('attemptFailed');
      expect(failed!.failure).toBeInstanceOf(WorkerCrashedError);
      expect(failed!.failure).toMatchObject(fields);
      expect(failed!.failure.stack).not.toMatch(/\n +at /); // all frames would be ours
      const { stderr } = failed!.failure as unknown as { stderr: string };
      expect(stderr).toContain('last words');
      expect(stderr.length).toBeLessThanOrEqual(4_096);
      expect(await other).toBe('slept');
    },
  );

  test('that dies while it waits for work is replaced', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation, { maxWorkers: 1 });
    await runtime.run(pool.activities['dies']!, { args: ['exit'], ...retried });
    expect(await runtime.run(pool.activities['add']!, { args: [1, 2] })).toBe(3);
  });
});

test('a process that is killed from outside fails its attempt', async () => {
  const runtime = new Recorded();
  const { activities } = poolOf('process', { maxWorkers: 1 });
  const pid = (await runtime.run(activities['pid']!)) as number;
  const run = rejection(runtime.run(activities['waits']!, once));
  await runtime.next('heartbeat');
  process.kill(pid, 'SIGKILL');
  expect((await run).cause).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
});

test('an idle process that is killed from outside is replaced', async () => {
  const runtime = new Recorded();
  const pool = poolOf('process', { maxWorkers: 1 });
  const first = (await runtime.run(pool.activities['pid']!)) as number;
  process.kill(first, 'SIGKILL');
  expect(await runtime.run(pool.activities['pid']!, retried)).not.toBe(first);
});

test('a flag that Node does not know is told, in its words', async () => {
  const pool = poolOf('process', { execArgv: ['--no-such-flag'] });
  const failure = await rejection(new Recorded().run(pool.activities['add']!));
  expect(failure.message).toMatch(
    /has ended before it was ready \(isolation: 'process'\)\. It wrote ".*bad option: --no-such-flag"/,
  );
});

test.each(workers)('memoryLimitMb too small to start a %s is named', async (isolation) => {
  const pool = poolOf(isolation, { memoryLimitMb: 1 });
  const failure = await rejection(new Recorded().run(pool.activities['add']!));
  expect(failure).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
  expect(failure.message).toMatch(/memoryLimitMb: 1 may be too small/);
  expect(pool.stats()).toEqual({ busy: 0, idle: 0, starting: 0, waiting: 0 });
});
