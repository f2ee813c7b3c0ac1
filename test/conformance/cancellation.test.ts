/** The rows of RULES.md about being told to stop, for a runtime in one process. */
import { expect, test } from 'vitest';
import {
  CancelledFailure,
  TerminatedFailure,
  type ActivityContext,
  type ActivityOptions,
  type CancellationDetails,
  type CancellationType,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

const NOTHING: CancellationDetails = {
  cancelRequested: false,
  paused: false,
  reset: false,
  timedOut: false,
  workerShutdown: false,
  notFound: false,
};

/** Starts an activity whose function never ends by itself, and exposes its context. */
function hold(h: Harness, options: ActivityOptions = {}) {
  let ctx!: ActivityContext;
  const handle = h.start((given: ActivityContext) => {
    ctx = given;
    return never();
  }, options);
  return { handle, ctx, run: h.watch(handle.result()) };
}

// A departure: on Temporal it arrives with the next report, which here would be the one at 30 s.
test('row 6: a cancellation arrives inside the next heartbeat, throttled or not', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx: ActivityContext<number>) => {
      for (let step = 1; ; step++) {
        await h.work(1_000);
        ctx.heartbeat(step);
        ctx.signal.throwIfAborted();
      }
    },
    { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
  );
  const run = h.watch(handle.result());
  await h.advance(2_500);
  handle.cancel('enough');
  await h.advance(10_000);
  expect(settledAt(run)).toBe(3_000);
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'CANCEL_REQUESTED' });
  expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
  expect(h.of('failed')).toMatchObject([{ status: 'CANCELED', attempt: 1 }]);
});

// A departure: on Temporal only a heartbeat delivers it.
test.each(['sleep', 'keepAlive'] as const)(
  'row 6: an activity that waits in ctx.%s receives its cancellation without a heartbeat',
  async (wait) => {
    const h = new Harness({ interceptors: [{ heartbeat: () => {} }] });
    const handle = h.start(
      (ctx) => (wait === 'sleep' ? ctx.sleep('1h') : ctx.keepAlive(never(), { every: '1h' })),
      { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    const run = h.watch(handle.result());
    await h.advance(2_500);
    handle.cancel('enough');
    await h.turn();
    expect(settledAt(run)).toBe(2_500);
    expect(h.of('failed')).toMatchObject([{ status: 'CANCELED', attempt: 1 }]);
  },
);

test('row 6: an activity that does not call its context does not receive its cancellation', async () => {
  const h = new Harness();
  const { handle, ctx, run } = hold(h, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
  handle.cancel();
  await h.advance(3_600_000);
  expect(ctx.signal.aborted).toBe(false);
  expect(run.outcome.state).toBe('pending');
});

// A departure: on Temporal the next heartbeat delivers it; here it is delivered at once.
test('row 7: the function of a terminated activity is told NOT_FOUND', async () => {
  const h = new Harness();
  const { handle, ctx } = hold(h);
  handle.terminate('out of budget');
  const reason = ctx.signal.reason as CancelledFailure;
  expect(reason).toBeInstanceOf(CancelledFailure);
  expect(reason.message).toBe('NOT_FOUND');
  expect(reason.cause).toBeInstanceOf(TerminatedFailure);
  expect(ctx.cancellationDetails).toEqual({ ...NOTHING, notFound: true });
  await expect(ctx.cancelled).rejects.toBe(reason);
});

type Operation = 'cancel' | 'pause' | 'reset';

/** What the function gets in its first heartbeat after all of these. */
function heard(operations: readonly Operation[]) {
  const { handle, ctx } = hold(new Harness());
  for (const operation of operations) handle[operation]();
  expect(ctx.cancellationDetails).toBeUndefined();
  ctx.heartbeat();
  const { message } = ctx.signal.reason as CancelledFailure;
  return { message, details: ctx.cancellationDetails };
}

test.each<[Operation[], message: string, flags: Partial<CancellationDetails>]>([
  [['pause'], 'PAUSED', { paused: true }],
  [['reset'], 'RESET', { reset: true }],
  [['pause', 'reset'], 'RESET', { paused: true, reset: true }],
])('row 15: after %j the function gets %s, and no other flag is set', (asked, message, flags) => {
  expect(heard(asked)).toEqual({ message, details: { ...NOTHING, ...flags } });
});

test.each<[Operation[], message: string, flags: Partial<CancellationDetails>]>([
  [['pause'], 'PAUSED', { paused: true }],
  [['cancel'], 'CANCELLED', { cancelRequested: true }],
  [['pause', 'reset', 'cancel'], 'CANCELLED', { cancelRequested: true, paused: true, reset: true }],
])(
  'row 34: of %j the first reason is %s, and the details have all flags',
  (asked, message, flags) => {
    expect(heard(asked)).toEqual({ message, details: { ...NOTHING, ...flags } });
  },
);

/** Heartbeats every second and stops when told to. The second time, it returns what it finds. */
function stopAndStartAgain(h: Harness) {
  let begun = false;
  const handle = h.start(
    async (ctx: ActivityContext<string>) => {
      const again = begun;
      begun = true;
      while (!again) {
        await h.work(1_000);
        ctx.heartbeat('here');
        ctx.signal.throwIfAborted();
      }
      ctx.heartbeat(); // so that it would receive requests that are still open
      const { info, cancellationDetails, signal, heartbeatDetails } = ctx;
      return [info.attempt, cancellationDetails, signal.aborted, heartbeatDetails];
    },
    { retryPolicy: ONCE },
  );
  return { handle, run: h.watch(handle.result()) };
}

// A departure: on Temporal an accepted pause is a failed attempt, and here it would be the last.
test('row 16: an accepted pause is followed by a new attempt after the unpause', async () => {
  const h = new Harness();
  const { handle, run } = stopAndStartAgain(h);
  handle.pause();
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0]);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
  handle.unpause();
  await h.turn();
  expect(startsOf(h)).toEqual([0, 60_000]);
  expect(run.outcome).toMatchObject({ value: [2, undefined, false, 'here'] });
});

// Like a standalone activity. In a workflow the new attempt is the second, after a backoff.
test('row 16: an accepted reset is followed by a new first attempt', async () => {
  const h = new Harness();
  const { handle, run } = stopAndStartAgain(h);
  handle.reset();
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
  expect(run.outcome).toMatchObject({ value: [1, undefined, false, 'here'] });
});

test('row 23: a cancelled activity rejects with a CancelledFailure that has the reason', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.cancelled, { cancellationDelivery: 'immediate' });
  const run = h.watch(handle.result());
  handle.cancel('no longer needed');
  await h.turn();
  expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'no longer needed' });
  expect(handle.describe()).toMatchObject({ status: 'CANCELED', runState: undefined });
});

test('row 23: a terminated activity rejects with a TerminatedFailure with that message', async () => {
  const h = new Harness();
  const { handle, run } = hold(h);
  handle.terminate('out of budget');
  await h.turn();
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: undefined });
  expect(failureOf(run).cause).toBeInstanceOf(TerminatedFailure);
  expect(failureOf(run).cause).toMatchObject({ message: 'out of budget' });
  expect(handle.describe()).toMatchObject({ status: 'TERMINATED', runState: undefined });
});

test.each(['cancel', 'pause'] as const)(
  'row 33: after a %s that was delivered, a cancel is not delivered as well',
  (first) => {
    const { handle, ctx } = hold(new Harness());
    let aborts = 0;
    ctx.signal.addEventListener('abort', () => aborts++);
    handle[first]();
    ctx.heartbeat();
    const { cancellationDetails, signal } = ctx;
    const reason: unknown = signal.reason;
    handle.cancel('again');
    ctx.heartbeat();
    expect(aborts).toBe(1);
    expect(signal.reason).toBe(reason);
    expect(ctx.cancellationDetails).toBe(cancellationDetails);
  },
);

// A departure: on Temporal only the late heartbeat tells the function, and the reason is NOT_FOUND.
test('row 44: a function that missed its heartbeat timeout is told without a late heartbeat', async () => {
  const h = new Harness();
  const { ctx, run } = hold(h, { heartbeatTimeout: '1s', retryPolicy: ONCE });
  await h.advance(996);
  expect(ctx.signal.aborted).toBe(false);
  await h.advance(4);
  expect(timeoutOf(run).timeoutType).toBe('HEARTBEAT');
  expect(ctx.signal.reason).toBeInstanceOf(CancelledFailure);
  expect(ctx.signal.reason).toMatchObject({ message: 'TIMED_OUT' });
  expect((ctx.signal.reason as CancelledFailure).cause).toBe(timeoutOf(run));

  ctx.heartbeat('late');
  await h.advance(60_000);
  expect(h.of('heartbeat')).toEqual([]);
  expect(ctx.cancellationDetails).toEqual({ ...NOTHING, timedOut: true });
});

test.each<[CancellationType, callerAt: number, heardAt: number | 'never', end: object]>([
  ['TRY_CANCEL', 500, 1_000, { name: 'failed', status: 'CANCELED', at: 3_000 }],
  ['WAIT_CANCELLATION_COMPLETED', 3_000, 1_000, { name: 'failed', status: 'CANCELED', at: 3_000 }],
  ['ABANDON', 500, 'never', { name: 'completed', result: 'done', at: 5_000 }],
])(
  'row 46: when a cancel by the handle reaches the caller and the function, with %s',
  async (cancellationType, callerAt, expectedAt, end) => {
    const h = new Harness();
    let heardAt: number | 'never' = 'never';
    const handle = h.start(
      async (ctx) => {
        for (let second = 1; second <= 5; second++) {
          await h.work(1_000);
          ctx.heartbeat();
          if (!ctx.signal.aborted) continue;
          heardAt = h.clock.now();
          await h.work(2_000); // to clean up
          throw ctx.signal.reason;
        }
        return 'done';
      },
      { cancellationType },
    );
    const run = h.watch(handle.result());
    await h.advance(500);
    handle.cancel();
    await h.advance(60_000);
    expect(settledAt(run)).toBe(callerAt);
    expect(failureOf(run)).toMatchObject({
      retryState: 'CANCEL_REQUESTED',
      cause: { message: 'CANCELLED' },
    });
    expect(heardAt).toBe(expectedAt);
    expect(h.events.at(-1)).toMatchObject(end);
  },
);
