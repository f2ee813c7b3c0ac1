/** `handle.reset` and its options, for waiting and running activities. */
import { describe, expect, test } from 'vitest';
import type {
  ActivityContext,
  ActivityOptions,
  HeartbeatStore,
  ResetOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, reportsOf, settledAt, startsOf } from '../support/outcomes.js';
import { VirtualClock } from '../support/virtual-clock.js';

const boom = new Error('boom');
const failing = (): never => {
  throw boom;
};

/** Starts an activity whose attempts fail when the test says so. */
function hold(h: Harness, options: ActivityOptions = {}) {
  let ctx!: ActivityContext;
  let reject!: (error: unknown) => void;
  const handle = h.start((given) => {
    ctx = given;
    return new Promise<never>((_, fail) => (reject = fail));
  }, options);
  return {
    handle,
    ctx: () => ctx,
    fail: async (error: unknown = boom): Promise<void> => {
      reject(error);
      await h.advance(0); // an attempt without a delay passes through a timer too
    },
  };
}

function attemptsOf(h: Harness): number[] {
  return h.of('started').map(({ attempt }) => attempt);
}

describe('a reset of a waiting activity', () => {
  test('in the queue for a slot keeps it in the queue', () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const blocker = h.start(never);
    const handle = h.start(never);
    handle.reset();
    expect(h.engine.stats()).toMatchObject({ running: 1, waiting: 1 });
    blocker.terminate();
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(handle.describe().runState).toBe('STARTED');
  });

  test('in its backoff works with all options at once', async () => {
    const h = new Harness();
    h.random = 0.5;
    const { handle, ctx, fail } = hold(h, { priority: 2, retryPolicy: { initialInterval: '1h' } });
    ctx().heartbeat('here');
    await fail();
    handle.updateOptions({ priority: 5 });
    await h.advance(1_000);
    handle.pause();
    handle.reset({
      keepPaused: true,
      resetHeartbeat: true,
      restoreOriginalOptions: true,
      jitter: '20s',
    });
    expect(handle.describe()).toMatchObject({
      status: 'PAUSED',
      attempt: 1,
      heartbeatDetails: undefined,
      options: { priority: 2 },
    });
    handle.unpause();
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 11_000]);
    expect(ctx().hasHeartbeatDetails).toBe(false);
  });

  test('in its backoff without options keeps its details and options', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h, { priority: 2 });
    ctx().heartbeat('here');
    await fail();
    handle.updateOptions({ priority: 5 });
    handle.reset();
    expect(handle.describe()).toMatchObject({
      attempt: 1,
      heartbeatDetails: 'here',
      options: { priority: 5 },
    });
  });

  test.each<[string, pausedBefore: boolean, ResetOptions]>([
    ['backs off', false, {}],
    ['is paused', true, {}],
    ['stays paused', true, { keepPaused: true }],
  ])(
    'with jitter delays the attempt by a random part of it: %s',
    async (_, pausedBefore, options) => {
      const h = new Harness();
      h.random = 0.25;
      const { handle, fail } = hold(h, { retryPolicy: { initialInterval: '1h' } });
      await fail();
      if (pausedBefore) handle.pause();
      await h.advance(1_000);
      handle.reset({ ...options, jitter: '20s' });
      if (options.keepPaused === true) handle.unpause();
      await h.advance(60_000);
      expect(startsOf(h)).toEqual([0, 6_000]);
      expect(attemptsOf(h)).toEqual([1, 1]);
    },
  );

  test('adds jitter to a start delay', async () => {
    const h = new Harness();
    h.random = 0.5;
    const handle = h.start(never, { startDelay: '10s' });
    await h.advance(4_000);
    handle.reset({ jitter: '4s' });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([12_000]);
  });

  test('restores an original start delay', async () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '10s' });
    handle.updateOptions({ startDelay: '1h' });
    handle.reset({ restoreOriginalOptions: true });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([10_000]);
  });

  test('with keepPaused does not pause an activity that was not paused', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h, { retryPolicy: { initialInterval: '1h' } });
    await fail();
    handle.reset({ keepPaused: true });
    await h.advance(0);
    expect(attemptsOf(h)).toEqual([1, 1]);
  });

  test('works a second time', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    await fail();
    handle.pause();
    handle.reset({ keepPaused: true });
    handle.reset();
    await h.advance(0);
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(h.of('reset')).toHaveLength(2);
  });

  test('with resetHeartbeat deletes the stored entry', async () => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    const { handle, ctx, fail } = hold(h, { activityId: 'import-7' });
    await h.turn();
    ctx().heartbeat('here');
    await fail();
    expect(store.size).toBe(1);
    handle.reset({ resetHeartbeat: true });
    await h.turn();
    expect(store.size).toBe(0);
  });
});

test('a reset with resetHeartbeat while the store is being read ignores what the store returns', async () => {
  const kept = new Map([['x', '{"json":5}']]);
  let answer!: (text: string | undefined) => void;
  const store: HeartbeatStore = {
    get: () => new Promise((resolve) => (answer = resolve)),
    set: (id, text) => void kept.set(id, text),
    delete: (id) => void kept.delete(id),
  };
  const h = new Harness({ store });
  const handle = h.start((ctx) => [ctx.heartbeatDetails], { activityId: 'x' });
  handle.reset({ resetHeartbeat: true });
  answer('{"json":5}');
  await expect(handle.result()).resolves.toEqual([undefined]);
  expect(kept.size).toBe(0);
});

test('a reset with resetHeartbeat while the store is being read ignores the error of the store', async () => {
  const store = { get: async () => '{bad', set: () => {}, delete: () => {} };
  const h = new Harness({ store });
  const handle = h.start((ctx) => [ctx.heartbeatDetails], { activityId: 'x' });
  handle.reset({ resetHeartbeat: true });
  await expect(handle.result()).resolves.toEqual([undefined]);
});

describe('a reset of a running activity', () => {
  test('with jitter delays the next attempt by a random part of it', async () => {
    const h = new Harness();
    h.random = 0.5;
    const { handle, fail } = hold(h);
    handle.reset({ jitter: '20s' });
    await h.advance(2_000);
    await fail();
    expect(h.of('attemptFailed')).toMatchObject([{ nextAttempt: { attempt: 1, delayMs: 10_000 } }]);
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 12_000]);
  });

  test('does not count the jitter as a backoff', async () => {
    const h = new Harness();
    h.random = 0.5;
    const { handle, fail } = hold(h);
    handle.reset({ jitter: '20s' });
    await fail();
    expect(handle.describe()).toMatchObject({
      nextAttemptScheduleTime: new Date(VirtualClock.EPOCH + 10_000),
      currentRetryInterval: undefined,
    });
    handle.updateOptions({ retryPolicy: { initialInterval: '1s' } });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 10_000]);
  });

  test('withdraws a requested pause', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    handle.pause();
    handle.reset();
    ctx().heartbeat();
    await fail(ctx().signal.reason);
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(h.of('paused')).toEqual([]);
    expect(ctx().cancellationDetails).toBeUndefined();
  });

  test('with keepPaused parks a paused activity at attempt 1', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    await fail();
    await h.advance(1_000);
    handle.pause();
    handle.reset({ keepPaused: true });
    await fail();
    await h.advance(60_000);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 1 });
    expect(h.names().slice(-3)).toEqual(['attemptFailed', 'reset', 'paused']);
    expect(attemptsOf(h)).toEqual([1, 2]);
    handle.unpause();
    await h.advance(0);
    expect(attemptsOf(h)).toEqual([1, 2, 1]);
  });

  test('with resetHeartbeat drops the details that are held back', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    ctx().heartbeat('reported');
    ctx().heartbeat('held back');
    handle.reset({ resetHeartbeat: true });
    await fail();
    await h.advance(60_000);
    expect(reportsOf(h)).toEqual([['reported', 0]]);
    expect(ctx().heartbeatDetails).toBeUndefined();
  });

  test.each<[string, ResetOptions]>([
    ['without resetHeartbeat', {}],
    ['with resetHeartbeat: false', { resetHeartbeat: false }],
  ])('%s reports the details that are held back', async (_, options) => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    ctx().heartbeat('reported');
    ctx().heartbeat('held back');
    handle.reset(options);
    await h.advance(1_000);
    await fail();
    expect(reportsOf(h)).toEqual([
      ['reported', 0],
      ['held back', 1_000],
    ]);
    expect(ctx().heartbeatDetails).toBe('held back');
  });

  test('with restoreOriginalOptions restores them for the next attempt', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h, { retryPolicy: { maximumAttempts: 1 } });
    const run = h.watch(handle.result());
    handle.updateOptions({ retryPolicy: null, heartbeatTimeout: '1m' });
    handle.reset({ restoreOriginalOptions: true });
    expect(handle.describe().options.heartbeatTimeout).toBe(60_000);
    await fail();
    expect(ctx().info).toMatchObject({
      attempt: 1,
      heartbeatTimeoutMs: undefined,
      retryPolicy: { maximumAttempts: 1 },
    });
    await fail();
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  });

  test('that still completes has no effect', async () => {
    const h = new Harness();
    const handle = h.start(async (ctx: ActivityContext<string>) => {
      ctx.heartbeat('here');
      await h.work(1_000);
      return 'done';
    });
    handle.reset({ resetHeartbeat: true });
    await h.advance(1_000);
    await expect(handle.result()).resolves.toBe('done');
    expect(h.names()).toEqual(['scheduled', 'started', 'heartbeat', 'completed']);
  });

  test('whose attempt ends at the scheduleToClose deadline has no effect', async () => {
    const h = new Harness();
    const { handle } = hold(h, { scheduleToCloseTimeout: '5s' });
    const run = h.watch(handle.result());
    handle.reset();
    await h.advance(60_000);
    expect(failureOf(run)).toMatchObject({
      attempt: 1,
      retryState: 'TIMEOUT',
      cause: { timeoutType: 'SCHEDULE_TO_CLOSE' },
    });
    expect(settledAt(run)).toBe(5_000);
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'attemptAbandoned',
      'failed',
    ]);
  });

  test('that a listener of attemptFailed terminates ends with failed', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    h.engine.events.add('attemptFailed', () => handle.terminate(), false);
    handle.reset();
    await fail();
    expect(h.names()).toEqual(['scheduled', 'started', 'attemptFailed', 'reset', 'failed']);
  });

  test('may be repeated when the attempt has ended', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    for (let round = 0; round < 3; round++) {
      handle.reset();
      await fail();
    }
    expect(attemptsOf(h)).toEqual([1, 1, 1, 1]);
    expect(h.of('reset')).toHaveLength(3);
  });
});

test('a reset of a running attempt restarts the count of attempts without progress, and does not count that attempt', async () => {
  const h = new Harness();
  const { handle, fail } = hold(h, { retryPolicy: { maximumAttemptsWithoutProgress: 3 } });
  const run = h.watch(handle.result());
  await fail();
  await h.advance(60_000);
  handle.reset();
  await fail();
  for (let attempt = 1; attempt <= 3; attempt++) {
    expect(run.outcome.state).toBe('pending');
    await fail();
    await h.advance(60_000);
  }
  expect(attemptsOf(h)).toEqual([1, 2, 1, 2, 3]);
  expect(failureOf(run)).toMatchObject({ attempt: 3, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
});

test('a reset in a backoff restarts the count of attempts without progress', async () => {
  const h = new Harness();
  const handle = h.start(failing, { retryPolicy: { maximumAttemptsWithoutProgress: 3 } });
  const run = h.watch(handle.result());
  await h.advance(1_500);
  handle.reset();
  await h.advance(60_000);
  expect(attemptsOf(h)).toEqual([1, 2, 1, 2, 3]);
  expect(failureOf(run)).toMatchObject({ attempt: 3, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
});

describe('while the store is being read', () => {
  test.each<[string, (handle: ReturnType<typeof hold>['handle']) => void]>([
    ['a reset', (handle) => handle.reset()],
    [
      'a pause and a reset',
      (handle) => {
        handle.pause();
        handle.reset();
      },
    ],
    [
      'a pause, its end, and a reset',
      (handle) => {
        handle.pause();
        handle.unpause();
        handle.reset();
      },
    ],
  ])('%s starts no attempt before the store has answered', async (_, act) => {
    let answer!: (text: string) => void;
    const h = new Harness({
      store: {
        get: () => new Promise((resolve) => (answer = resolve)),
        set: () => undefined,
        delete: () => undefined,
      },
    });
    let seen: unknown;
    const handle = h.start(
      (ctx: ActivityContext<number>) => {
        seen = ctx.heartbeatDetails;
        return never();
      },
      { activityId: 'x' },
    );
    act(handle);
    expect(handle.describe().nextAttemptScheduleTime).toBeUndefined();
    await h.advance(60_000);
    expect(attemptsOf(h)).toEqual([]);
    answer('{"json":7}');
    await h.advance(60_000);
    expect(attemptsOf(h)).toEqual([1]);
    expect(seen).toBe(7);
    expect(h.engine.stats()).toMatchObject({ open: 1, running: 1, delayed: 0 });
  });
});

test('a heartbeat that a reset has forgotten has no time either', async () => {
  const h = new Harness();
  const held = hold(h);
  held.ctx().heartbeat(1);
  await held.fail();
  await h.advance(10_000);
  held.ctx().heartbeat(2);
  held.handle.pause();
  await held.fail();
  expect(held.handle.describe().lastHeartbeatTime).toBeInstanceOf(Date);
  held.handle.reset({ resetHeartbeat: true, keepPaused: true });
  expect(held.handle.describe()).toMatchObject({
    heartbeatDetails: undefined,
    lastHeartbeatTime: undefined,
  });
});

test('an unknown option of reset is refused, and nothing is reset', () => {
  const h = new Harness();
  const { handle } = hold(h);
  // @ts-expect-error it is keepPaused
  expect(() => handle.reset({ keepPause: true })).toThrow(/"?keepPause"?.*keepPaused/s);
  // @ts-expect-error an object is needed
  expect(() => handle.reset(null)).toThrow(TypeError);
  // @ts-expect-error it is jitter
  expect(() => handle.unpause({ jiter: 1 })).toThrow(/jitter/);
  expect(h.names()).not.toContain('reset');
});
