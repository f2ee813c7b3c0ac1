/** Cancellation by `options.signal`. signals.test.ts counts its listeners. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import {
  CancelledFailure,
  isCancellation,
  type ActivityContext,
  type CancellationType,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

const TYPES: CancellationType[] = ['TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'];

function cancelled(run: Parameters<typeof failureOf>[0], reason: unknown): void {
  const failure = failureOf(run);
  expect(failure.retryState).toBe('CANCEL_REQUESTED');
  expect(failure.cause).toBeInstanceOf(CancelledFailure);
  expect(failure.cause).toMatchObject({ message: 'CANCELLED' });
  expect((failure.cause as CancelledFailure).cause).toBe(reason);
}

describe.each(TYPES)('while no attempt runs, with %s', (cancellationType) => {
  test('an activity that waits for a slot closes at once', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const controller = new AbortController();
    void h.run((ctx) => ctx.sleep('5s'));
    const run = h.watch(h.run(never, { signal: controller.signal, cancellationType }));
    const next = h.watch(h.run(() => 'next'));
    await h.advance(1_000);
    controller.abort('stop');
    await h.advance(10_000);
    expect(settledAt(run)).toBe(1_000);
    cancelled(run, 'stop');
    expect(failureOf(run).attempt).toBe(0);
    expect(next.outcome).toMatchObject({ value: 'next', at: 5_000 }); // it left the queue
  });

  test('an activity in a backoff closes at once', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(
        () => {
          throw new Error('no');
        },
        { signal: controller.signal, cancellationType, retryPolicy: { initialInterval: '1h' } },
      ),
    );
    await h.advance(1_000);
    controller.abort('stop');
    await h.advance(7_200_000);
    expect(settledAt(run)).toBe(1_000);
    cancelled(run, 'stop');
    expect(failureOf(run).attempt).toBe(1);
    expect(h.names()).toEqual(['scheduled', 'started', 'attemptFailed', 'failed']);
  });

  test('an activity in its start delay closes at once', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(never, { signal: controller.signal, cancellationType, startDelay: '1h' }),
    );
    await h.advance(1_000);
    controller.abort('stop');
    await h.advance(7_200_000);
    expect(settledAt(run)).toBe(1_000);
    cancelled(run, 'stop');
    expect(h.names()).toEqual(['scheduled', 'failed']);
  });

  test('a closed activity leaves no timer', async () => {
    const h = new Harness();
    const controller = new AbortController();
    h.run(never, { signal: controller.signal, cancellationType, startDelay: '1h' }).catch(() => {});
    controller.abort();
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });
});

describe('a call whose signal has already aborted', () => {
  test('rejects without scheduling anything', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(() => expect.unreachable(), { activityId: 'x', signal: AbortSignal.abort('before') }),
    );
    await h.turn();
    cancelled(run, 'before');
    expect(failureOf(run)).toMatchObject({
      activityId: 'x',
      attempt: 0,
      message:
        'Activity anonymous was cancelled before its first attempt (CANCEL_REQUESTED): ' +
        'CancelledFailure: CANCELLED',
    });
    expect(h.events).toEqual([]);
    expect(h.clock.pending).toBe(0);
  });

  test('does not use up the activityId', async () => {
    const h = new Harness();
    h.run(never, { activityId: 'x', signal: AbortSignal.abort() }).catch(() => {});
    const run = h.watch(h.run(() => 1, { activityId: 'x' }));
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 1 });
  });

  test('still rejects a bad option', async () => {
    const h = new Harness();
    const run = h.watch(h.run(never, { signal: AbortSignal.abort(), priority: 9 }));
    await h.turn();
    expect((run.outcome as { error: unknown }).error).toBeInstanceOf(TypeError);
  });
});

describe('a running activity whose outside signal aborts', () => {
  test('has an aborted ctx.signal before abort() returns', () => {
    const h = new Harness();
    const controller = new AbortController();
    let signal!: AbortSignal;
    h.run(
      (ctx) => {
        signal = ctx.signal;
        return never();
      },
      { signal: controller.signal },
    ).catch(() => {});
    controller.abort('now');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(CancelledFailure);
    expect((signal.reason as CancelledFailure).cause).toBe('now');
  });

  test('finds ctx.signal aborted when it reads it for the first time afterwards', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const seen: unknown[] = [];
    h.run(
      async (ctx) => {
        await h.turn();
        seen.push(ctx.cancellationDetails?.cancelRequested, ctx.signal.aborted);
        await ctx.cancelled.catch((reason: unknown) => seen.push(reason === ctx.signal.reason));
      },
      { signal: controller.signal },
    ).catch(() => {});
    controller.abort();
    await h.advance(0);
    await h.turn();
    expect(seen).toEqual([true, true, true]);
  });

  test('rejects with the same reason that the function gets', async () => {
    const h = new Harness();
    const controller = new AbortController();
    let reason: unknown;
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.cancelled.catch((given: unknown) => (reason = given));
        },
        { signal: controller.signal },
      ),
    );
    controller.abort();
    await h.turn();
    expect(failureOf(run).cause).toBe(reason);
    expect(isCancellation(failureOf(run))).toBe(true);
  });

  test('may be aborted by a listener of its started event', async () => {
    const h = new Harness();
    const controller = new AbortController();
    h.engine.events.add('started', () => controller.abort(), false);
    let aborted: boolean | undefined;
    const run = h.watch(
      h.run(
        (ctx) => {
          aborted = ctx.signal.aborted;
        },
        { signal: controller.signal, cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
      ),
    );
    await h.turn();
    expect(aborted).toBe(true);
    expect(run.outcome.state).toBe('resolved');
  });

  test('never starts if a listener of its scheduled event aborts it', async () => {
    const h = new Harness();
    const controller = new AbortController();
    h.engine.events.add('scheduled', () => controller.abort(), false);
    const run = h.watch(h.run(never, { signal: controller.signal }));
    await h.turn();
    cancelled(run, controller.signal.reason);
    expect(h.names()).toEqual(['scheduled', 'failed']);
  });

  test('is not retried if a listener of its attemptFailed event aborts it', async () => {
    const h = new Harness();
    const controller = new AbortController();
    h.engine.events.add('attemptFailed', () => controller.abort(), false);
    const run = h.watch(
      h.run(
        () => {
          throw new Error('no');
        },
        { signal: controller.signal },
      ),
    );
    await h.advance(60_000);
    cancelled(run, controller.signal.reason);
    expect(startsOf(h)).toEqual([0]);
    expect(h.of('failed')).toHaveLength(1);
    expect(h.clock.pending).toBe(0);
  });
});

/** Cancels a running activity and lets it react. */
async function cancelRunning(
  react: (ctx: ActivityContext) => unknown,
  cancellationType: CancellationType = 'WAIT_CANCELLATION_COMPLETED',
) {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.cancelled.catch(() => {});
        return react(ctx);
      },
      { signal: controller.signal, cancellationType },
    ),
  );
  await h.advance(1_000);
  controller.abort('stop');
  await h.advance(60_000);
  return { h, run };
}

describe('throwing one of these accepts a cancellation', () => {
  test.each<[string, (ctx: ActivityContext) => unknown]>([
    ['the reason of the signal', (ctx) => ctx.signal.reason as unknown],
    ['any CancelledFailure', () => new CancelledFailure('CANCELLED')],
    ['any AbortError', () => new DOMException('aborted', 'AbortError')],
    ['any error named AbortError', () => Object.assign(new Error(), { name: 'AbortError' })],
    ['an error caused by the reason', (ctx) => new Error('stopped', { cause: ctx.signal.reason })],
    [
      'an error whose chain of causes ends in the reason',
      (ctx) => new Error('a', { cause: new TypeError('b', { cause: ctx.signal.reason }) }),
    ],
    [
      'an error of another realm caused by the reason',
      (ctx) => {
        const make = runInNewContext('(cause) => new Error("elsewhere", { cause })') as (
          cause: unknown,
        ) => unknown;
        return make(ctx.signal.reason);
      },
    ],
  ])('%s', async (_, make) => {
    const { h, run } = await cancelRunning((ctx) => {
      throw make(ctx);
    });
    cancelled(run, 'stop');
    expect(h.of('failed')).toMatchObject([{ status: 'CANCELED', attempt: 1, at: 1_000 }]);
    expect(h.names()).toEqual(['scheduled', 'started', 'failed']);
  });
});

describe('a cancelled activity does not accept the cancellation if it', () => {
  test('returns a value, which completes it', async () => {
    const { h, run } = await cancelRunning(() => 'done');
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 'done' });
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('throws another error, which fails it without a retry', async () => {
    const error = new Error('while cleaning up');
    const { h, run } = await cancelRunning(() => {
      throw error;
    });
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
    expect(failureOf(run).cause).toBe(error);
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
  });

  test('throws an error whose causes form a cycle', async () => {
    const error = new Error('round');
    error.cause = new Error('and round', { cause: error });
    const { run } = await cancelRunning(() => {
      throw error;
    });
    expect(failureOf(run).cause).toBe(error);
  });

  test("throws the outside signal's own reason", async () => {
    const { h } = await cancelRunning(() => {
      throw 'stop';
    });
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED', failure: { details: ['stop'] } }]);
  });
});

test('without a cancellation, the same errors are ordinary failures and are retried', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(
      () => {
        throw new CancelledFailure('CANCELLED');
      },
      { signal: controller.signal, retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(5_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
  expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
});

test('a cancelled attempt reports the details that the throttle has held back', async () => {
  const h = new Harness();
  const controller = new AbortController();
  h.run(
    async (ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      ctx.heartbeat(2);
      await ctx.cancelled;
    },
    { signal: controller.signal },
  ).catch(() => {});
  controller.abort();
  await h.advance(0);
  expect(h.names()).toEqual(['scheduled', 'started', 'heartbeat', 'heartbeat', 'failed']);
  expect(h.of('heartbeat').map(({ details }) => details)).toEqual([1, 2]);
});

describe('with TRY_CANCEL', () => {
  test('the caller is rejected at once, and the function keeps running', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(
        async () => {
          await new Promise<void>((resolve) => h.clock.setTimer(resolve, 5_000));
          return 'late';
        },
        { signal: controller.signal },
      ),
    );
    await h.advance(1_000);
    controller.abort('stop');
    await h.advance(10_000);
    expect(settledAt(run)).toBe(1_000);
    cancelled(run, 'stop');
    expect(h.of('completed')).toMatchObject([{ result: 'late', at: 5_000 }]);
  });

  test('the slot stays in use until the function has settled', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const controller = new AbortController();
    h.run(() => new Promise<void>((resolve) => h.clock.setTimer(resolve, 5_000)), {
      signal: controller.signal,
    }).catch(() => {});
    const other = h.watch(h.run(() => 'other'));
    await h.advance(1_000);
    controller.abort();
    await h.advance(10_000);
    expect(other.outcome).toMatchObject({ value: 'other', at: 5_000 });
  });

  test('the activityId stays in use until the function has settled', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const activity = () => new Promise<void>((resolve) => h.clock.setTimer(resolve, 5_000));
    h.run(activity, { signal: controller.signal, activityId: 'x' }).catch(() => {});
    controller.abort();
    await h.advance(1_000);
    await expect(h.run(never, { activityId: 'x' })).rejects.toThrow('already in use');
    await h.advance(5_000);
    await expect(h.run(() => 1, { activityId: 'x' })).resolves.toBe(1);
  });

  test('listeners receive a later failure, which is not retried', async () => {
    const { h, run } = await cancelRunning(() => {
      throw new Error('later');
    }, 'TRY_CANCEL');
    cancelled(run, 'stop');
    expect(h.names()).toEqual(['scheduled', 'started', 'attemptFailed', 'failed']);
    expect(h.of('attemptFailed')[0]).not.toHaveProperty('nextAttempt');
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED', failure: { message: 'later' } }]);
  });

  test('listeners receive a later timeout', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(h.run(never, { signal: controller.signal, startToCloseTimeout: '2s' }));
    controller.abort('stop');
    await h.advance(10_000);
    cancelled(run, 'stop');
    expect(h.of('failed')).toMatchObject([
      { status: 'TIMED_OUT', at: 2_000, failure: { timeoutType: 'START_TO_CLOSE' } },
    ]);
  });
});

describe('with WAIT_CANCELLATION_COMPLETED', () => {
  test('the caller waits for the function to settle', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(
        async (ctx) => {
          await new Promise<void>((resolve) => h.clock.setTimer(resolve, 5_000));
          ctx.signal.throwIfAborted();
        },
        { signal: controller.signal, cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
      ),
    );
    await h.advance(1_000);
    controller.abort('stop');
    await h.advance(10_000);
    expect(settledAt(run)).toBe(5_000);
    cancelled(run, 'stop');
  });

  test('a function that ignores the cancellation is ended by its timeouts, without a retry', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(never, {
        signal: controller.signal,
        cancellationType: 'WAIT_CANCELLATION_COMPLETED',
        heartbeatTimeout: '2s',
      }),
    );
    controller.abort();
    await h.advance(60_000);
    expect(settledAt(run)).toBe(2_000);
    expect(failureOf(run).retryState).toBe('CANCEL_REQUESTED');
    expect(timeoutOf(run).timeoutType).toBe('HEARTBEAT');
  });
});

describe('with ABANDON', () => {
  test('the caller is rejected at once, and the function is not told', async () => {
    const h = new Harness();
    const controller = new AbortController();
    let ctx!: ActivityContext;
    const run = h.watch(
      h.run(
        async (given) => {
          ctx = given;
          await given.sleep('5s');
          return 'unseen';
        },
        { signal: controller.signal, cancellationType: 'ABANDON' },
      ),
    );
    await h.advance(1_000);
    controller.abort('stop');
    expect([ctx.signal.aborted, ctx.cancellationDetails]).toEqual([false, undefined]);
    await h.advance(10_000);
    expect(settledAt(run)).toBe(1_000);
    cancelled(run, 'stop');
    expect(h.of('completed')).toMatchObject([{ result: 'unseen', at: 5_000 }]);
  });

  test('failures are still retried', async () => {
    const h = new Harness();
    const controller = new AbortController();
    h.run(
      async (ctx) => {
        await ctx.sleep('1s');
        if (ctx.info.attempt === 1) throw new Error('no');
      },
      { signal: controller.signal, cancellationType: 'ABANDON' },
    ).catch(() => {});
    controller.abort();
    await h.advance(10_000);
    expect(startsOf(h)).toEqual([0, 2_000]);
    expect(h.of('completed')).toMatchObject([{ attempt: 2 }]);
  });
});

test('a cancellation without a reason has no cause property', async () => {
  const h = new Harness();
  const handle = h.start(never);
  handle.cancel();
  const run = h.watch(handle.result());
  await h.turn();
  const { cause } = failureOf(run);
  expect(cause).toMatchObject({ name: 'CancelledFailure', message: 'CANCELLED' });
  expect('cause' in (cause as Error)).toBe(false);
});
