/** What the environment says when nothing can move any more. */
import { describe, expect, test } from 'vitest';
import { ApplicationFailure, type ActivityContext } from '../../../src/index.js';
import { TestActivityEnvironment } from '../../../src/testing.js';
import { never } from '../../support/harness.js';

/** The message of the cause with which a run fails. */
const causeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => ((error as Error).cause as Error).message,
  );

const REMEDY = 'Let the test do that, or raise stuckAfter of TestActivityEnvironment.';
const silent: AsyncIterable<never> = { [Symbol.asyncIterator]: () => ({ next: never }) };

describe('a stuck run fails, and says what its activity waits for', () => {
  test('when it waits for a completion from outside', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 10 });
    async function importRows(ctx: ActivityContext): Promise<void> {
      if (ctx.info.attempt === 1) throw new Error('again');
      return ctx.completeAsync();
    }
    const cause = await causeOf(env.run(importRows, { activityId: 'bulk' }));
    expect(cause).toBe(
      'Nothing can move any more. importRows (bulk), attempt 2: waits for completion from outside. ' +
        REMEDY,
    );
  });

  test('when it is paused', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 10 });
    env.pauseOnHeartbeat(1);
    const cause = await causeOf(
      env.run(
        (ctx: ActivityContext) => {
          ctx.heartbeat();
          ctx.signal.throwIfAborted();
        },
        { activityId: 'bulk', activityType: 'importRows' },
      ),
    );
    expect(cause).toContain('importRows (bulk), attempt 2: waits for unpause().');
  });

  test('when it waits for a stream or a sleep without a limit', async () => {
    const waits: ((ctx: ActivityContext) => Promise<unknown>)[] = [
      (ctx: ActivityContext) => ctx.watch(silent).next(),
      (ctx: ActivityContext) => ctx.sleep(Infinity),
    ];
    for (const wait of waits) {
      const env = new TestActivityEnvironment({ stuckAfter: 10 });
      const cause = await causeOf(env.run(wait, { activityId: 'bulk', activityType: 'wait' }));
      expect(cause).toContain('wait (bulk), attempt 1: waits in ctx.watch or ctx.sleep, without a');
    }
  });

  test('when it waits for the slot of another one that waits, which is named too', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 10, maxConcurrentActivities: 1 });
    void env.start((ctx: ActivityContext) => ctx.sleep(Infinity), {
      activityId: 'first',
      activityType: 'sleeper',
    });
    const second = env.run(() => 1, { activityId: 'second', activityType: 'other' });
    expect(await causeOf(second)).toContain(
      'sleeper (first), attempt 1: waits in ctx.watch or ctx.sleep, without a limit; ' +
        'other (second), attempt 1: waits for a slot.',
    );
  });
});

describe('a run does not fail as stuck', () => {
  test('while a function works, however long it takes', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 1 });
    const work = () => new Promise((resolve) => setTimeout(resolve, 30, 'done'));
    expect(await env.run(work)).toBe('done');
  });

  test('if the test moves it in time', async () => {
    const env = new TestActivityEnvironment();
    const handle = env.start((ctx: ActivityContext): number => ctx.completeAsync());
    const result = handle.result();
    await new Promise((resolve) => setTimeout(resolve, 5));
    handle.complete(7);
    expect(await result).toBe(7);
  });

  test('if the test moves it, and its function then works for long', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 30 });
    env.pauseOnHeartbeat(1);
    const handle = env.start(async (ctx: ActivityContext) => {
      if (ctx.info.attempt > 1) return new Promise((resolve) => setTimeout(resolve, 60, 'done'));
      ctx.heartbeat();
      throw ctx.signal.reason;
    });
    const result = handle.result();
    await new Promise((resolve) => setTimeout(resolve, 5));
    handle.unpause();
    expect(await result).toBe('done');
  });

  test('for failures that a test awaits', async () => {
    const env = new TestActivityEnvironment({ stuckAfter: 1 });
    const run = env.run(() => Promise.reject(ApplicationFailure.nonRetryable('gone')));
    expect(await causeOf(run)).toBe('gone');
  });
});

test('stuckAfter must be a duration', () => {
  expect(() => new TestActivityEnvironment({ stuckAfter: 'soon' as never })).toThrow(
    /^stuckAfter: received "soon"; expected milliseconds/,
  );
});
