/** The rows of RULES.md about pause, unpause, reset and changed options. */
import { describe, expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  ActivityStateError,
  ApplicationFailure,
  TimeoutFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

type Context = ActivityContext<string>;

/** Starts an activity whose attempts end when the test says so. */
function hold(h: Harness, options: ActivityOptions = {}) {
  const contexts: Context[] = [];
  let end!: { resolve: (value: string) => void; reject: (error: unknown) => void };
  const handle = h.start((ctx: Context) => {
    contexts.push(ctx);
    return new Promise<string>((resolve, reject) => (end = { resolve, reject }));
  }, options);
  return {
    handle,
    run: h.watch(handle.result()),
    ctx: () => contexts.at(-1)!,
    succeed: async (value: string): Promise<void> => {
      end.resolve(value);
      await h.turn();
    },
    fail: async (error: unknown): Promise<void> => {
      end.reject(error);
      await h.advance(0); // an attempt without a delay passes through a timer too
    },
  };
}

function attemptsOf(h: Harness): number[] {
  return h.of('started').map(({ attempt }) => attempt);
}

const boom = new Error('boom');
const failing = (): never => {
  throw boom;
};

describe('row 58', () => {
  test('a paused activity whose attempt fails stays paused and has the failure', async () => {
    const h = new Harness();
    const { handle, run, fail } = hold(h);
    handle.pause();
    expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'PAUSE_REQUESTED' });
    await fail(boom);
    await h.advance(3_600_000);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 });
    expect(handle.describe().lastFailure).toBe(boom);
    expect(h.of('attemptFailed')[0]!.nextAttempt).toBeUndefined();
    expect(startsOf(h)).toEqual([0]);
    expect(run.outcome.state).toBe('pending');
  });

  // Like a standalone activity. In a workflow the attempt after a reset is the second.
  test('the attempt after a reset has the details and is number 1', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    ctx().heartbeat('here');
    handle.reset();
    await fail(boom);
    expect(ctx().heartbeatDetails).toBe('here');
    expect(attemptsOf(h)).toEqual([1, 1]);
  });
});

describe('row 67: a reset', () => {
  test.each([
    ['keeps', {}, 'first'],
    ['can clear', { resetHeartbeat: true }, undefined],
  ])('%s the heartbeat details of an activity in a backoff', async (_, options, details) => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    ctx().heartbeat('first');
    await fail(boom);
    handle.reset(options);
    expect(handle.describe().heartbeatDetails).toBe(details);
    await h.turn();
    expect(ctx().heartbeatDetails).toBe(details);
    expect(ctx().hasHeartbeatDetails).toBe(details !== undefined);
  });

  test.each([
    ['keeps', {}, 'meanwhile'],
    ['can clear', { resetHeartbeat: true }, undefined],
  ])('%s the details of a running attempt at its end', async (_, options, details) => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    ctx().heartbeat('before');
    handle.reset(options);
    ctx().heartbeat('meanwhile');
    expect(handle.describe().heartbeatDetails).toBe('meanwhile');
    await fail(boom);
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(ctx().heartbeatDetails).toBe(details);
    expect(handle.describe().heartbeatDetails).toBe(details);
  });
});

describe('row 77: a paused activity', () => {
  test('that waits for a slot does not start', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const blocker = h.start((ctx) => ctx.sleep('1s'));
    const { handle } = hold(h);
    handle.pause();
    await h.advance(60_000);
    expect(blocker.describe().status).toBe('COMPLETED');
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 1 });
    handle.unpause();
    expect(startsOf(h)).toEqual([0, 60_000]);
  });

  test('in a backoff does not start, but starts at the unpause if the backoff is over', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    await fail(boom);
    handle.pause();
    await h.advance(60_000);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 });
    handle.unpause();
    await h.turn();
    expect(startsOf(h)).toEqual([0, 60_000]);
  });

  // Like a standalone activity. In a workflow it starts at the unpause.
  test('waits for the rest of its backoff after the unpause', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h, { retryPolicy: { initialInterval: '10s' } });
    await fail(boom);
    await h.advance(2_000);
    handle.pause();
    await h.advance(3_000);
    handle.unpause();
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 10_000]);
  });

  test('may complete its running attempt, also by token', async () => {
    const h = new Harness();
    const { handle, run, ctx } = hold(h);
    const { taskToken } = ctx().info;
    handle.pause();
    await expect(h.engine.completion.heartbeat(taskToken)).rejects.toThrow('PAUSED');
    await h.engine.completion.complete(taskToken, 'done');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'done' });
    expect(handle.describe()).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  });

  // The last attempt: in a workflow it would be parked at maximumAttempts + 1.
  test.each<[string, unknown, ActivityOptions, retryState: string]>([
    ['non-retryably', ApplicationFailure.nonRetryable('no'), {}, 'NON_RETRYABLE_FAILURE'],
    [
      'for the last time',
      boom,
      { retryPolicy: { maximumAttempts: 1 } },
      'MAXIMUM_ATTEMPTS_REACHED',
    ],
  ])('whose attempt fails %s has failed', async (_, error, options, retryState) => {
    const h = new Harness();
    const { handle, run, fail } = hold(h, options);
    handle.pause();
    await fail(error);
    expect(handle.describe().status).toBe('FAILED');
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState });
    expect(failureOf(run).cause).toBe(error);
    expect(h.of('paused')).toEqual([]);
  });

  test('whose attempt times out is parked at the next attempt', async () => {
    const h = new Harness();
    const { handle } = hold(h, { startToCloseTimeout: '5s' });
    handle.pause();
    await h.advance(60_000);
    expect(h.of('paused').map(({ at }) => at)).toEqual([5_000]);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
    expect(handle.describe().lastFailure).toBeInstanceOf(TimeoutFailure);
  });

  test('times out at its scheduleToClose deadline', async () => {
    const h = new Harness();
    const { handle, run, fail } = hold(h, { scheduleToCloseTimeout: '10s' });
    await fail(boom);
    handle.pause();
    await h.advance(60_000);
    expect(settledAt(run)).toBe(10_000);
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'SCHEDULE_TO_CLOSE', cause: boom });
    expect(handle.describe()).toMatchObject({ status: 'TIMED_OUT', runState: undefined });
  });

  // A departure: on Temporal only a repeated request is allowed, not another one.
  test.each(['running', 'backing off'])(
    'that is paused again does not change: %s',
    async (state) => {
      const h = new Harness();
      const { handle, fail } = hold(h);
      if (state === 'backing off') await fail(boom);
      handle.pause();
      const before = handle.describe();
      handle.pause();
      expect(handle.describe()).toEqual(before);
      expect(h.of('paused')).toHaveLength(state === 'running' ? 0 : 1);
    },
  );
});

describe('row 77: unpause', () => {
  test('an activity with a requested reset cannot be paused', () => {
    const { handle } = hold(new Harness());
    handle.reset();
    expect(() => handle.pause()).toThrow(ActivityStateError);
  });

  // Like a standalone activity. In a workflow the call does nothing.
  test('an activity that is not paused cannot be unpaused', async () => {
    const { handle, fail } = hold(new Harness());
    expect(() => handle.unpause()).toThrow(ActivityStateError);
    await fail(boom);
    expect(() => handle.unpause()).toThrow(ActivityStateError);
  });

  test('before the attempt has ended makes it an ordinary one again', async () => {
    const h = new Harness();
    const { handle, ctx, run, succeed } = hold(h);
    handle.pause();
    handle.unpause();
    expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'STARTED', attempt: 1 });
    ctx().heartbeat();
    expect(ctx().signal.aborted).toBe(false);
    await succeed('done');
    expect(run.outcome).toMatchObject({ value: 'done' });
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('with jitter delays the next attempt by a random part of it', async () => {
    const h = new Harness();
    h.random = 0.25;
    const { handle, fail } = hold(h);
    await fail(boom);
    handle.pause();
    await h.advance(60_000);
    handle.unpause({ jitter: '20s' });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 65_000]);
  });

  test.each(['unpause', 'reset'] as const)('%s refuses a negative jitter', (operation) => {
    const { handle } = hold(new Harness());
    handle.pause();
    expect(() => handle[operation]({ jitter: -1 })).toThrow(TypeError);
    expect(handle.describe().runState).toBe('PAUSE_REQUESTED');
  });
});

describe('row 78: a reset', () => {
  test('of an activity in a backoff starts attempt 1 at once', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h, { retryPolicy: { initialInterval: '1h' } });
    await fail(boom);
    await h.advance(1_000);
    handle.reset();
    await h.turn();
    expect(startsOf(h)).toEqual([0, 1_000]);
    expect(attemptsOf(h)).toEqual([1, 1]);
  });

  test('restarts the count of attempts', async () => {
    const h = new Harness();
    const handle = h.start(failing, { retryPolicy: { maximumAttempts: 3 } });
    h.watch(handle.result());
    await h.advance(1_500);
    handle.reset();
    await h.advance(60_000);
    expect(attemptsOf(h)).toEqual([1, 2, 1, 2, 3]);
    // From 1,500 the delays are the first ones again.
    expect(startsOf(h)).toEqual([0, 1_000, 1_500, 2_500, 4_500]);
  });

  test('unpauses a paused activity', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    await fail(boom);
    handle.pause();
    await h.advance(60_000);
    handle.reset();
    await h.turn();
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(h.names().slice(-4)).toEqual(['paused', 'reset', 'unpaused', 'started']);
  });

  test('with keepPaused leaves a paused activity paused, at attempt 1', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h);
    await fail(boom);
    handle.pause();
    handle.reset({ keepPaused: true });
    await h.advance(60_000);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 1 });
    expect(startsOf(h)).toEqual([0]);
    handle.unpause();
    await h.turn();
    expect(attemptsOf(h)).toEqual([1, 1]);
  });

  test('of a running attempt does not start a second one, and the attempt may still succeed', async () => {
    const h = new Harness();
    const { handle, run, ctx, succeed } = hold(h);
    handle.reset();
    await h.advance(60_000);
    expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'STARTED', attempt: 1 });
    ctx().heartbeat();
    expect(ctx().signal.reason).toMatchObject({ message: 'RESET' });
    await succeed('done');
    expect(run.outcome).toMatchObject({ value: 'done' });
    expect(startsOf(h)).toEqual([0]);
  });

  // Like a standalone activity. In a workflow attempt 2 would follow after a backoff, if allowed.
  test.each<[string, error: unknown, ActivityOptions]>([
    ['fails', boom, { retryPolicy: { initialInterval: '1h' } }],
    ['fails for the last time', boom, { retryPolicy: { maximumAttempts: 1 } }],
    ['fails non-retryably', ApplicationFailure.nonRetryable('no'), {}],
    ['times out', undefined, { startToCloseTimeout: '5s' }],
  ])('of an attempt that %s is followed by attempt 1 at once', async (_, error, options) => {
    const h = new Harness();
    const { handle, fail } = hold(h, options);
    handle.reset();
    await h.advance(5_000);
    if (error !== undefined) await fail(error);
    await h.advance(4);
    expect(attemptsOf(h)).toEqual([1, 1]);
    expect(h.of('attemptFailed')).toMatchObject([{ nextAttempt: { attempt: 1, delayMs: 0 } }]);
    expect(h.of('reset')).toMatchObject([{ at: 5_000 }]);
  });

  test('makes the token of the previous attempt invalid', async () => {
    const h = new Harness();
    const { handle, ctx, run, fail } = hold(h);
    const { taskToken } = ctx().info;
    handle.reset();
    await fail(boom);
    await expect(h.engine.completion.complete(taskToken, 'stale')).rejects.toThrow(
      ActivityNotFoundError,
    );
    await h.engine.completion.complete(ctx().info.taskToken, 'fresh');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'fresh' });
  });

  test.each(['running', 'backing off'])('can restore the first options: %s', async (state) => {
    const h = new Harness();
    const { handle, fail } = hold(h, {
      startToCloseTimeout: '5s',
      scheduleToCloseTimeout: '1m',
      priority: 2,
    });
    const { options, expirationTime } = handle.describe();
    if (state === 'backing off') await fail(boom);
    handle.updateOptions({ startToCloseTimeout: '7s', scheduleToCloseTimeout: '2m', priority: 4 });
    const changed = handle.describe().options;
    await h.advance(900);
    handle.reset({ restoreOriginalOptions: true });
    // A running attempt keeps its options until it ends.
    expect(handle.describe().options).toEqual(state === 'running' ? changed : options);
    if (state === 'running') await fail(boom);
    expect(handle.describe().options).toEqual(options);
    expect(handle.describe().expirationTime).toEqual(expirationTime);
    await h.advance(5_000);
    expect(h.of('attemptFailed').at(-1)).toMatchObject({
      at: 5_900,
      failure: { timeoutType: 'START_TO_CLOSE' },
    });
  });

  test('is refused during another requested reset', () => {
    const { handle } = hold(new Harness());
    handle.reset();
    expect(() => handle.reset()).toThrow(ActivityStateError);
  });

  test('yields to a cancellation', async () => {
    const h = new Harness();
    const { handle, ctx, fail } = hold(h);
    handle.reset();
    handle.cancel('enough');
    ctx().heartbeat();
    expect(ctx().signal.reason).toMatchObject({ message: 'CANCELLED' });
    await fail(ctx().signal.reason);
    expect(handle.describe().status).toBe('CANCELED');
    expect(startsOf(h)).toEqual([0]);
  });
});

// These rules are for activities in workflows. If they differ, standalone activities are the model.
describe('row 79: a change of options', () => {
  test('a timeout that passes during a pause does not wait for the unpause', async () => {
    const h = new Harness();
    const { handle } = hold(h, { startToCloseTimeout: '5s' });
    handle.pause();
    await h.advance(8_000);
    expect(h.of('attemptFailed').map(({ at }) => at)).toEqual([5_000]);
    handle.unpause();
    await h.turn();
    expect(startsOf(h)).toEqual([0, 8_000]); // the backoff was over at 6,000
  });

  test.each(['running', 'backing off', 'paused'])(
    'of scheduleToClose to a time in the past fails an activity at once: %s',
    async (state) => {
      const h = new Harness();
      const { handle, run, fail } = hold(h, {
        scheduleToCloseTimeout: '1h',
        retryPolicy: { initialInterval: '10m' },
      });
      if (state !== 'running') await fail(boom);
      if (state === 'paused') handle.pause();
      await h.advance(10_000);
      handle.updateOptions({ scheduleToCloseTimeout: '1s' });
      await h.advance(4);
      expect(handle.describe().status).toBe('TIMED_OUT');
      expect(settledAt(run)).toBeLessThanOrEqual(10_004);
      expect(failureOf(run).retryState).toBe('TIMEOUT');
      expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
    },
  );

  test('to a shorter retry interval brings the next attempt forward', async () => {
    const h = new Harness();
    const { handle, fail } = hold(h, { retryPolicy: { initialInterval: '1h' } });
    await fail(boom);
    await h.advance(2_000);
    handle.updateOptions({ retryPolicy: { initialInterval: '1s' } });
    await h.turn();
    expect(startsOf(h)).toEqual([0, 2_000]);
    expect(attemptsOf(h)).toEqual([1, 2]);
  });

  test('a running attempt that is reset keeps its token', async () => {
    const h = new Harness();
    const { handle, ctx, run, fail } = hold(h);
    await fail(boom);
    await h.advance(1_000);
    handle.reset();
    const { taskToken } = ctx().info;
    await expect(h.engine.completion.heartbeat(taskToken)).rejects.toThrow('RESET');
    await h.engine.completion.complete(taskToken, 'done');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'done' });
  });
});
