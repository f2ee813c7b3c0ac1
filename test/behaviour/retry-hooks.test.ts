/** `retryPolicy.shouldRetry` and `retryPolicy.onFailedAttempt`. */
import { describe, expect, test, vi } from 'vitest';
import { ApplicationFailure, type FailedAttemptInfo, type RetryPolicy } from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { Deferred } from '../../src/kernel/promises.js';
import { Harness, never } from '../support/harness.js';
import { delaysOf, failureOf, settledAt, startsOf } from '../support/outcomes.js';

const lost = new Error('connection lost');
const fails = (): Promise<never> => Promise.reject(lost);

/** Runs an activity that always fails, in virtual time, until it has settled. */
async function failing(retryPolicy: RetryPolicy, fn: () => unknown = fails) {
  const h = new Harness();
  const run = h.watch(h.run(fn, { activityId: 'bulk', activityType: 'importRows', retryPolicy }));
  await h.advance(60_000);
  return { h, run };
}

describe('shouldRetry', () => {
  test('is asked for each failure that would be retried, with what would follow', async () => {
    const shouldRetry = vi.fn((_: Error, { attempt }: FailedAttemptInfo) => attempt < 3);
    const { h, run } = await failing({ shouldRetry });
    expect(startsOf(h)).toEqual([0, 1_000, 3_000]);
    expect(failureOf(run)).toMatchObject({
      attempt: 3,
      retryState: 'NON_RETRYABLE_FAILURE',
      cause: lost,
    });
    expect(shouldRetry.mock.calls).toEqual([
      [lost, info(1, { attempt: 2, delayMs: 1_000 })],
      [lost, info(2, { attempt: 3, delayMs: 2_000 })],
      [lost, info(3, { attempt: 4, delayMs: 4_000 })],
    ]);
    expect(Object.isFrozen(shouldRetry.mock.calls[0]![1])).toBe(true);
  });

  test.each([
    ['the last allowed attempt', { maximumAttempts: 1 }, lost],
    ['a non-retryable failure', {}, ApplicationFailure.nonRetryable('gone')],
    ['a listed error', { nonRetryableErrorTypes: [Error] }, lost],
  ])('is not asked about %s', async (_, policy, failure) => {
    const shouldRetry = vi.fn(() => true);
    const { run } = await failing({ ...policy, shouldRetry }, () => Promise.reject(failure));
    expect(failureOf(run).cause).toBe(failure);
    expect(shouldRetry).not.toHaveBeenCalled();
  });

  test('is asked about a timeout, and then the activity has timed out', async () => {
    const h = new Harness();
    const policy = { retryPolicy: { shouldRetry: () => false } };
    const run = h.watch(h.run(never, { heartbeatTimeout: 100, ...policy }));
    await h.advance(100);
    expect(failureOf(run)).toMatchObject({
      retryState: 'NON_RETRYABLE_FAILURE',
      cause: { timeoutType: 'HEARTBEAT' },
    });
    expect(h.of('failed')).toMatchObject([{ status: 'TIMED_OUT' }]);
  });

  test('may take time, and the delay begins after its answer', async () => {
    const h = new Harness();
    const shouldRetry = () => h.work(500).then(() => true);
    h.watch(h.run(fails, { retryPolicy: { shouldRetry, maximumAttempts: 2 } }));
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0, 1_500]);
    expect(delaysOf(h)).toEqual([1_000, undefined]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('bug');
      },
    ],
    ['rejects', () => Promise.reject(new Error('bug'))],
  ])('means no if it %s, and that is logged', async (_, shouldRetry) => {
    const { h, run } = await failing({ shouldRetry });
    expect(failureOf(run)).toMatchObject({ attempt: 1, cause: lost });
    expect(h.logs).toMatchObject([
      {
        level: 'error',
        message: 'retryPolicy.shouldRetry threw: no retry',
        attributes: { attempt: 1, error: { message: 'bug' } },
      },
    ]);
  });
});

describe('onFailedAttempt', () => {
  test('is called after every failed attempt, also the last', async () => {
    const onFailedAttempt = vi.fn();
    const { run } = await failing({ onFailedAttempt, maximumAttempts: 2 });
    expect(onFailedAttempt.mock.calls).toEqual([
      [lost, info(1, { attempt: 2, delayMs: 1_000 })],
      [lost, info(2, undefined)],
    ]);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  });

  test('is awaited before the delay, and before the end', async () => {
    const h = new Harness();
    const onFailedAttempt = () => h.work(500);
    const run = h.watch(h.run(fails, { retryPolicy: { onFailedAttempt, maximumAttempts: 2 } }));
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0, 1_500]);
    expect(settledAt(run)).toBe(2_000);
  });

  test('comes before shouldRetry', async () => {
    const order: string[] = [];
    await failing({
      onFailedAttempt: () => void order.push('onFailedAttempt'),
      shouldRetry: () => order.push('shouldRetry') > 4,
      maximumAttempts: 2,
    });
    expect(order).toEqual(['onFailedAttempt', 'shouldRetry']);
  });

  test.each([
    [
      'throws',
      (error: Error) => {
        throw error;
      },
    ],
    ['rejects', (error: Error) => Promise.reject(error)],
  ])('ends the activity with its own error if it %s', async (_, give) => {
    const own = new Error('give up');
    const { run, h } = await failing({ onFailedAttempt: () => give(own) });
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failureOf(run).cause).toBe(own);
    expect(h.names().slice(-2)).toEqual(['attemptFailed', 'failed']);
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
  });

  test('is not called for an attempt that fails in the grace period of a shutdown', async () => {
    const onFailedAttempt = vi.fn();
    const h = new Harness();
    const run = h.watch(
      h.run((ctx) => ctx.sleep(100).then(fails), { retryPolicy: { onFailedAttempt } }),
    );
    await h.turn();
    const closed = h.engine.shutdown({ gracePeriod: 1_000 });
    await h.advance(2_000);
    await closed;
    expect(failureOf(run)).toMatchObject({ cause: { message: 'WORKER_SHUTDOWN', cause: lost } });
    expect(onFailedAttempt).not.toHaveBeenCalled();
  });

  test('delays the warning of the retry', async () => {
    const h = new Harness();
    const handle = h.start(fails, { retryPolicy: { onFailedAttempt: () => h.work(500) } });
    const warnings = (): string[] => h.logs.map(({ message }) => message);
    await h.advance(100);
    expect(warnings()).toEqual([]);
    await h.advance(500);
    expect(warnings()).toEqual([
      expect.stringMatching(/ failed at attempt 1; next attempt in 1000 ms/),
    ]);
    handle.terminate();
  });

  test('leaves the activity scheduled while it hears of the last failure', async () => {
    const h = new Harness();
    const handle = h.start(fails, { retryPolicy: { maximumAttempts: 1, onFailedAttempt: never } });
    await h.advance(10);
    expect(handle.describe()).toMatchObject({ runState: 'SCHEDULED', attempt: 2 });
    handle.terminate();
  });

  test('hears the error of a function that threw no Error', async () => {
    const onFailedAttempt = vi.fn();
    await failing({ onFailedAttempt, maximumAttempts: 1 }, () => {
      throw 'text';
    });
    expect(onFailedAttempt.mock.calls[0]![0]).toMatchObject({ details: ['text'] });
  });
});

describe('while a hook decides', () => {
  /** An activity whose first attempt has failed, and whose hook waits. */
  function deciding(options: object = {}) {
    const h = new Harness();
    const answers: ((yes: boolean) => void)[] = [];
    const shouldRetry = () => new Promise<boolean>((resolve) => void answers.push(resolve));
    const retryPolicy = { shouldRetry, maximumAttempts: 2 };
    const handle = h.start(fails, { retryPolicy, ...options });
    const run = h.watch(handle.result());
    return { h, handle, run, answer: (yes: boolean) => answers[0]?.(yes) };
  }

  test('the activity is scheduled without a time, and its slot is free', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const handle = h.start(fails, { retryPolicy: { shouldRetry: never } });
    await h.advance(10);
    expect(handle.describe()).toMatchObject({
      runState: 'SCHEDULED',
      attempt: 2,
      lastFailure: lost,
      nextAttemptScheduleTime: undefined,
      currentRetryInterval: undefined,
    });
    const other = h.watch(h.run(() => 'ran'));
    await h.advance(0);
    expect(other.outcome).toMatchObject({ value: 'ran' });
    handle.terminate();
  });

  test('a cancellation closes the activity, and the answer does not count', async () => {
    const { h, handle, run, answer } = deciding();
    await h.advance(1);
    handle.cancel();
    await h.advance(0);
    expect(failureOf(run)).toMatchObject({ cause: { message: 'CANCELLED' } });
    answer(true);
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0]);
  });

  test('scheduleToCloseTimeout passes, and the answer does not count', async () => {
    const { h, run, answer } = deciding({ scheduleToCloseTimeout: 3_000 });
    await h.advance(3_000);
    expect(failureOf(run)).toMatchObject({ cause: { timeoutType: 'SCHEDULE_TO_CLOSE' } });
    answer(true);
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0]);
  });

  test.each([2_000, 2_500])(
    'time passes that the backoff then lacks, if the answer comes after %i of 3,000 ms',
    async (answeredAt) => {
      const { h, run, answer } = deciding({ scheduleToCloseTimeout: 3_000 });
      await h.advance(answeredAt);
      answer(true);
      await h.advance(0);
      expect(failureOf(run)).toMatchObject({ retryState: 'TIMEOUT', cause: lost });
      expect(settledAt(run)).toBe(answeredAt);
    },
  );

  test('a pause keeps the next attempt back, and a no closes the activity', async () => {
    const paused = deciding();
    await paused.h.advance(1);
    paused.handle.pause();
    paused.answer(true);
    await paused.h.advance(10_000);
    expect(startsOf(paused.h)).toEqual([0]);
    paused.handle.unpause();
    await paused.h.advance(10_000);
    expect(startsOf(paused.h)).toEqual([0, 10_001]);

    const refused = deciding();
    await refused.h.advance(1);
    refused.handle.pause();
    refused.answer(false);
    await refused.h.advance(0);
    expect(failureOf(refused.run).cause).toBe(lost);
  });

  test('a reset starts over, and the answer does not count', async () => {
    const { h, handle, answer } = deciding();
    await h.advance(1);
    handle.reset();
    await h.advance(0);
    expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 1]);
    answer(false);
    await h.advance(0);
    handle.terminate();
    expect(h.of('failed')).toMatchObject([{ status: 'TERMINATED' }]);
  });

  test('a reset may begin with a delay, in which the answer does not count either', async () => {
    const { h, handle, answer } = deciding();
    await h.advance(1);
    h.random = 0.5;
    handle.reset({ jitter: '10s' });
    answer(false);
    await h.advance(5_000);
    expect(startsOf(h)).toEqual([0, 5_001]);
    handle.terminate();
  });

  test('nothing is told of a backoff, which begins with the answer', async () => {
    const { h, handle, answer } = deciding();
    await h.advance(500);
    expect(handle.describe().currentRetryInterval).toBeUndefined();
    answer(true);
    await h.advance(1);
    expect(handle.describe().currentRetryInterval).toBe(1_000);
    handle.terminate();
  });

  test('a shutdown closes the activity', async () => {
    const { h, run } = deciding();
    await h.advance(1);
    const closed = h.engine.shutdown();
    await h.advance(20_000);
    await closed;
    expect(failureOf(run)).toMatchObject({ cause: { message: 'WORKER_SHUTDOWN' } });
  });

  test('a shutdown leaves a failure that was final as it is', async () => {
    const h = new Harness();
    const retryPolicy = { maximumAttempts: 1, onFailedAttempt: never };
    const run = h.watch(h.run(fails, { retryPolicy }));
    await h.advance(1);
    const closed = h.engine.shutdown();
    await h.advance(20_000);
    await closed;
    expect(failureOf(run)).toMatchObject({ retryState: 'MAXIMUM_ATTEMPTS_REACHED', cause: lost });
  });

  test('shouldRetry is not asked any more when the activity has closed or started over', async () => {
    for (const end of ['cancel', 'terminate', 'reset'] as const) {
      const shouldRetry = vi.fn(() => true);
      const hook = new Deferred<void>();
      const h = new Harness();
      const retryPolicy = { shouldRetry, onFailedAttempt: () => hook.promise };
      const once = vi.fn(fails).mockImplementation(never).mockImplementationOnce(fails);
      const handle = h.start(once, { retryPolicy });
      handle.result().catch(() => {});
      await h.advance(1);
      handle[end]();
      hook.resolve();
      await h.advance(1);
      expect(shouldRetry, end).not.toHaveBeenCalled();
      if (end === 'reset') handle.terminate();
    }
  });

  test('virtual time does not skip past real work of the hook', async () => {
    const env = new TestActivityEnvironment();
    const onFailedAttempt = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await env.sleep('1s');
    };
    const retryPolicy = { onFailedAttempt, maximumAttempts: 2 };
    const run = env.run(fails, { retryPolicy, scheduleToCloseTimeout: '1 minute' });
    await expect(run).rejects.toMatchObject({ cause: lost });
    expect(env.now()).toBe(3_000);
  });
});

test('hooks are not called for an activity that stopped because it was told to', async () => {
  const onFailedAttempt = vi.fn();
  const h = new Harness();
  const handle = h.start((ctx) => ctx.sleep('1h'), { retryPolicy: { onFailedAttempt } });
  const run = h.watch(handle.result());
  handle.cancel();
  await h.advance(0);
  expect(failureOf(run)).toMatchObject({ retryState: 'CANCEL_REQUESTED' });
  expect(onFailedAttempt).not.toHaveBeenCalled();
});

test.each(['cancel', 'reset'] as const)(
  'hooks are not called for a failure after a request: %s',
  async (request) => {
    const onFailedAttempt = vi.fn();
    const h = new Harness();
    const calls: number[] = [];
    const handle = h.start(
      async (ctx) => {
        await ctx.sleep(10).catch(() => {}); // the request comes meanwhile
        if (calls.push(ctx.info.attempt) === 1) throw lost;
        return 'done';
      },
      { retryPolicy: { onFailedAttempt }, cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    const run = h.watch(handle.result());
    handle[request]();
    await h.advance(100);
    expect(run.outcome.state).toBe(request === 'cancel' ? 'rejected' : 'resolved');
    expect(onFailedAttempt).not.toHaveBeenCalled();
  },
);

test('a hook does not hold an activity whose scheduleToCloseTimeout has passed', async () => {
  const h = new Harness();
  const options = { scheduleToCloseTimeout: 100, retryPolicy: { onFailedAttempt: never } };
  const run = h.watch(h.run(never, options));
  await h.advance(100);
  expect(settledAt(run)).toBe(100);
});

test.each(['shouldRetry', 'onFailedAttempt'] as const)('%s must be a function', async (name) => {
  const h = new Harness();
  const run = h.watch(h.run(fails, { retryPolicy: { [name]: true as never } }));
  await h.turn();
  expect(run.outcome).toMatchObject({
    error: {
      name: 'TypeError',
      message: `retryPolicy.${name}: received true; expected a function such as async (failure, info) => { ... }`,
    },
  });
});

function info(attempt: number, nextAttempt: FailedAttemptInfo['nextAttempt']): FailedAttemptInfo {
  return { activityId: 'bulk', activityType: 'importRows', attempt, nextAttempt };
}
