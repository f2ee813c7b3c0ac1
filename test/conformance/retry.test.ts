/** The rows of RULES.md about the retry policy, for a runtime in one process. */
import { describe, expect, test } from 'vitest';
import {
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  type ActivityContext,
  type RetryPolicy,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { delaysOf, failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

class QuotaError extends Error {}

const fail = (): never => {
  throw new Error('no');
};

/** Runs an activity that always throws the same error, for its first two attempts. */
async function throwing(thrown: unknown, retryPolicy: RetryPolicy = {}): Promise<Harness> {
  const h = new Harness();
  void h
    .run(
      () => {
        throw thrown;
      },
      { retryPolicy: { maximumAttempts: 2, ...retryPolicy } },
    )
    .catch(() => {});
  await h.advance(1_000);
  return h;
}

test('row 11: the failure that the activity threw has its nextRetryDelay', async () => {
  const h = new Harness();
  const error = ApplicationFailure.create({ message: 'later', nextRetryDelay: '1s' });
  const run = h.watch(
    h.run(
      () => {
        throw error;
      },
      { retryPolicy: { maximumAttempts: 1 } },
    ),
  );
  await h.advance(0);
  expect(failureOf(run).cause).toBe(error);
  expect(error.nextRetryDelay).toBe('1s');
});

test('row 14: nextRetryDelay replaces the computed delay once', async () => {
  const h = new Harness();
  void h
    .run(
      (ctx) => {
        if (ctx.info.attempt === 1) throw ApplicationFailure.create({ nextRetryDelay: '2s' });
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 4 } },
    )
    .catch(() => {});
  await h.advance(60_000);
  // The later delays are those of attempts 2 and 3, as if nothing had happened.
  expect(delaysOf(h)).toEqual([2_000, 2_000, 4_000, undefined]);
  expect(startsOf(h)).toEqual([0, 2_000, 4_000, 8_000]);
});

test('row 14: nextRetryDelay replaces the maximum interval too', async () => {
  const h = await throwing(ApplicationFailure.create({ nextRetryDelay: '1h' }), {
    maximumInterval: '5s',
  });
  expect(delaysOf(h)).toEqual([3_600_000]);
});

test('row 21: a listed error is not retried', async () => {
  const h = await throwing(ApplicationFailure.retryable('no', 'Quota'), {
    nonRetryableErrorTypes: ['Quota'],
  });
  expect(startsOf(h)).toEqual([0]);
});

test('row 21: an error may be retried only once', async () => {
  const h = await throwing(new Error('no'));
  expect(startsOf(h)).toEqual([0, 1_000]);
  expect(delaysOf(h)).toEqual([1_000, undefined]);
});

test('row 21: a long backoff is waited for like a short one', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        if (ctx.info.attempt === 1) throw new Error('no');
        return 'done';
      },
      { retryPolicy: { initialInterval: '60d' } }, // more than a host timer takes
    ),
  );
  await h.advance(60 * 86_400_000);
  expect(run.outcome).toMatchObject({ value: 'done', at: 60 * 86_400_000 });
});

describe('row 26: an invalid policy is refused before anything is scheduled', () => {
  test.each<[string, RetryPolicy, RegExp]>([
    ['negative attempts', { maximumAttempts: -1 }, /maximumAttempts.*-1/],
    ['a fraction of an attempt', { maximumAttempts: 3.1415 }, /maximumAttempts.*3\.1415/],
    ['NaN attempts', { maximumAttempts: NaN }, /maximumAttempts.*NaN/],
    ['a negative coefficient', { backoffCoefficient: -1 }, /backoffCoefficient.*-1/],
    ['a coefficient of 0', { backoffCoefficient: 0 }, /backoffCoefficient.*0/],
    // On Temporal only the server refuses this one.
    ['a coefficient below 1', { backoffCoefficient: 0.5 }, /backoffCoefficient.*0\.5/],
    ['a negative initial interval', { initialInterval: -1 }, /initialInterval.*-1/],
    ['a negative maximum interval', { maximumInterval: -1 }, /maximumInterval.*-1/],
    [
      'a maximum below the initial interval',
      { initialInterval: 2, maximumInterval: 1 },
      /maximumInterval.*1.*2/,
    ],
  ])('%s', async (_, retryPolicy, message) => {
    const h = new Harness();
    const run = h.watch(h.run(never, { retryPolicy }));
    await h.advance(0);
    const { error } = run.outcome as { error: TypeError };
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(message);
    expect(h.events).toEqual([]);
  });

  test('infinite attempts mean no limit', async () => {
    const h = await throwing(new Error('no'), { maximumAttempts: Infinity });
    expect(delaysOf(h)).toEqual([1_000, 2_000]);
  });

  // Departures: the TypeScript SDK refuses these three.
  test.each<[string, RetryPolicy, number[]]>([
    ['0 attempts mean no limit', { maximumAttempts: 0 }, [1_000, 2_000]],
    ['an initial interval of 0 means the default', { initialInterval: 0 }, [1_000]],
    ['a maximum interval of 0 means the default', { maximumInterval: 0 }, [1_000]],
  ])('%s', async (_, retryPolicy, delays) => {
    const h = await throwing(new Error('no'), retryPolicy);
    expect(delaysOf(h).filter((delay) => delay !== undefined)).toEqual(delays);
  });

  // A departure: the TypeScript SDK compares it with the default initial interval, and throws.
  test('a maximum interval below one second lowers the initial interval', async () => {
    const h = await throwing(new Error('no'), { maximumInterval: 500 });
    expect(startsOf(h)).toEqual([0, 500]);
  });
});

test('row 39: delays grow to the maximum interval, and none follows the last attempt', async () => {
  const h = new Harness();
  const run = h.watch(h.run(fail, { retryPolicy: { maximumInterval: '10s', maximumAttempts: 7 } }));
  await h.advance(60_000);
  expect(delaysOf(h)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, undefined]);
  expect(startsOf(h)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000]);
  expect(settledAt(run)).toBe(35_000);
});

test('row 39: a backoff that overflows is the maximum interval', async () => {
  const h = new Harness();
  void h
    .run(fail, {
      retryPolicy: {
        backoffCoefficient: Number.MAX_VALUE,
        maximumInterval: '10s',
        maximumAttempts: 4,
      },
    })
    .catch(() => {});
  await h.advance(60_000);
  expect(delaysOf(h)).toEqual([1_000, 10_000, 10_000, undefined]);
});

// A departure: Temporal's local activities silently repair such a policy.
test('row 40: the bad field is named, and defaults replace only missing fields', async () => {
  const h = new Harness();
  const bad = h.watch(
    h.run(never, { retryPolicy: { initialInterval: '2s', backoffCoefficient: -2 } }),
  );
  await h.advance(0);
  expect(bad.outcome).toMatchObject({ state: 'rejected' });
  let policy: unknown;
  void h.run(
    (ctx) => {
      policy = ctx.info.retryPolicy;
    },
    { retryPolicy: { initialInterval: '2s', maximumAttempts: 7 } },
  );
  expect(policy).toEqual({
    initialInterval: 2_000,
    backoffCoefficient: 2,
    maximumInterval: 200_000,
    maximumAttempts: 7,
    nonRetryableErrorTypes: [],
    jitter: 0,
    maximumAttemptsWithoutProgress: Infinity,
  });
});

test('row 40: only a listed type stops the retries', async () => {
  const listed = { nonRetryableErrorTypes: ['no way'] };
  const stopped = await throwing(ApplicationFailure.retryable('x', 'no way'), listed);
  const retried = await throwing(ApplicationFailure.retryable('no way', 'some way'), listed);
  expect(startsOf(stopped)).toEqual([0]);
  expect(startsOf(retried)).toEqual([0, 1_000]);
});

test('row 40: a requested delay is used, and the last attempt stays the last', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      () => {
        throw ApplicationFailure.create({ nextRetryDelay: '50s' });
      },
      { retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(200_000);
  expect(startsOf(h)).toEqual([0, 50_000]);
  expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
});

test('row 54: a non-retryable failure runs once', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(() => {
      throw ApplicationFailure.nonRetryable('bad input', 'BadInput', { row: 3 });
    }),
  );
  await h.advance(10_000);
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
  expect(failureOf(run).cause).toMatchObject({ type: 'BadInput', details: [{ row: 3 }] });
  expect(startsOf(h)).toEqual([0]);
});

test('row 54: an activity that fails twice succeeds at the third attempt', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        if (ctx.info.attempt < 3) fail();
        return ctx.info.attempt;
      },
      { retryPolicy: { maximumAttempts: 3 } },
    ),
  );
  await h.advance(10_000);
  expect(run.outcome).toEqual({ state: 'resolved', value: 3, at: 3_000 });
});

test('row 54: without a policy the default one retries', async () => {
  const h = new Harness();
  void h.run(fail).catch(() => {});
  await h.advance(64_000);
  expect(startsOf(h)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
});

test('row 54: with one attempt at most, nothing is retried', async () => {
  const h = new Harness();
  const run = h.watch(h.run(fail, { retryPolicy: { maximumAttempts: 1 } }));
  await h.advance(10_000);
  expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
  expect(settledAt(run)).toBe(0);
});

test('row 60: after five attempts the caller gets the error of the fifth', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        throw new Error(`activity attempt ${ctx.info.attempt} failed`);
      },
      {
        retryPolicy: { initialInterval: '1ms', backoffCoefficient: 1, maximumAttempts: 5 },
      },
    ),
  );
  await h.advance(1_000);
  expect(failureOf(run)).toMatchObject({
    attempt: 5,
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: new Error('activity attempt 5 failed'),
  });
});

test.each([
  ['TemporalTimeout:StartToClose', 'START_TO_CLOSE', { startToCloseTimeout: '1s' }],
  ['TemporalTimeout:Heartbeat', 'HEARTBEAT', { heartbeatTimeout: '1s' }],
] as const)('row 64: %s in the list ends the activity', async (name, timeoutType, options) => {
  const h = new Harness();
  const run = h.watch(
    h.run(never, { ...options, retryPolicy: { nonRetryableErrorTypes: [name] } }),
  );
  await h.advance(10_000);
  expect(settledAt(run)).toBe(1_000);
  expect(failureOf(run).retryState).toBe('NON_RETRYABLE_FAILURE');
  expect(h.of('failed')).toMatchObject([{ status: 'TIMED_OUT', attempt: 1 }]);
  expect(timeoutOf(run).timeoutType).toBe(timeoutType);
});

test.each([
  ['TemporalTimeout:Heartbeat', { startToCloseTimeout: '1s' }],
  ['TemporalTimeout:StartToClose', { heartbeatTimeout: '1s' }],
] as const)('row 64: %s in the list does not match the other timeout', async (name, options) => {
  const h = new Harness();
  void h
    .run(never, {
      ...options,
      retryPolicy: { nonRetryableErrorTypes: [name], maximumAttempts: 2 },
    })
    .catch(() => {});
  await h.advance(10_000);
  expect(startsOf(h)).toEqual([0, 2_000]);
});

// A departure: Temporal validates these, and they never match.
test.each(['TemporalTimeout:ScheduleToClose', 'TemporalTimeout:TIMEOUT_TYPE_HEARTBEAT'])(
  'row 64: %s is refused, because it could never match',
  async (name) => {
    const h = new Harness();
    const run = h.watch(h.run(never, { retryPolicy: { nonRetryableErrorTypes: [name] } }));
    await h.turn();
    expect(run.outcome).toMatchObject({ state: 'rejected' });
    expect((run.outcome as { error: unknown }).error).toBeInstanceOf(TypeError);
    expect(h.events).toEqual([]);
  },
);

describe('row 66: which kinds of failures are retried', () => {
  test.each<[string, unknown]>([
    ['an Error', new Error('no')],
    ['a TypeError', new TypeError('x is not a function')],
    ['the TypeError of a failed fetch', new TypeError('fetch failed')],
    ['nothing', undefined],
    ['null', null],
    ['a string', 'no'],
    ['an object', { code: 1 }],
    ['an ApplicationFailure', ApplicationFailure.retryable('no')],
    ['an AbortError', new DOMException('stopped', 'AbortError')],
    // On Temporal these two reach the server wrapped, so they are retried too.
    ['a CancelledFailure without a request', new CancelledFailure('CANCELLED')],
    [
      'a TimeoutFailure that the function makes itself',
      new TimeoutFailure('inner', { timeoutType: 'SCHEDULE_TO_CLOSE' }),
    ],
  ])('%s is retried', async (_, thrown) => {
    const h = await throwing(thrown);
    expect(delaysOf(h)).toEqual([1_000, undefined]);
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
  });

  test('a non-retryable ApplicationFailure is not retried', async () => {
    const h = await throwing(ApplicationFailure.nonRetryable('no'));
    expect(delaysOf(h)).toEqual([undefined]);
  });

  test('a value that is not an Error is wrapped and becomes the only detail', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        () => {
          throw undefined;
        },
        { retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    await h.advance(0);
    expect(failureOf(run).cause).toBeInstanceOf(ApplicationFailure);
    expect(failureOf(run).cause).toMatchObject({ details: [undefined], nonRetryable: false });
  });
});

describe('row 80: which errors a list stops', () => {
  const named = Object.assign(new Error('no'), { name: 'Named' });
  test.each<[string, unknown, RetryPolicy['nonRetryableErrorTypes'], boolean]>([
    [
      'the type of an ApplicationFailure',
      ApplicationFailure.retryable('x', 'Quota'),
      ['Quota'],
      true,
    ],
    ['no other type', ApplicationFailure.retryable('x', 'Quota'), ['Other'], false],
    ['no type in another case', ApplicationFailure.retryable('x', 'Quota'), ['quota'], false],
    ['no prefix of a type', ApplicationFailure.retryable('x', 'QuotaError'), ['Quota'], false],
    ['never the message', ApplicationFailure.retryable('Quota', 'x'), ['Quota'], false],
    ['a plain error by its class name', new QuotaError('no'), ['QuotaError'], true],
    ['every plain Error by the name Error', new Error('no'), ['Error'], true],
    ['no subclass by the name Error', new QuotaError('no'), ['Error'], false],
    ['not by the cause', new Error('no', { cause: new QuotaError() }), ['QuotaError'], false],
    // Departures: an own name, and classes.
    ['an error by its own name', named, ['Named'], true],
    ['an error by its class', new QuotaError('no'), [QuotaError], true],
    ['a subclass by the class it extends', new QuotaError('no'), [Error], true],
    ['no other class', new QuotaError('no'), [TypeError], false],
    ['one of several', new QuotaError('no'), ['a', TypeError, 'QuotaError'], true],
    ['what was wrapped, by the class that wraps', 'text', ['ApplicationFailure'], true],
  ])('%s', async (_, thrown, nonRetryableErrorTypes, stops) => {
    const h = await throwing(thrown, { nonRetryableErrorTypes });
    expect(startsOf(h)).toEqual(stops ? [0] : [0, 1_000]);
  });
});

describe('row 80: there is another attempt only if its delay fits before the deadline', () => {
  test.each([
    ['before it', 996, [0, 996]],
    // Like standalone activities. Those of a workflow would retry even at the deadline itself.
    ['at it', 1_000, [0]],
    ['after it', 1_004, [0]],
  ])('%s', async (_, initialInterval, starts) => {
    const h = new Harness();
    void h
      .run(fail, { scheduleToCloseTimeout: 1_000, retryPolicy: { initialInterval } })
      .catch(() => {});
    await h.advance(5_000);
    expect(startsOf(h)).toEqual(starts);
  });
});

test('row 80: with one attempt at most, the rest of the policy is still checked', async () => {
  const h = new Harness();
  // A departure: Temporal checks no further with only one attempt.
  const run = h.watch(
    h.run((_ctx: ActivityContext) => 1, {
      retryPolicy: { maximumAttempts: 1, backoffCoefficient: 0 },
    }),
  );
  await h.turn();
  expect(run.outcome.state).toBe('rejected');
});
