/** Functions that hang in a worker are killed, and resume. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { WorkerTerminatedError } from '../../src/workers.js';
import { once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

/** What a function hangs in, and the first line of where it says that it was. */
const HANGS = [
  ['loop', /^ {4}at spinsHere \(file:.*\/activities\.mjs:\d+:\d+\)\n {4}at hangsOnce \(/],
  ['promise', undefined],
  ['atomics', /^ {4}at atomics \(file:.*\/activities\.mjs:\d+:\d+\)\n {4}at hangsOnce \(/],
] as const;

describe.each(workers)('in a %s', (isolation) => {
  test.each(HANGS)(
    'a function that hangs in a %s is killed, and the next attempt resumes',
    async (how, where) => {
      const runtime = new Recorded();
      const { activities } = poolOf(isolation);
      const options = { args: [how], heartbeatTimeout: 300, ...retried };

      expect(await runtime.run(activities['hangsOnce']!, options)).toEqual({ step: 3 });

      const [settled] = runtime.of('attemptSettled') as { error?: unknown }[];
      expect(settled!.error).toBeInstanceOf(WorkerTerminatedError);
      const names = runtime.told.map(({ name }) => name);
      expect(names.lastIndexOf('started')).toBeGreaterThan(names.indexOf('attemptSettled'));

      const [failed] = runtime.of('attemptFailed');
      const timeout = failed!.failure as unknown as { stuckAt?: string };
      expect(timeout).toMatchObject({
        timeoutType: 'HEARTBEAT',
        lastHeartbeatDetails: { step: 3 },
      });
      const killed = runtime.logs.find(({ message }) => message.includes('killed'));
      expect(killed).toMatchObject({ level: 'warn', more: { attempt: 1 } });
      if (where === undefined) expect(timeout.stuckAt).toBeUndefined();
      else expect(timeout.stuckAt).toMatch(where);
      expect((killed!.more as { stuckAt?: string }).stuckAt).toBe(timeout.stuckAt);
    },
  );

  test('whoever hears of the last timeout hears where the function hung', async () => {
    const { activities } = poolOf(isolation);
    const options = { args: ['loop'], heartbeatTimeout: 300, ...once };
    const failure = await rejection(new Recorded().run(activities['hangsOnce']!, options));
    expect(failure.cause).toMatchObject({ stuckAt: expect.stringMatching(HANGS[0][1]) as string });
  });

  test('a loop that heartbeats and never yields is alive, and hears in a heartbeat that it should stop', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const options = {
      args: ['heartbeat'],
      heartbeatTimeout: 400,
      startToCloseTimeout: 900,
      ...once,
    };
    const failure = await rejection(runtime.run(activities['watches']!, options));
    expect(failure.cause).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
    expect(runtime.of('attemptSettled')).toMatchObject([{ error: { message: 'TIMED_OUT' } }]);
  });

  test.each(['aborted', 'throwIfAborted'])(
    'a loop that never yields sees that it should stop in ctx.signal.%s',
    async (how) => {
      const runtime = new Recorded();
      const { activities } = poolOf(isolation, { gracePeriod: '5s' });
      const options = { args: [how], startToCloseTimeout: 100, ...once };
      await rejection(runtime.run(activities['watches']!, options));
      expect(runtime.of('attemptSettled')).toMatchObject([{ error: { message: 'TIMED_OUT' } }]);
    },
  );

  test('a worker that was killed is not used again, and one whose function stopped in time is', async () => {
    const runtime = new Recorded();
    const pool = poolOf(isolation, { maxWorkers: 1, gracePeriod: '2s' });
    const { activities } = pool;
    const options = { startToCloseTimeout: 100, ...once };
    await rejection(runtime.run(activities['waits']!, options));
    expect(pool.stats()).toMatchObject({ idle: 1, busy: 0 });
    await rejection(runtime.run(activities['ignores']!, options));
    expect(pool.stats()).toMatchObject({ idle: 0, busy: 0 });
    expect(await runtime.run(activities['add']!, { args: [1, 2] })).toBe(3);
  });
});

test('a process that is blocked in a native call is killed, and what it has started dies with it', async () => {
  const { activities } = poolOf('process');
  const options = { args: ['execSync'], heartbeatTimeout: 300, ...retried };
  expect(await new Recorded().run(activities['hangsOnce']!, options)).toEqual({ step: 3 });
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(/^sleep 61$/m);
});
