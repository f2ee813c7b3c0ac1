/** Pause, unpause, reset and updateOptions combined with other states of an activity. */
import { expect, test } from 'vitest';
import {
  ApplicationFailure,
  type ActivityContext,
  type ActivityOptions,
  type TimeoutFailure,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

function failing(): never {
  throw new Error('boom');
}

test('pause and unpause while the store is read start no attempt before it has answered', async () => {
  let answer!: (value: undefined) => void;
  const store = {
    get: () => new Promise<undefined>((resolve) => (answer = resolve)),
    set: () => undefined,
    delete: () => undefined,
  };
  const h = new Harness({ store });
  const handle = h.start(never, { activityId: 'a' });
  handle.pause();
  handle.unpause();
  const early = h.of('started').length;
  answer(undefined);
  await h.advance(100);
  expect(early).toBe(0);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1]);
  expect(h.engine.stats()).toMatchObject({ open: 1, running: 1 });
});

test('a paused activity frees its slot when the maximum overlap is over', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const handle = h.start(never, { startToCloseTimeout: '1s', attemptOverlap: '5s' });
  const other = h.start(never);
  handle.pause();
  await h.advance(1_000);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
  await h.advance(60_000);
  expect(h.of('started').map(({ activityId, at }) => [activityId, at])).toEqual([
    [handle.activityId, 0],
    [other.activityId, 6_000],
  ]);
});

test('updateOptions with a retry policy does not change a nextRetryDelay', async () => {
  const h = new Harness();
  const handle = h.start(() => {
    throw new ApplicationFailure('later', { nextRetryDelay: '30s' });
  });
  await h.advance(0);
  handle.updateOptions({ retryPolicy: { initialInterval: '5s' } });
  expect(handle.describe().currentRetryInterval).toBe(30_000);
  await h.advance(30_000);
  expect(startsOf(h)).toEqual([0, 30_000]);
});

test.each<[string, () => Error]>([
  ['an ApplicationFailure without nextRetryDelay', () => new ApplicationFailure('no')],
  [
    'another error with nextRetryDelay',
    () => Object.assign(new Error('no'), { nextRetryDelay: '60s' }),
  ],
])('%s sets no delay, so a new retry policy recomputes it', async (_, make) => {
  const h = new Harness();
  const handle = h.start(
    () => {
      throw make();
    },
    { retryPolicy: { initialInterval: '60s' } },
  );
  await h.advance(2_000);
  expect(handle.describe().currentRetryInterval).toBe(60_000);
  handle.updateOptions({ retryPolicy: { initialInterval: '5s' } });
  await h.advance(4_000);
  expect(startsOf(h)).toEqual([0, 5_000]);
});

test('updateOptions without a retry policy does not change the jitter of the backoff', async () => {
  const h = new Harness();
  const handle = h.start(failing, { retryPolicy: { initialInterval: '60s', jitter: 1 } });
  await h.advance(2_000);
  h.random = 0.5;
  handle.updateOptions({ priority: 1, heartbeatTimeout: '5s' });
  expect(handle.describe().currentRetryInterval).toBe(60_000);
  await h.advance(59_000);
  expect(startsOf(h)).toEqual([0, 60_000]);
});

test('updateOptions with a retry policy recomputes the backoff from the end of the attempt', async () => {
  const h = new Harness();
  const handle = h.start(failing, { retryPolicy: { initialInterval: '60s' } });
  await h.advance(2_000);
  handle.updateOptions({ retryPolicy: { initialInterval: '5s' } });
  expect(handle.describe().currentRetryInterval).toBe(5_000);
  await h.advance(3_000);
  expect(startsOf(h)).toEqual([0, 5_000]);
});

test('updateOptions with a retry policy adds no backoff before an attempt after a reset', async () => {
  const h = new Harness();
  h.random = 0.5;
  const handle = h.start(failing, { retryPolicy: { initialInterval: '1h' } });
  await h.advance(1_000);
  handle.reset({ jitter: '20s' });
  handle.updateOptions({ retryPolicy: { initialInterval: '1h' } });
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 11_000]);
});

test('updateOptions with a retry policy adds no backoff after an accepted pause', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.cancelled, { cancellationDelivery: 'immediate' });
  handle.pause();
  await h.advance(1_000);
  handle.updateOptions({ retryPolicy: { initialInterval: '1h' } });
  handle.unpause();
  await h.advance(1_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
});

test('updateOptions with a priority moves a waiting activity', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const first = h.start(never);
  const second = h.start(never);
  const third = h.start(never);
  third.updateOptions({ priority: 1 });
  first.terminate();
  expect(third.describe().runState).toBe('STARTED');
  expect(second.describe().runState).toBe('SCHEDULED');
  third.terminate();
  second.terminate();
  await h.advance(100);
  expect(h.engine.stats()).toMatchObject({
    open: 0,
    running: 0,
    waiting: 0,
    paused: 0,
    delayed: 0,
  });
});

test.each(['unpause', 'reset'] as const)('%s refuses an infinite jitter', (operation) => {
  const h = new Harness();
  const handle = h.start(never, { startDelay: '1s' });
  handle.pause();
  expect(() => {
    handle[operation]({ jitter: Infinity });
  }).toThrow(TypeError);
});

test('an accepted pause parks the activity at the next attempt, whatever maximumAttempts is', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.cancelled, {
    cancellationDelivery: 'immediate',
    retryPolicy: { maximumAttempts: 1 },
  });
  handle.pause();
  await h.advance(0);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 });
  handle.unpause();
  await h.advance(0);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('a listener of reset that terminates makes failed the last event', async () => {
  const h = new Harness();
  const handle = h.start(never, { startDelay: '1s' });
  handle.pause();
  h.engine.events.add(
    'reset',
    () => {
      handle.terminate();
    },
    false,
  );
  handle.reset();
  await h.advance(100);
  expect(h.names()).toEqual(['scheduled', 'paused', 'reset', 'failed']);
});

test('an attempt that fails non-retryably while a reset is requested starts over at attempt 1', async () => {
  const h = new Harness();
  let calls = 0;
  const handle = h.start(async (ctx) => {
    await h.work(10);
    if (++calls === 1) throw ApplicationFailure.nonRetryable('no');
    return ctx.info.attempt;
  });
  handle.reset();
  await h.advance(100);
  expect(await handle.result()).toBe(1);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 1]);
});

test('a reset that restores a start delay does not delay an activity that has started', async () => {
  const h = new Harness();
  const handle = h.start(failing, { startDelay: '1h' });
  handle.updateOptions({ startDelay: null, retryPolicy: { initialInterval: '10m' } });
  await h.advance(1_000);
  expect(startsOf(h)).toEqual([0]);
  handle.reset({ restoreOriginalOptions: true });
  expect(handle.describe().options.startDelay).toBe(3_600_000);
  await h.advance(0);
  expect(startsOf(h)).toEqual([0, 1_000]);
});

/** A paused activity whose attempt still runs. It fails when the test says so. */
function pauseRequested(h: Harness, options: ActivityOptions = {}) {
  let ctx!: ActivityContext;
  let fail!: (error: unknown) => void;
  const handle = h.start((given) => {
    ctx = given;
    return new Promise<never>((_, reject) => (fail = reject));
  }, options);
  handle.pause();
  return { handle, ctx: () => ctx, fail: (error: unknown) => fail(error) };
}

test('a retryable failure during a requested pause parks the activity, and its backoff continues', async () => {
  const h = new Harness();
  const { handle, fail } = pauseRequested(h, { retryPolicy: { initialInterval: '10s' } });
  await h.advance(2_000);
  fail(new Error('boom'));
  await h.turn();
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
  expect(h.names()).toEqual(['scheduled', 'started', 'attemptFailed', 'paused']);
  await h.advance(4_000);
  handle.unpause();
  expect(handle.describe().currentRetryInterval).toBe(10_000);
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 12_000]);
});

test('a failure whose backoff passes the scheduleToClose deadline ends a paused activity', async () => {
  const h = new Harness();
  const { handle, fail } = pauseRequested(h, {
    scheduleToCloseTimeout: '5s',
    retryPolicy: { initialInterval: '10s' },
  });
  const run = h.watch(handle.result());
  fail(new Error('boom'));
  await h.turn();
  expect(failureOf(run)).toMatchObject({ retryState: 'TIMEOUT', cause: { message: 'boom' } });
});

test('an open attempt of a paused activity is parked when it is reported as stopped', async () => {
  const h = new Harness();
  const handle = h.start((ctx): string => ctx.completeAsync());
  handle.pause();
  expect(() => handle.heartbeat('here')).toThrow('PAUSED');
  handle.fail(Object.assign(new Error('stopped'), { name: 'AbortError' }));
  expect(handle.describe()).toMatchObject({
    status: 'PAUSED',
    attempt: 2,
    lastFailure: undefined,
    heartbeatDetails: 'here',
  });
});

test('a parked activity has freed its slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const { handle, fail } = pauseRequested(h);
  const waiter = h.start(never);
  fail(new Error('boom'));
  await h.turn();
  expect(waiter.describe().runState).toBe('STARTED');
  expect(h.engine.stats()).toMatchObject({
    open: 2,
    running: 1,
    waiting: 0,
    paused: 1,
    delayed: 0,
  });
  await h.advance(1_000);
  handle.unpause();
  await h.turn();
  expect(h.engine.stats()).toMatchObject({
    open: 2,
    running: 1,
    waiting: 1,
    paused: 0,
    delayed: 0,
  });
});

test.each<[TimeoutFailure['timeoutType'], ActivityOptions]>([
  ['HEARTBEAT', { heartbeatTimeout: '5s' }],
  ['PROGRESS', { progressTimeout: '5s' }],
  ['START_TO_CLOSE', { startToCloseTimeout: '5s' }],
])(
  'a %s timeout is still retried during a requested pause, and parks; the last one ends the activity',
  async (type, options) => {
    const h = new Harness();
    const { handle } = pauseRequested(h, options);
    const last = pauseRequested(h, { ...options, retryPolicy: { maximumAttempts: 1 } });
    const run = h.watch(last.handle.result());
    await h.advance(60_000);
    expect(h.of('attemptFailed').map(({ at }) => at)).toEqual([5_000, 5_000]);
    expect(handle.describe()).toMatchObject({
      status: 'PAUSED',
      attempt: 2,
      lastFailure: { timeoutType: type },
    });
    expect(settledAt(run)).toBe(5_000);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(timeoutOf(run).timeoutType).toBe(type);
  },
);

test('scheduleToClose still counts during a requested pause', async () => {
  const h = new Harness();
  const { handle } = pauseRequested(h, { scheduleToCloseTimeout: '5s' });
  const run = h.watch(handle.result());
  await h.advance(60_000);
  expect(settledAt(run)).toBe(5_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
});

test('scheduleToStart does not count during a pause, and starts again afterwards', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never);
  const handle = h.start(never, { scheduleToStartTimeout: '5s' });
  const run = h.watch(handle.result());
  await h.advance(3_000);
  handle.pause();
  await h.advance(60_000);
  expect(handle.describe().status).toBe('PAUSED');
  handle.unpause();
  await h.advance(60_000);
  expect(settledAt(run)).toBe(68_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
});

test('a pause that is withdrawn before a heartbeat is never delivered', async () => {
  const h = new Harness();
  const { handle, ctx, fail } = pauseRequested(h);
  handle.unpause();
  expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'STARTED' });
  ctx().heartbeat();
  expect(ctx().signal.aborted).toBe(false);
  fail(new Error('boom'));
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
  expect(h.names()).not.toContain('paused');
  expect(h.names()).not.toContain('unpaused');
});

test('a pause that is withdrawn too late is followed by the next attempt at once', async () => {
  const h = new Harness();
  const { handle, ctx, fail } = pauseRequested(h);
  ctx().heartbeat();
  const first = ctx();
  handle.unpause();
  expect(first.signal.reason).toMatchObject({ message: 'PAUSED' });
  fail(first.signal.reason);
  await h.advance(0);
  expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(ctx().signal.aborted).toBe(false);
});

test('a pause may be requested again after it was withdrawn', async () => {
  const h = new Harness();
  const { handle, ctx } = pauseRequested(h);
  handle.unpause();
  handle.pause();
  expect(handle.describe().runState).toBe('PAUSE_REQUESTED');
  ctx().heartbeat();
  expect(ctx().signal.reason).toMatchObject({ message: 'PAUSED' });
});

test('a second pause is not delivered again', () => {
  const h = new Harness();
  const { handle, ctx } = pauseRequested(h, { cancellationDelivery: 'immediate' });
  const reason: unknown = ctx().signal.reason;
  handle.pause();
  ctx().heartbeat();
  expect(ctx().signal.reason).toBe(reason);
});

test('a request that was withdrawn before the next heartbeat stops nothing', async () => {
  const h = new Harness();
  let signal: AbortSignal | undefined;
  const handle = h.start(async (ctx) => {
    ({ signal } = ctx);
    await h.work(100);
    ctx.heartbeat();
    await h.work(100);
    return ctx.cancellationDetails;
  });
  handle.pause();
  handle.unpause();
  await h.advance(200);
  expect(await handle.result()).toBeUndefined();
  expect(signal?.aborted).toBe(false);
});
