/** Where the stacks of errors point to: the line of the user's code, not those of the runtime. */
import { describe, expect, test } from 'vitest';
import { ActivityFailure, TimeoutFailure, type ActivityOptions } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';

const ONCE = { retryPolicy: { maximumAttempts: 1 } };
const ONCE_FOR_10_MS = { ...ONCE, startToCloseTimeout: 10 };

/** The frames of a stack, each beginning with the name of its function. */
function framesOf(error: unknown): string[] {
  const { stack = '' } = error as Error;
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return frames.map((line) => line.trim().replace(/^at (async )?/, ''));
}

async function failureOf(calling: Promise<unknown>): Promise<ActivityFailure> {
  try {
    await calling;
  } catch (error) {
    if (error instanceof ActivityFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the failure of an activity shows who awaits it', () => {
  async function timedOut(wait: (harness: Harness) => Promise<unknown>): Promise<ActivityFailure> {
    const harness = new Harness();
    const failure = failureOf(wait(harness));
    await harness.advance(20);
    return failure;
  }

  test('with an await of its own', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, ONCE_FOR_10_MS);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll .*stacks\.test\.ts/);
  });

  test('in the stack of its timeout too', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, ONCE_FOR_10_MS);
    });
    expect(failure.cause).toBeInstanceOf(TimeoutFailure);
    expect(framesOf(failure.cause)[0]).toMatch(/^uploadAll /);
  });

  test('after a timeout that leaves no time for a retry', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, { startToCloseTimeout: 10, scheduleToCloseTimeout: 100 });
    });
    expect(failure.cause).toMatchObject({ timeoutType: 'SCHEDULE_TO_CLOSE' });
    expect(framesOf(failure.cause)[0]).toMatch(/^uploadAll /);
  });

  test('through functions that return the promise', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const upload = async (): Promise<unknown> => harness.run(never, ONCE_FOR_10_MS);
      await upload();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('as which one of many', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const slow = { ...ONCE, startToCloseTimeout: 500 };
      await Promise.all([slow, ONCE_FOR_10_MS, slow].map((options) => harness.run(never, options)));
    });
    expect(framesOf(failure)[0]).toBe('Promise.all (index 1)');
    expect(framesOf(failure)[1]).toMatch(/^uploadAll /);
  });

  test('through then, finally and race', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const running = harness.run(never, ONCE_FOR_10_MS);
      await Promise.race([running.then((rows) => rows).finally(() => undefined), never()]);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('with the result of a handle', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.start(never, ONCE_FOR_10_MS).result();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when it is cancelled', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const handle = harness.start(never);
      setImmediate(() => handle.cancel());
      await handle.result();
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when its signal had aborted before the call', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(never, { signal: AbortSignal.abort() });
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when it had joined an activity, and its own signal aborts', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      const options: ActivityOptions = { activityId: 'a', idConflictPolicy: 'USE_EXISTING' };
      void harness.run(never, options);
      const controller = new AbortController();
      setImmediate(() => controller.abort());
      await harness.run(never, { ...options, signal: controller.signal });
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
  });

  test('when a function throws, whose error keeps its own stack', async () => {
    const failure = await timedOut(async function uploadAll(harness) {
      await harness.run(async function upload() {
        await Promise.resolve();
        throw new Error('no route');
      }, ONCE);
    });
    expect(framesOf(failure)[0]).toMatch(/^uploadAll /);
    expect(framesOf(failure.cause)[0]).toMatch(/^upload /);
  });
});

describe('what a function throws within the call shows its caller', () => {
  test.each([
    [
      'a synchronous one',
      function upload(): never {
        throw new Error('no route');
      },
    ],
    [
      'an async one before its first await',
      async function upload(): Promise<never> {
        throw new Error('no route');
      },
    ],
  ])('%s', async (_, upload) => {
    const harness = new Harness();
    async function uploadAll(): Promise<void> {
      await harness.run(upload, ONCE);
    }
    const { cause } = await failureOf(uploadAll());
    expect(framesOf(cause)[0]).toMatch(/^upload /);
    expect(framesOf(cause)).toContainEqual(expect.stringMatching(/^uploadAll /));
  });

  test('and the limit of stacks is as before', async () => {
    const { stackTraceLimit } = Error;
    await failureOf(
      new Harness().run(() => {
        throw new Error('no route');
      }, ONCE),
    );
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  test('and a limit that the function sets is kept', async () => {
    const { stackTraceLimit } = Error;
    try {
      await new Harness().run(() => (Error.stackTraceLimit = 3));
      expect(Error.stackTraceLimit).toBe(3);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  });
});
