import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  ActivityFailure,
  ActivityRuntime,
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
} from '../../../src/index.js';
import { Deferred } from '../../../src/kernel/promises.js';
import { retryLoop } from '../../../src/retry/loop.js';
import { ActivityState } from '../../../src/runtime/activity/state.js';
import { Harness, never } from '../../support/harness.js';
import { turn } from '../../support/virtual-clock.js';

const trap = (): never => {
  throw new Error('trap');
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

class Frozen extends Error {
  constructor() {
    super('frozen');
    Object.freeze(this);
  }
}

/** Everything an activity may throw, and whether it reaches the caller as it is. */
const thrown: readonly (readonly [string, unknown, 'itself' | 'wrapped'])[] = [
  ['undefined', undefined, 'wrapped'],
  ['null', null, 'wrapped'],
  ['a string', 'no', 'wrapped'],
  ['the empty string', '', 'wrapped'],
  ['a number', 0, 'wrapped'],
  ['NaN', NaN, 'wrapped'],
  ['a bigint', 1n, 'wrapped'],
  ['a symbol', Symbol('s'), 'wrapped'],
  ['a function', trap, 'wrapped'],
  ['a plain object', { message: 'no' }, 'wrapped'],
  ['an object without prototype', Object.create(null), 'wrapped'],
  ['a frozen object', Object.freeze({ code: 5 }), 'wrapped'],
  ['an object whose toString throws', { toString: trap }, 'wrapped'],
  ['an object that cannot be read', new Proxy({}, { get: trap, has: trap }), 'wrapped'],
  [
    'an object with a tag that throws',
    Object.defineProperty({}, Symbol.toStringTag, { get: trap }),
    'wrapped',
  ],
  ['an object whose prototype cannot be read', new Proxy({}, { getPrototypeOf: trap }), 'wrapped'],
  ['a revoked proxy', revoked(), 'wrapped'],
  ['an array', [1], 'wrapped'],
  ['Error', new Error('no'), 'itself'],
  ['TypeError', new TypeError('no'), 'itself'],
  ['the TypeError of fetch', new TypeError('Failed to fetch'), 'itself'],
  ['a frozen error', new Frozen(), 'itself'],
  ['an error whose toString throws', Object.assign(new Error('no'), { toString: trap }), 'itself'],
  [
    'an error whose message throws',
    Object.defineProperty(new Error('no'), 'message', { get: trap }),
    'itself',
  ],
  [
    'an error whose name throws',
    Object.defineProperty(new Error('no'), 'name', { get: trap }),
    'itself',
  ],
  [
    'an error whose constructor throws',
    Object.defineProperty(new Error('no'), 'constructor', { get: trap }),
    'itself',
  ],
  [
    'an error whose cause throws',
    Object.defineProperty(new Error('no'), 'cause', { get: trap }),
    'itself',
  ],
  ['an error of another realm', runInNewContext('new TypeError("no")'), 'itself'],
  ['a DOMException', new DOMException('no', 'DataCloneError'), 'itself'],
  ['an AbortError', new DOMException('no', 'AbortError'), 'itself'],
  ['an AggregateError', new AggregateError([new Error('a')], 'no'), 'itself'],
  ['a CancelledFailure', new CancelledFailure('CANCELLED'), 'itself'],
  ['an ApplicationFailure', new ApplicationFailure('no'), 'itself'],
  ['the failure of another activity', failureOfAnother(), 'itself'],
  ['the heartbeat timeout of another activity', timeoutOfAnother('HEARTBEAT'), 'itself'],
  [
    'the scheduleToClose timeout of another activity',
    timeoutOfAnother('SCHEDULE_TO_CLOSE'),
    'itself',
  ],
  [
    'the scheduleToStart timeout of another activity',
    timeoutOfAnother('SCHEDULE_TO_START'),
    'itself',
  ],
  ['a thenable', { then: trap }, 'wrapped'],
  [
    "p-retry's own AbortError by name",
    Object.assign(new Error('no'), { name: 'AbortError' }),
    'itself',
  ],
];

function failureOfAnother(): ActivityFailure {
  return new ActivityFailure('no', {
    activityId: 'other',
    activityType: 'other',
    attempt: 1,
    retryState: 'TIMEOUT',
    cause: timeoutOfAnother('SCHEDULE_TO_CLOSE'),
  });
}

function timeoutOfAnother(
  timeoutType: 'HEARTBEAT' | 'SCHEDULE_TO_CLOSE' | 'SCHEDULE_TO_START',
): Error {
  return new TimeoutFailure('no', { timeoutType });
}

describe('every thrown value is retried in the same way', () => {
  let rejections: unknown[];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  beforeEach(() => {
    rejections = [];
    process.on('unhandledRejection', onRejection);
  });
  afterEach(() => {
    process.off('unhandledRejection', onRejection);
  });

  test.each(thrown)('%s', async (_, value, as) => {
    const harness = new Harness();
    const retryPolicy = { maximumAttempts: 3, nonRetryableErrorTypes: ['Other', URIError] };
    const ran = harness.watch(
      harness.run(
        () => {
          throw value;
        },
        { retryPolicy },
      ),
    );
    await harness.advance(3_100);
    await harness.turn();
    expect(rejections).toHaveLength(0);
    expect(harness.of('started').map(({ at }) => at)).toEqual([0, 1_000, 3_000]);
    expect(harness.of('attemptFailed').map(({ nextAttempt }) => nextAttempt)).toEqual([
      { attempt: 2, delayMs: 1_000 },
      { attempt: 3, delayMs: 2_000 },
      undefined,
    ]);
    expect(harness.of('failed').map(({ status }) => status)).toEqual(['FAILED']);
    if (ran.outcome.state !== 'rejected') throw new Error('not rejected');
    const failure = ran.outcome.error as ActivityFailure;
    expect(failure.name).toBe('ActivityFailure');
    expect(failure.retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(failure.attempt).toBe(3);
    if (as === 'itself') {
      expect(Object.is(failure.cause, value)).toBe(true);
    } else {
      expect(failure.cause).toBeInstanceOf(ApplicationFailure);
      expect(Object.is((failure.cause as ApplicationFailure).details[0], value)).toBe(true);
    }
  });

  test.each(thrown)('%s, and the later success counts', async (_, value) => {
    const harness = new Harness();
    const ran = harness.watch(
      harness.run(async (ctx) => {
        if (ctx.info.attempt === 1) throw value;
        return 'done';
      }),
    );
    await harness.advance(1_100);
    expect(rejections).toHaveLength(0);
    expect(ran.outcome).toMatchObject({ state: 'resolved', value: 'done' });
  });
});

describe('the delays', () => {
  test('follow the policy exactly, with jitter', async () => {
    const harness = new Harness();
    harness.random = 0.5;
    harness.watch(
      harness.run(
        () => {
          throw new Error('no');
        },
        {
          retryPolicy: {
            initialInterval: 400,
            backoffCoefficient: 3,
            jitter: 0.5,
            maximumAttempts: 4,
          },
        },
      ),
    );
    await harness.advance(60_000);
    expect(harness.of('started').map(({ at }) => at)).toEqual([0, 300, 1_200, 3_900]);
  });

  test('are replaced once by nextRetryDelay, and the next one is not affected', async () => {
    const harness = new Harness();
    harness.watch(
      harness.run(
        (ctx) => {
          const nextRetryDelay = ctx.info.attempt === 2 ? '100s' : undefined;
          throw new ApplicationFailure('no', { nextRetryDelay });
        },
        { retryPolicy: { maximumInterval: '10s', maximumAttempts: 4 } },
      ),
    );
    await harness.advance(200_000);
    expect(harness.of('started').map(({ at }) => at)).toEqual([0, 1_000, 101_000, 105_000]);
  });

  test('may be longer than any host timer', async () => {
    const harness = new Harness();
    const monthMs = 30 * 24 * 3_600_000;
    harness.watch(
      harness.run(
        () => {
          throw new ApplicationFailure('no', { nextRetryDelay: monthMs });
        },
        { retryPolicy: { maximumAttempts: 2 } },
      ),
    );
    await harness.advance(monthMs + 4);
    expect(harness.of('started').map(({ at }) => at)).toEqual([0, monthMs]);
  });

  test('of zero are still a real turn of the event loop', async () => {
    let turns = 0;
    let counting: NodeJS.Immediate;
    const count = (): void => {
      turns++;
      counting = setImmediate(count);
    };
    count();
    const seen: number[] = [];
    await new ActivityRuntime({ logger: false }).run((ctx) => {
      seen.push(turns);
      if (ctx.info.attempt < 4) throw new ApplicationFailure('no', { nextRetryDelay: 0 });
    });
    clearImmediate(counting!);
    expect(new Set(seen).size).toBe(4);
  });

  test('leave no timer after the last attempt', async () => {
    const harness = new Harness();
    const ran = harness.watch(
      harness.run((ctx) => {
        if (ctx.info.attempt === 1) throw new Error('no');
      }),
    );
    await harness.advance(1_000);
    expect(ran.outcome.state).toBe('resolved');
    await harness.advance(50);
    expect(harness.clock.pending).toBe(0);
  });
});

describe('the loop follows an activity from its first failure to its end', () => {
  /** An activity that changes its phase when the test says so. */
  class Followed {
    phase = 'SCHEDULED';
    asked = 0;
    #change = new Deferred<void>();
    changed(): Promise<void> {
      this.asked++;
      return this.#change.promise;
    }
    async enter(phase: string): Promise<void> {
      this.phase = phase;
      this.#change.resolve();
      this.#change = new Deferred();
      await turn();
    }
  }

  test('it waits for each change, and stops when the activity has closed', async () => {
    const activity = new Followed();
    retryLoop(activity);
    await turn();
    expect(activity.asked).toBe(1);
    for (const phase of ['WAITING', 'RUNNING', 'SCHEDULED', 'PAUSED', 'SCHEDULED', 'WAITING']) {
      const { asked } = activity;
      await activity.enter(phase);
      expect(activity.asked).toBe(asked + 1);
    }
    await activity.enter('RUNNING');
    const { asked } = activity;
    await activity.enter('CLOSED');
    await activity.enter('CLOSED');
    expect(activity.asked).toBe(asked);
  });

  test('attempts that have come and gone before it looks do not confuse it', async () => {
    const activity = new Followed();
    retryLoop(activity);
    await turn();
    void activity.enter('RUNNING');
    void activity.enter('SCHEDULED');
    void activity.enter('RUNNING');
    await activity.enter('SCHEDULED');
    const { asked } = activity;
    await activity.enter('RUNNING');
    expect(activity.asked).toBe(asked + 1);
    await activity.enter('CLOSED');
  });

  test('it stops following an activity that closes during its delay', async () => {
    const activity = new Followed();
    retryLoop(activity);
    await turn();
    await activity.enter('CLOSED');
    expect(activity.asked).toBe(1);
  });
});

describe('the loop is entered once by each activity', () => {
  const watched = vi.spyOn(ActivityState.prototype, 'changed');
  beforeEach(() => void watched.mockClear());
  afterAll(() => watched.mockRestore());

  /** Runs up to here, and returns how often the loop has waited for a change since the last time. */
  async function waits(harness: Harness, ms: number): Promise<number> {
    const before = watched.mock.calls.length;
    await harness.advance(ms);
    return watched.mock.calls.length - before;
  }
  const fails = (): never => {
    throw new Error('no');
  };

  test('at its first failure', async () => {
    const harness = new Harness();
    void harness.watch(harness.run(() => 1));
    const run = harness.watch(
      harness.run(async (ctx) => {
        await harness.work(100);
        if (ctx.info.attempt < 3) fails();
      }),
    );
    expect(await waits(harness, 99)).toBe(0);
    expect(await waits(harness, 2)).toBe(1); // during the delay
    expect(await waits(harness, 1_000)).toBe(1); // during attempt 2
    expect(await waits(harness, 100)).toBe(1); // during the second delay
    expect(await waits(harness, 2_000)).toBe(1); // during attempt 3
    expect(await waits(harness, 10_000)).toBe(0);
    expect(run.outcome.state).toBe('resolved');
  });

  test('when it continues after a pause that its first attempt has accepted', async () => {
    const harness = new Harness();
    const handle = harness.start((ctx) => (ctx.info.attempt === 1 ? ctx.sleep(100) : never()));
    handle.pause();
    expect(await waits(harness, 1_000)).toBe(0);
    handle.unpause();
    expect(await waits(harness, 1_000)).toBe(1);
    handle.terminate();
  });

  test('and not again after a second pause', async () => {
    const harness = new Harness();
    const handle = harness.start(fails);
    handle.result().catch(() => {});
    await harness.advance(0);
    handle.pause();
    handle.unpause();
    handle.pause();
    expect(await waits(harness, 0)).toBe(1); // however many changes there were
    handle.unpause();
    expect(await waits(harness, 0)).toBe(1);
    handle.terminate();
    expect(await waits(harness, 0)).toBe(0);
  });
});

describe('scheduleToClose', () => {
  test('a delay that does not fit ends the activity at once', async () => {
    const harness = new Harness();
    const cause = new Error('no');
    const ran = harness.watch(
      harness.run(
        () => {
          throw cause;
        },
        { scheduleToCloseTimeout: 2_500 },
      ),
    );
    await harness.advance(1_000);
    expect(ran.outcome).toMatchObject({
      state: 'rejected',
      at: 1_000,
      error: { retryState: 'TIMEOUT', attempt: 2, cause },
    });
    expect(harness.of('failed')).toMatchObject([{ status: 'FAILED' }]);
  });

  test('a delay that does not fit after a timeout becomes a scheduleToClose timeout caused by that timeout', async () => {
    const harness = new Harness();
    const ran = harness.watch(
      harness.run(() => never(), { scheduleToCloseTimeout: 2_000, startToCloseTimeout: 1_200 }),
    );
    await harness.advance(1_200);
    expect(ran.outcome).toMatchObject({
      state: 'rejected',
      error: {
        retryState: 'TIMEOUT',
        cause: { timeoutType: 'SCHEDULE_TO_CLOSE', cause: { timeoutType: 'START_TO_CLOSE' } },
      },
    });
    expect(harness.of('failed')).toMatchObject([{ status: 'TIMED_OUT' }]);
  });

  test('a timeout that leaves no time for a retry keeps the failure of the previous attempt', async () => {
    const harness = new Harness();
    const lost = new Error('connection lost');
    const ran = harness.watch(
      harness.run(
        async (ctx) => {
          if (ctx.info.attempt === 1) throw lost;
          await never();
        },
        { scheduleToCloseTimeout: 3_500, startToCloseTimeout: 1_200 },
      ),
    );
    await harness.advance(1_000);
    await harness.advance(1_200);
    const { cause } = (ran.outcome as { error: { cause: TimeoutFailure } }).error;
    expect(cause).toMatchObject({
      timeoutType: 'SCHEDULE_TO_CLOSE',
      cause: { timeoutType: 'START_TO_CLOSE' },
    });
    expect((cause.cause as TimeoutFailure).cause).toBe(lost);
  });
});

test('a thousand retries grow neither the stack nor the time of each', async () => {
  const harness = new Harness({ logger: false }, false);
  const ran = harness.watch(
    harness.run(
      async (ctx) => {
        if (ctx.info.attempt < 1_000) throw new Error('no');
        return ctx.info.attempt;
      },
      { retryPolicy: { initialInterval: 4, backoffCoefficient: 1 } },
    ),
  );
  await harness.advance(4_000);
  expect(ran.outcome).toMatchObject({ state: 'resolved', value: 1_000 });
});
