/** The rows of RULES.md about how activities end, for a runtime in one process. */
import { describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  type ActivityContext,
  type ActivityOptions,
  type CancellationDetails,
  type CancellationType,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

const NOTHING: CancellationDetails = {
  cancelRequested: false,
  paused: false,
  reset: false,
  timedOut: false,
  workerShutdown: false,
  notFound: false,
};

test.each<[string, (ctx: ActivityContext) => Promise<unknown>]>([
  ['waits for ctx.cancelled', (ctx) => ctx.cancelled],
  ['sleeps', (ctx) => ctx.sleep('1h')],
  [
    'throws if aborted',
    async (ctx) => {
      await ctx.sleep('1h').catch(() => {});
      ctx.signal.throwIfAborted();
    },
  ],
])('row 6: an activity that %s reports its cancellation', async (_, activity) => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(activity, {
      signal: controller.signal,
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    }),
  );
  await h.advance(1_000);
  controller.abort('enough');
  await h.advance(0);
  expect(settledAt(run)).toBe(1_000);
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
  expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
  expect(h.of('failed')).toMatchObject([{ status: 'CANCELED', attempt: 1 }]);
});

// A departure: Temporal wraps these; here the caller gets the same object.
test.each<[string, Error]>([
  ['CancelledFailure', new CancelledFailure('CANCELLED')],
  ['TimeoutFailure', new TimeoutFailure('mine', { timeoutType: 'HEARTBEAT' })],
])('row 10: a %s that the function makes itself is an ordinary failure', async (_, error) => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      () => {
        throw error;
      },
      { retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(5_000);
  expect(failureOf(run)).toMatchObject({ attempt: 2, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
  expect(failureOf(run).cause).toBe(error);
  expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
});

test('row 15: after a cancellation exactly one of the six flags is set', async () => {
  const h = new Harness();
  const controller = new AbortController();
  let ctx!: ActivityContext;
  void h
    .run(
      (given) => {
        ctx = given;
        return never();
      },
      { signal: controller.signal },
    )
    .catch(() => {});
  expect(ctx.cancellationDetails).toBeUndefined();
  controller.abort();
  expect(ctx.cancellationDetails).toEqual({ ...NOTHING, cancelRequested: true });
});

test('row 15: after a timeout exactly one of the six flags is set', async () => {
  const h = new Harness();
  let ctx!: ActivityContext;
  void h
    .run(
      (given) => {
        ctx = given;
        return never();
      },
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
    )
    .catch(() => {});
  await h.advance(1_000);
  expect(ctx.cancellationDetails).toEqual({ ...NOTHING, timedOut: true });
});

test('row 16: the attempt after a timeout has no cancellation details', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        if (ctx.info.attempt === 1) return never();
        return [ctx.cancellationDetails, ctx.signal.aborted];
      },
      { heartbeatTimeout: '1s' },
    ),
  );
  await h.advance(2_000);
  expect(run.outcome).toMatchObject({ value: [undefined, false] });
});

test('row 22: an activity that keeps failing can be cancelled while it backs off', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(
      () => {
        throw new Error('no');
      },
      { signal: controller.signal },
    ),
  );
  await h.advance(5_000); // attempts at 0, 1 s and 3 s; the next would be at 7 s
  controller.abort();
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 1_000, 3_000]);
  expect(settledAt(run)).toBe(5_000);
  expect(failureOf(run)).toMatchObject({ attempt: 3, retryState: 'CANCEL_REQUESTED' });
  expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED' });
});

test('row 24: the id of an open activity is refused', async () => {
  const h = new Harness();
  void h.run(never, { activityId: 'import-7' });
  const second = h.watch(h.run(() => 2, { activityId: 'import-7' }));
  await h.turn();
  const { error } = second.outcome as { error: unknown };
  expect(error).toBeInstanceOf(ActivityAlreadyStartedError);
  expect(error).toMatchObject({ activityId: 'import-7' });
});

test('row 33: of two reasons to stop only the first is delivered', async () => {
  const h = new Harness();
  const controller = new AbortController();
  let signal!: AbortSignal;
  let heard = 0;
  const run = h.watch(
    h.run(
      (ctx) => {
        signal = ctx.signal;
        signal.addEventListener('abort', () => heard++);
        return never();
      },
      {
        signal: controller.signal,
        cancellationType: 'WAIT_CANCELLATION_COMPLETED',
        startToCloseTimeout: '2s',
      },
    ),
  );
  await h.advance(1_000);
  controller.abort();
  await h.advance(5_000);
  expect(heard).toBe(1);
  expect(signal.reason).toMatchObject({ message: 'CANCELLED' });
  expect(settledAt(run)).toBe(2_000);
});

describe('row 46: what the caller and the function get', () => {
  test.each<[CancellationType, callerAt: number | undefined, heard: boolean]>([
    ['TRY_CANCEL', 1_000, true],
    ['WAIT_CANCELLATION_COMPLETED', 4_000, true],
    ['ABANDON', 1_000, false],
  ])('%s', async (cancellationType, callerAt, heard) => {
    const h = new Harness();
    const controller = new AbortController();
    let signal!: AbortSignal;
    let finish!: () => void;
    const run = h.watch(
      h.run(
        async (ctx) => {
          signal = ctx.signal;
          await new Promise<void>((resolve) => (finish = resolve));
          ctx.signal.throwIfAborted();
        },
        { signal: controller.signal, cancellationType },
      ),
    );
    await h.advance(1_000);
    controller.abort();
    expect(signal.aborted).toBe(heard);
    await h.advance(3_000);
    finish();
    await h.turn();
    expect(settledAt(run)).toBe(callerAt);
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
    expect(h.names().at(-1)).toBe(heard ? 'failed' : 'completed');
  });
});

test('row 47: a completion after TRY_CANCEL does not change what the caller got', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.cancelled.catch(() => {});
        return 'done all the same';
      },
      { signal: controller.signal },
    ),
  );
  controller.abort();
  await h.advance(0);
  expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED' });
  expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
});

test('row 61: with TRY_CANCEL, the caller is rejected at once and the function receives the cancel', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const seen: string[] = [];
  const run = h
    .run(
      async (ctx) => {
        await ctx.cancelled.catch((reason: unknown) => seen.push(String(reason)));
      },
      { signal: controller.signal },
    )
    .catch(() => seen.push('caller'));
  controller.abort();
  await run;
  await h.turn();
  expect(seen.toSorted()).toEqual(['CancelledFailure: CANCELLED', 'caller']);
});

interface Ending {
  readonly ending: string;
  readonly activity: (ctx: ActivityContext) => unknown;
  readonly options: ActivityOptions;
  /** The outside signal aborts at this time. */
  readonly cancelAt?: number;
  readonly status: 'FAILED' | 'TIMED_OUT' | 'CANCELED';
  readonly retryState: string;
  readonly cause: object;
  readonly at: number;
}

const WAIT = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
const throwRetryably = (): never => {
  throw ApplicationFailure.retryable('no');
};
const failWhenTold = async (ctx: ActivityContext): Promise<void> => {
  await ctx.cancelled.catch(() => {});
  throwRetryably();
};

const endings: Ending[] = [
  {
    ending: 'a non-retryable failure',
    activity: () => {
      throw ApplicationFailure.nonRetryable('no');
    },
    options: { retryPolicy: { maximumAttempts: 2 } },
    status: 'FAILED',
    retryState: 'NON_RETRYABLE_FAILURE',
    cause: { message: 'no' },
    at: 0,
  },
  {
    ending: 'a failure of the last attempt',
    activity: throwRetryably,
    options: { retryPolicy: { maximumAttempts: 1 } },
    status: 'FAILED',
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: { message: 'no' },
    at: 0,
  },
  {
    ending: 'a failure whose retry does not fit before scheduleToClose',
    activity: throwRetryably,
    options: { scheduleToCloseTimeout: '1h', retryPolicy: { initialInterval: '2h' } },
    status: 'FAILED',
    retryState: 'TIMEOUT',
    cause: { message: 'no' },
    at: 0,
  },
  {
    ending: 'a failure of the last attempt after a cancellation',
    activity: failWhenTold,
    options: { ...WAIT, retryPolicy: { maximumAttempts: 1 } },
    cancelAt: 1_000,
    status: 'FAILED',
    retryState: 'CANCEL_REQUESTED',
    cause: { message: 'no' },
    at: 1_000,
  },
  {
    ending: 'a schedule-to-close timeout of a running attempt',
    activity: never,
    options: { scheduleToCloseTimeout: '2s' },
    status: 'TIMED_OUT',
    retryState: 'TIMEOUT',
    cause: { timeoutType: 'SCHEDULE_TO_CLOSE' },
    at: 2_000,
  },
  {
    ending: 'a start-to-close timeout of the last attempt',
    activity: never,
    options: { startToCloseTimeout: '2s', retryPolicy: { maximumAttempts: 1 } },
    status: 'TIMED_OUT',
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: { timeoutType: 'START_TO_CLOSE' },
    at: 2_000,
  },
  {
    ending: 'a heartbeat timeout of the last attempt',
    activity: never,
    options: { heartbeatTimeout: '2s', retryPolicy: { maximumAttempts: 1 } },
    status: 'TIMED_OUT',
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: { timeoutType: 'HEARTBEAT' },
    at: 2_000,
  },
  {
    ending: 'a timeout whose retry does not fit before scheduleToClose',
    activity: never,
    options: {
      startToCloseTimeout: '2s',
      scheduleToCloseTimeout: '1h',
      retryPolicy: { initialInterval: '2h' },
    },
    status: 'TIMED_OUT',
    retryState: 'TIMEOUT',
    cause: { timeoutType: 'SCHEDULE_TO_CLOSE', cause: { timeoutType: 'START_TO_CLOSE' } },
    at: 2_000,
  },
  {
    ending: 'a start-to-close timeout of the last attempt after a cancellation',
    activity: never,
    options: { ...WAIT, startToCloseTimeout: '2s', retryPolicy: { maximumAttempts: 1 } },
    cancelAt: 1_000,
    status: 'TIMED_OUT',
    retryState: 'CANCEL_REQUESTED',
    cause: { timeoutType: 'START_TO_CLOSE' },
    at: 2_000,
  },
  {
    ending: 'a schedule-to-close timeout after a cancellation',
    activity: never,
    options: { ...WAIT, scheduleToCloseTimeout: '2s' },
    cancelAt: 1_000,
    status: 'TIMED_OUT',
    retryState: 'CANCEL_REQUESTED',
    cause: { timeoutType: 'SCHEDULE_TO_CLOSE' },
    at: 2_000,
  },
  {
    ending: 'a heartbeat timeout after a cancellation',
    activity: never,
    options: { ...WAIT, heartbeatTimeout: '2s' },
    cancelAt: 1_000,
    status: 'TIMED_OUT',
    retryState: 'CANCEL_REQUESTED',
    cause: { timeoutType: 'HEARTBEAT' },
    at: 2_000,
  },
];

test.each(endings)('row 63: $ending is $status, $retryState', async ({ activity, ...expected }) => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(h.run(activity, { ...expected.options, signal: controller.signal }));
  if (expected.cancelAt !== undefined) {
    await h.advance(expected.cancelAt);
    controller.abort();
  }
  await h.advance(10_000);
  const failure = failureOf(run);
  expect(settledAt(run)).toBe(expected.at);
  expect(failure.retryState).toBe(expected.retryState);
  expect(failure.cause).toMatchObject(expected.cause);
  expect(h.of('failed')).toMatchObject([{ status: expected.status, attempt: 1 }]);
  expect(h.of('failed')[0]!.failure).toBe(failure.cause);
});

test('row 63: a schedule-to-start timeout is TIMED_OUT, TIMEOUT', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never);
  const run = h.watch(h.run(never, { scheduleToStartTimeout: '2s' }));
  await h.advance(2_000);
  expect(failureOf(run).retryState).toBe('TIMEOUT');
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
  expect(h.of('failed')).toMatchObject([{ status: 'TIMED_OUT', attempt: 0 }]);
});

describe('row 65: the cause of a final timeout is the failure of the attempt before', () => {
  const error = ApplicationFailure.retryable('test failure', 'TestFailure');
  const failOnce = (ctx: ActivityContext): Promise<never> => {
    if (ctx.info.attempt === 1) throw error;
    return never();
  };

  test.each<[TimeoutFailure['timeoutType'], ActivityOptions]>([
    ['START_TO_CLOSE', { startToCloseTimeout: '2s', retryPolicy: { maximumAttempts: 2 } }],
    ['HEARTBEAT', { heartbeatTimeout: '2s', retryPolicy: { maximumAttempts: 2 } }],
    ['SCHEDULE_TO_CLOSE', { scheduleToCloseTimeout: '3s' }],
  ])('%s', async (timeoutType, options) => {
    const h = new Harness();
    const run = h.watch(h.run(failOnce, options));
    await h.advance(10_000);
    expect(settledAt(run)).toBe(3_000);
    expect(timeoutOf(run).timeoutType).toBe(timeoutType);
    expect(timeoutOf(run).cause).toBe(error);
  });

  test('SCHEDULE_TO_CLOSE while waiting for a slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const run = h.watch(h.run(failOnce, { scheduleToCloseTimeout: '3s' }));
    await h.turn();
    void h.run(never); // takes the slot that the backoff leaves free
    await h.advance(10_000);
    expect(settledAt(run)).toBe(3_000);
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
    expect(timeoutOf(run).cause).toBe(error);
  });
});

test.each<[TimeoutFailure['timeoutType'], ActivityOptions]>([
  ['START_TO_CLOSE', { startToCloseTimeout: '2s' }],
  ['HEARTBEAT', { heartbeatTimeout: '2s' }],
])('row 65: a retried %s timeout loses its own cause', async (timeoutType, options) => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        if (ctx.info.attempt === 1) throw new Error('first');
        return never();
      },
      { ...options, retryPolicy: { maximumAttempts: 4 } },
    ),
  );
  await h.advance(60_000);
  const failure = timeoutOf(run);
  expect(failure.timeoutType).toBe(timeoutType);
  expect(failure.cause).toBeInstanceOf(TimeoutFailure);
  expect((failure.cause as TimeoutFailure).timeoutType).toBe(timeoutType);
  expect((failure.cause as TimeoutFailure).cause).toBeUndefined();
});

// A departure: on Temporal a failure over 4 KiB is cut between attempts, one over 2 MiB at the end.
test('row 70: a failure of any size is kept whole', async () => {
  const h = new Harness();
  const error = new Error('x'.repeat(3 * 1024 * 1024));
  const run = h.watch(
    h.run(
      () => {
        throw error;
      },
      { retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(2_000);
  expect(h.of('attemptFailed').map(({ failure }) => failure)).toEqual([error, error]);
  expect(failureOf(run).cause).toBe(error);
});
