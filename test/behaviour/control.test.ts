/** Cancel and terminate, in every state of an activity. */
import { describe, expect, test } from 'vitest';
import {
  ActivityStateError,
  CancelledFailure,
  TerminatedFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import type { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt } from '../support/outcomes.js';

const NONE = {
  cancelRequested: false,
  paused: false,
  reset: false,
  timedOut: false,
  workerShutdown: false,
  notFound: false,
};
const EMPTY = { open: 0, running: 0, waiting: 0, paused: 0, delayed: 0 };

function expectNothingLeft(h: Harness): void {
  expect(h.engine.stats()).toMatchObject(EMPTY);
  expect(h.clock.pending).toBe(0);
}

function thrownBy(operation: () => void): unknown {
  try {
    operation();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

function failing(): never {
  throw new Error('boom');
}

type Idle = 'waiting for a slot' | 'in its start delay' | 'backing off' | 'paused';
const IDLE: readonly Idle[] = ['waiting for a slot', 'in its start delay', 'backing off', 'paused'];
const DELIVERIES = ['heartbeat', 'immediate'] as const;
const TYPES = ['TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'] as const;

/** An activity in a chosen state without a running function, and the attempts that it has made. */
async function idle(
  h: Harness,
  state: Idle,
  options: ActivityOptions,
): Promise<{ handle: ActivityHandle; attempts: number; blocker: ActivityHandle | undefined }> {
  switch (state) {
    case 'waiting for a slot': {
      const blocker = h.start(never);
      return { handle: h.start(never, options), attempts: 0, blocker };
    }
    case 'in its start delay':
      return {
        handle: h.start(never, { ...options, startDelay: '1m' }),
        attempts: 0,
        blocker: undefined,
      };
    case 'backing off': {
      const handle = h.start(failing, { ...options, retryPolicy: { initialInterval: '1m' } });
      await h.advance(0);
      return { handle, attempts: 1, blocker: undefined };
    }
    case 'paused': {
      const handle = h.start(failing, { ...options, retryPolicy: { initialInterval: '1m' } });
      await h.advance(0);
      handle.pause();
      return { handle, attempts: 1, blocker: undefined };
    }
  }
}

describe('cancel', () => {
  describe.each(TYPES)('with %s', (cancellationType) => {
    describe.each(DELIVERIES)("and delivery '%s'", (cancellationDelivery) => {
      const options = { cancellationType, cancellationDelivery };

      test.each(IDLE)('closes an activity that is %s at once', async (state) => {
        const h = new Harness({ maxConcurrentActivities: 1 });
        const { handle, attempts, blocker } = await idle(h, state, options);
        const result = h.watch(handle.result());
        const reason = new Error('enough');
        handle.cancel(reason);
        expect(handle.describe()).toMatchObject({ status: 'CANCELED', runState: undefined });
        await h.advance(0);
        expect(settledAt(result)).toBe(0);
        expect(failureOf(result)).toMatchObject({
          retryState: 'CANCEL_REQUESTED',
          attempt: attempts,
        });
        const cause = failureOf(result).cause as CancelledFailure;
        expect(cause).toBeInstanceOf(CancelledFailure);
        expect(cause.message).toBe('CANCELLED');
        expect(cause.cause).toBe(reason);
        expect(h.of('failed').map(({ status }) => status)).toEqual(['CANCELED']);
        await h.advance(600_000);
        expect(h.of('started').filter((e) => e.activityId === handle.activityId)).toHaveLength(
          attempts,
        );
        blocker?.terminate();
        await h.advance(100);
        expectNothingLeft(h);
      });
    });
  });

  test.each(DELIVERIES)(
    "TRY_CANCEL of a running function with delivery '%s' rejects the caller at once",
    async (cancellationDelivery) => {
      const h = new Harness();
      let ctx!: ActivityContext;
      let finish!: (value: string) => void;
      const handle = h.start(
        (given) => {
          ctx = given;
          return new Promise<string>((resolve) => (finish = resolve));
        },
        { cancellationDelivery },
      );
      const result = h.watch(handle.result());
      handle.cancel('why');
      expect(ctx.signal.aborted).toBe(cancellationDelivery === 'immediate');
      expect(handle.describe()).toMatchObject({
        status: 'RUNNING',
        runState: 'CANCEL_REQUESTED',
        attempt: 1,
      });
      await h.turn();
      expect(failureOf(result).retryState).toBe('CANCEL_REQUESTED');
      ctx.heartbeat();
      expect(ctx.signal.reason).toMatchObject({ message: 'CANCELLED', cause: 'why' });
      expect(ctx.cancellationDetails).toEqual({ ...NONE, cancelRequested: true });
      finish('done all the same');
      await h.advance(100);
      expect(handle.describe().status).toBe('COMPLETED');
      expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
      expectNothingLeft(h);
    },
  );

  test.each(DELIVERIES)(
    "WAIT_CANCELLATION_COMPLETED with delivery '%s' waits for the function",
    async (cancellationDelivery) => {
      const h = new Harness();
      const handle = h.start(
        async (ctx) => {
          for (;;) {
            await h.work(1_000);
            ctx.heartbeat();
            ctx.signal.throwIfAborted();
          }
        },
        { cancellationDelivery, cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
      );
      const result = h.watch(handle.result());
      await h.advance(500);
      handle.cancel();
      expect(result.outcome.state).toBe('pending');
      await h.advance(5_000);
      expect(settledAt(result)).toBe(1_000);
      expect(failureOf(result).cause).toMatchObject({ message: 'CANCELLED' });
      expect(handle.describe().status).toBe('CANCELED');
      await h.advance(100);
      expectNothingLeft(h);
    },
  );

  test.each(DELIVERIES)(
    "ABANDON with delivery '%s' does not tell a running function",
    async (cancellationDelivery) => {
      const h = new Harness();
      let ctx!: ActivityContext;
      let finish!: () => void;
      const handle = h.start(
        (given) => {
          ctx = given;
          return new Promise<void>((resolve) => (finish = resolve));
        },
        { cancellationDelivery, cancellationType: 'ABANDON' },
      );
      const result = h.watch(handle.result());
      handle.cancel();
      ctx.heartbeat();
      await h.turn();
      expect(failureOf(result).retryState).toBe('CANCEL_REQUESTED');
      expect(ctx.signal.aborted).toBe(false);
      expect(ctx.cancellationDetails).toBeUndefined();
      expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'STARTED' });
      finish();
      await h.advance(100);
      expect(handle.describe().status).toBe('COMPLETED');
      expectNothingLeft(h);
    },
  );

  test.each(TYPES)('works once, and the first reason stays, with %s', async (type) => {
    const h = new Harness();
    let ctx!: ActivityContext;
    const handle = h.start(
      (given) => {
        ctx = given;
        return given.cancelled;
      },
      { cancellationType: type },
    );
    const result = h.watch(handle.result());
    handle.cancel('first');
    handle.cancel('second');
    ctx.heartbeat();
    await h.turn();
    if (type === 'ABANDON') {
      expect(ctx.signal.aborted).toBe(false);
      handle.terminate();
    } else expect(ctx.signal.reason).toMatchObject({ cause: 'first' });
    await h.advance(100);
    expect(failureOf(result).cause).toMatchObject({ message: 'CANCELLED', cause: 'first' });
    expect(h.of('failed')).toHaveLength(1);
    handle.cancel('third');
    expect(h.of('failed')).toHaveLength(1);
    expectNothingLeft(h);
  });

  test('followed by an abort of options.signal is delivered at once, with the first reason', async () => {
    const h = new Harness();
    const outside = new AbortController();
    let ctx!: ActivityContext;
    const handle = h.start(
      (given) => {
        ctx = given;
        return given.cancelled;
      },
      { signal: outside.signal, cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    const result = h.watch(handle.result());
    handle.cancel('by the handle');
    expect(ctx.signal.aborted).toBe(false);
    outside.abort('from outside');
    expect(ctx.signal.aborted).toBe(true);
    expect(ctx.signal.reason).toMatchObject({ message: 'CANCELLED', cause: 'by the handle' });
    await h.advance(100);
    expect(failureOf(result).cause).toMatchObject({ message: 'CANCELLED', cause: 'by the handle' });
    expectNothingLeft(h);
  });

  test('wins over a requested pause and is delivered first', async () => {
    const h = new Harness();
    let ctx!: ActivityContext;
    let fail!: (error: unknown) => void;
    const handle = h.start(
      (given) => {
        ctx = given;
        return new Promise<never>((_, reject) => (fail = reject));
      },
      { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    const result = h.watch(handle.result());
    handle.pause();
    ctx.heartbeat();
    handle.cancel('stop');
    ctx.heartbeat();
    expect(ctx.signal.reason).toMatchObject({ message: 'PAUSED' });
    expect(ctx.cancellationDetails).toEqual({ ...NONE, paused: true });
    fail(ctx.signal.reason);
    await h.advance(100);
    expect(failureOf(result).cause).toMatchObject({ message: 'CANCELLED', cause: 'stop' });
    expect(h.of('paused')).toEqual([]);
    expectNothingLeft(h);
  });

  test('is delivered before a reset and a pause that wait for the same heartbeat', async () => {
    const h = new Harness();
    let ctx!: ActivityContext;
    const handle = h.start((given) => {
      ctx = given;
      return given.cancelled;
    });
    handle.pause();
    handle.reset();
    handle.cancel();
    ctx.heartbeat();
    expect(ctx.signal.reason).toMatchObject({ message: 'CANCELLED' });
    expect(ctx.cancellationDetails).toEqual({
      ...NONE,
      cancelRequested: true,
      paused: true,
      reset: true,
    });
    await h.advance(100);
    expect(handle.describe().status).toBe('CANCELED');
    expectNothingLeft(h);
  });

  test.each(['pause', 'unpause', 'reset', 'updateOptions'] as const)(
    'of a running activity leaves no %s',
    (operation) => {
      const h = new Harness();
      const handle = h.start(never, { activityId: 'a' });
      handle.cancel();
      const thrown = thrownBy(() => {
        if (operation === 'updateOptions') handle.updateOptions({ priority: 1 });
        else handle[operation]();
      });
      expect(thrown).toBeInstanceOf(ActivityStateError);
      expect(thrown).toMatchObject({ activityId: 'a', runState: 'CANCEL_REQUESTED', operation });
    },
  );
});

describe('terminate', () => {
  test.each(IDLE)('closes an activity that is %s', async (state) => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const { handle, attempts, blocker } = await idle(h, state, {});
    const result = h.watch(handle.result());
    handle.terminate('no more');
    expect(handle.describe()).toMatchObject({ status: 'TERMINATED', runState: undefined });
    await h.advance(600_000);
    expect(settledAt(result)).toBe(0);
    const failure = failureOf(result);
    expect(failure).toMatchObject({ retryState: undefined, attempt: attempts });
    expect(failure.cause).toBeInstanceOf(TerminatedFailure);
    expect((failure.cause as Error).message).toBe('no more');
    expect(h.of('failed')).toMatchObject([{ status: 'TERMINATED', failure: failure.cause }]);
    expect(h.of('attemptAbandoned')).toEqual([]);
    blocker?.terminate();
    await h.advance(100);
    expectNothingLeft(h);
  });

  test.each(DELIVERIES)(
    "tells a running function at once with delivery '%s', and ignores its result",
    async (cancellationDelivery) => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      let ctx!: ActivityContext;
      let finish!: (value: string) => void;
      const handle = h.start(
        (given) => {
          ctx = given;
          return new Promise<string>((resolve) => (finish = resolve));
        },
        { cancellationDelivery, heartbeatTimeout: '1m' },
      );
      const next = h.start(() => 'next');
      const result = h.watch(handle.result());
      const reason = new Error('over');
      handle.terminate(reason);
      expect(ctx.signal.reason).toBeInstanceOf(CancelledFailure);
      const told = ctx.signal.reason as CancelledFailure;
      expect(told.message).toBe('NOT_FOUND');
      expect(told.cause).toBeInstanceOf(TerminatedFailure);
      expect(ctx.cancellationDetails).toEqual({ ...NONE, notFound: true });
      await h.turn();
      expect(failureOf(result).cause).toBe(told.cause);
      expect(told.cause).toMatchObject({ message: 'over', cause: reason });
      expect(await next.result()).toBe('next');
      finish('too late');
      await h.advance(100);
      expect(handle.describe()).toMatchObject({ status: 'TERMINATED', abandonedAttempts: 1 });
      expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, result: 'too late' }]);
      expect(h.of('failed')).toHaveLength(1);
      expectNothingLeft(h);
    },
  );

  test('ends an activity that was cancelled and does not react', async () => {
    const h = new Harness();
    const handle = h.start(never, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
    const result = h.watch(handle.result());
    handle.cancel();
    handle.terminate('now');
    await h.advance(100);
    expect(failureOf(result)).toMatchObject({ retryState: undefined, cause: { message: 'now' } });
    expectNothingLeft(h);
  });

  test.each(['terminate', 'pause', 'unpause', 'reset', 'updateOptions'] as const)(
    'of a closed activity throws: %s',
    (operation) => {
      const h = new Harness();
      const handle = h.start(never, { activityId: 'a' });
      handle.terminate();
      const thrown = thrownBy(() => {
        if (operation === 'updateOptions') handle.updateOptions({ priority: 1 });
        else handle[operation]();
      });
      expect(thrown).toBeInstanceOf(ActivityStateError);
      expect(thrown).toMatchObject({ activityId: 'a', runState: undefined, operation });
    },
  );

  test('by a listener of attemptFailed makes failed the last event', async () => {
    const h = new Harness();
    const handle = h.start((ctx) => ctx.sleep(10).then(failing));
    handle.pause();
    h.engine.events.add(
      'attemptFailed',
      () => {
        handle.terminate();
      },
      false,
    );
    await h.advance(100);
    expect(h.names()).toEqual(['scheduled', 'started', 'attemptFailed', 'paused', 'failed']);
    expectNothingLeft(h);
  });
});

describe('a listener of ctx.signal that acts at once', () => {
  test('sees that a terminated activity has closed', () => {
    const h = new Harness();
    const seen: unknown[] = [];
    const handle = h.start((ctx) => {
      ctx.signal.addEventListener('abort', () => {
        seen.push(
          handle.describe().status,
          thrownBy(() => handle.terminate('again')),
        );
      });
      return never();
    });
    handle.terminate('first');
    expect(seen).toEqual(['TERMINATED', expect.any(ActivityStateError)]);
    expect(h.of('failed')).toHaveLength(1);
    expect(h.of('failed')[0]!.failure.message).toBe('first');
    expectNothingLeft(h);
  });

  test('may complete an activity that timed out, so that no next attempt is announced', async () => {
    const h = new Harness();
    const handle = h.start(
      (ctx) => {
        ctx.signal.addEventListener('abort', () => handle.complete('in time' as never));
        return never();
      },
      { startToCloseTimeout: '1s' },
    );
    await h.advance(2_000);
    await expect(handle.result()).resolves.toBe('in time');
    expect(h.of('attemptFailed').map(({ nextAttempt }) => nextAttempt)).toEqual([undefined]);
    expect(h.of('started')).toHaveLength(1);
    expect(h.logs).toEqual([]);
  });

  test('also runs after completeAsync, and so does a sleep in the background', async () => {
    for (const end of ['terminate', 'shutdown', 'timeout'] as const) {
      const h = new Harness();
      let woken: unknown;
      const handle = h.start(
        (ctx) => {
          ctx.sleep('1h').catch((reason: unknown) => (woken = (reason as Error).message));
          ctx.completeAsync();
        },
        { startToCloseTimeout: '1m', retryPolicy: { maximumAttempts: 1 } },
      );
      await h.turn(); // the function has settled
      if (end === 'terminate') handle.terminate();
      else if (end === 'shutdown') await h.engine.shutdown();
      else await h.advance(60_004);
      await h.turn();
      expect(woken).toBe(
        { terminate: 'NOT_FOUND', shutdown: 'WORKER_SHUTDOWN', timeout: 'TIMED_OUT' }[end],
      );
      await h.advance(50);
      expectNothingLeft(h);
    }
  });
});

test('a listener of attemptFailed that terminates the activity prevents the next attempt', () => {
  const h = new Harness();
  const handle = h.start(failing);
  h.engine.events.add('attemptFailed', () => handle.terminate(), false);
  return h.advance(5_000).then(() => {
    expect(h.of('started')).toHaveLength(1);
    expect(h.logs).toEqual([]);
  });
});
