/** How activities end: every kind of end with its status, and which of several reasons wins. */
import { describe, expect, test } from 'vitest';
import {
  ActivityFailure,
  ActivityNotFoundError,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  isTimeout,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, timeoutOf } from '../support/outcomes.js';

const ERROR = new Error('no');
const fail = (): never => {
  throw ERROR;
};
const failWhenTold = async (ctx: ActivityContext): Promise<never> => {
  await ctx.cancelled.catch(() => {});
  throw ERROR;
};
const accept = (ctx: ActivityContext): Promise<never> => ctx.cancelled;

const ONCE = { maximumAttempts: 1 };
const WAIT = { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } as const;
/** There is no time for another attempt. */
const TOO_LATE = { scheduleToCloseTimeout: '1h', retryPolicy: { initialInterval: '2h' } } as const;

interface Ending {
  readonly ending: string;
  readonly activity: (ctx: ActivityContext) => unknown;
  readonly options?: ActivityOptions;
  /** The outside signal aborts after a second. */
  readonly cancel?: true;
  readonly status: string;
  readonly retryState: string;
  /** The error itself, or the fields of the timeout or cancellation. */
  readonly cause: Error | object;
}

const timeout = (timeoutType: string, cause?: object): object =>
  cause === undefined ? { timeoutType } : { timeoutType, cause };

const endings: Ending[] = [
  {
    ending: 'the last allowed attempt failed',
    activity: fail,
    options: { retryPolicy: ONCE },
    status: 'FAILED',
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: ERROR,
  },
  {
    ending: 'the last allowed attempt timed out',
    activity: never,
    options: { heartbeatTimeout: '2s', retryPolicy: ONCE },
    status: 'TIMED_OUT',
    retryState: 'MAXIMUM_ATTEMPTS_REACHED',
    cause: timeout('HEARTBEAT'),
  },
  {
    ending: 'non-retryable',
    activity: fail,
    options: { retryPolicy: { nonRetryableErrorTypes: ['Error'] } },
    status: 'FAILED',
    retryState: 'NON_RETRYABLE_FAILURE',
    cause: ERROR,
  },
  {
    ending: 'a listed timeout',
    activity: never,
    options: {
      startToCloseTimeout: '2s',
      retryPolicy: { nonRetryableErrorTypes: ['TemporalTimeout:StartToClose'] },
    },
    status: 'TIMED_OUT',
    retryState: 'NON_RETRYABLE_FAILURE',
    cause: timeout('START_TO_CLOSE'),
  },
  {
    ending: 'no time for another attempt after a failure',
    activity: fail,
    options: TOO_LATE,
    status: 'FAILED',
    retryState: 'TIMEOUT',
    cause: ERROR,
  },
  {
    ending: 'no time for another attempt after a timeout',
    activity: never,
    options: { heartbeatTimeout: '2s', ...TOO_LATE },
    status: 'TIMED_OUT',
    retryState: 'TIMEOUT',
    cause: timeout('SCHEDULE_TO_CLOSE', timeout('HEARTBEAT')),
  },
  {
    ending: 'a schedule timeout',
    activity: never,
    options: { scheduleToCloseTimeout: '2s' },
    status: 'TIMED_OUT',
    retryState: 'TIMEOUT',
    cause: timeout('SCHEDULE_TO_CLOSE'),
  },
  {
    ending: 'cancelled',
    activity: accept,
    options: WAIT,
    cancel: true,
    status: 'CANCELED',
    retryState: 'CANCEL_REQUESTED',
    cause: { message: 'CANCELLED' },
  },
  {
    ending: 'failed after cancel was requested',
    activity: failWhenTold,
    options: WAIT,
    cancel: true,
    status: 'FAILED',
    retryState: 'CANCEL_REQUESTED',
    cause: ERROR,
  },
  {
    ending: 'timed out after cancel was requested',
    activity: never,
    options: { ...WAIT, startToCloseTimeout: '2s' },
    cancel: true,
    status: 'TIMED_OUT',
    retryState: 'CANCEL_REQUESTED',
    cause: timeout('START_TO_CLOSE'),
  },
];

async function end({ activity, options, cancel }: Ending) {
  const h = new Harness();
  const controller = new AbortController();
  const signal = controller.signal;
  const run = h.watch(h.run(activity, { ...options, signal, activityId: 'i', activityType: 't' }));
  await h.advance(1_000);
  if (cancel) controller.abort();
  await h.advance(10_000);
  return { h, run };
}

describe('every kind of end', () => {
  test('a value completes the activity, with no failed event', async () => {
    const h = new Harness();
    const run = h.watch(h.run(() => ({ rows: 3 })));
    await h.turn();
    expect(run.outcome).toMatchObject({ state: 'resolved', value: { rows: 3 } });
    expect(h.of('completed')).toMatchObject([{ result: { rows: 3 }, attempt: 1 }]);
    expect(h.of('failed')).toEqual([]);
  });

  test.each(endings)('$ending: $status, $retryState', async (ending) => {
    const { h, run } = await end(ending);
    const failure = failureOf(run);
    expect(failure).toMatchObject({
      activityId: 'i',
      activityType: 't',
      attempt: 1,
      retryState: ending.retryState,
    });
    if (ending.cause instanceof Error) expect(failure.cause).toBe(ending.cause);
    else expect(failure.cause).toMatchObject(ending.cause);
    expect(h.of('failed')).toMatchObject([{ status: ending.status, attempt: 1 }]);
    expect(h.of('failed')[0]!.failure).toBe(failure.cause);
    expect(h.names().at(-1)).toBe('failed');
  });

  test.each(endings)('$ending: the message has how, when and why', async (ending) => {
    const { run } = await end(ending);
    const { message, cause } = failureOf(run);
    expect(message).toContain(' t ');
    expect(message).toContain('attempt 1');
    expect(message).toContain(ending.retryState);
    expect(message).toContain((cause as Error).message);
  });
});

describe('if there are several reasons not to retry', () => {
  test.each<[string, ActivityOptions, Error]>([
    ['a non-retryable error', {}, ApplicationFailure.nonRetryable('no')],
    ['the last attempt', { retryPolicy: ONCE }, ERROR],
    ['too little time for another attempt', TOO_LATE, ERROR],
  ])('a cancellation wins over %s', async (_, options, error) => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.cancelled.catch(() => {});
          throw error;
        },
        { ...options, ...WAIT, signal: controller.signal },
      ),
    );
    controller.abort();
    await h.advance(0);
    expect(failureOf(run).retryState).toBe('CANCEL_REQUESTED');
    expect(failureOf(run).cause).toBe(error);
  });

  test('a cancellation wins over the scheduleToClose timeout', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(never, { ...WAIT, signal: controller.signal, scheduleToCloseTimeout: '2s' }),
    );
    controller.abort();
    await h.advance(5_000);
    expect(failureOf(run).retryState).toBe('CANCEL_REQUESTED');
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
  });

  test('a cancellation keeps the type of a timeout that leaves no time for another attempt', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const run = h.watch(
      h.run(never, { ...WAIT, ...TOO_LATE, signal: controller.signal, heartbeatTimeout: '2s' }),
    );
    controller.abort();
    await h.advance(5_000);
    expect(failureOf(run).retryState).toBe('CANCEL_REQUESTED');
    expect(timeoutOf(run).timeoutType).toBe('HEARTBEAT');
  });

  test('the scheduleToClose timeout wins over the last attempt', async () => {
    const h = new Harness();
    const run = h.watch(h.run(never, { scheduleToCloseTimeout: '2s', retryPolicy: ONCE }));
    await h.advance(5_000);
    expect(failureOf(run).retryState).toBe('TIMEOUT');
  });

  test('a non-retryable error wins over the last attempt', async () => {
    const h = new Harness();
    const run = h.watch(h.run(fail, { retryPolicy: { ...ONCE, nonRetryableErrorTypes: [Error] } }));
    await h.advance(0);
    expect(failureOf(run).retryState).toBe('NON_RETRYABLE_FAILURE');
  });

  test('a non-retryable timeout wins over too little time, and keeps its type', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(never, {
        heartbeatTimeout: '2s',
        scheduleToCloseTimeout: '1h',
        retryPolicy: {
          initialInterval: '2h',
          nonRetryableErrorTypes: ['TemporalTimeout:Heartbeat'],
        },
      }),
    );
    await h.advance(5_000);
    expect(failureOf(run).retryState).toBe('NON_RETRYABLE_FAILURE');
    expect(timeoutOf(run).timeoutType).toBe('HEARTBEAT');
  });

  test('the last attempt wins over too little time, and a timeout keeps its type', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(never, {
        heartbeatTimeout: '2s',
        scheduleToCloseTimeout: '1h',
        retryPolicy: { ...ONCE, initialInterval: '2h' },
      }),
    );
    await h.advance(5_000);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(timeoutOf(run).timeoutType).toBe('HEARTBEAT');
  });

  test('nextRetryDelay does not help if it is too long', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        () => {
          throw ApplicationFailure.create({ nextRetryDelay: '2h' });
        },
        { scheduleToCloseTimeout: '1h' },
      ),
    );
    await h.advance(0);
    expect(failureOf(run).retryState).toBe('TIMEOUT');
    expect(settledAt(run)).toBe(0);
  });

  test('nextRetryDelay is used if it fits and the computed delay does not', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx) => {
        if (ctx.info.attempt === 1) throw ApplicationFailure.create({ nextRetryDelay: '1s' });
        return 'second';
      }, TOO_LATE),
    );
    await h.advance(5_000);
    expect(run.outcome).toMatchObject({ value: 'second', at: 1_000 });
  });
});

test('the details of a timeout are a separate copy', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<{ line: number }>) => {
        const previous = ctx.heartbeatDetails;
        if (previous !== undefined) previous.line = -1;
        else ctx.heartbeat({ line: 1 });
        return never();
      },
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(10_000);
  const [first, second] = h
    .of('attemptFailed')
    .map(({ failure }) => (failure as { lastHeartbeatDetails?: unknown }).lastHeartbeatDetails);
  expect([first, second]).toEqual([{ line: 1 }, { line: 1 }]);
  expect(first).not.toBe(second);
  expect(timeoutOf(run).lastHeartbeatDetails).toBe(second);
});

test('isTimeout and isCancellation look inside an ActivityFailure', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never, { heartbeatTimeout: '1s', retryPolicy: ONCE }));
  await h.advance(1_000);
  const failure = failureOf(run);
  expect([isTimeout(failure), isTimeout(failure, 'HEARTBEAT')]).toEqual([true, true]);
  expect([isTimeout(failure, 'START_TO_CLOSE'), isCancellation(failure)]).toEqual([false, false]);
});

test('an error whose text cannot be read is still reported', async () => {
  const h = new Harness();
  const error = Object.assign(new Error(), {
    toString() {
      throw new Error('not that either');
    },
  });
  const run = h.watch(
    h.run(
      () => {
        throw error;
      },
      { retryPolicy: ONCE },
    ),
  );
  await h.advance(0);
  expect(failureOf(run).cause).toBe(error);
});

test.each<[string, unknown]>([
  ['a string', 'text'],
  ['a number', 0],
  ['null', null],
  ['an object', { code: 7 }],
  ['a symbol', Symbol('s')],
  ['an object without text', Object.create(null) as unknown],
])('%s that is thrown becomes the only detail of an ApplicationFailure', async (_, thrown) => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      () => {
        throw thrown;
      },
      { retryPolicy: ONCE },
    ),
  );
  await h.advance(0);
  const { cause } = failureOf(run);
  expect(cause).toBeInstanceOf(ApplicationFailure);
  expect((cause as ApplicationFailure).details).toHaveLength(1);
  expect((cause as ApplicationFailure).details[0]).toBe(thrown);
});

test('an activity that rejects with the failure of another one is retried and passes it on', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(() => h.run(fail, { retryPolicy: ONCE }), { retryPolicy: { maximumAttempts: 2 } }),
  );
  await h.advance(5_000);
  const outer = failureOf(run);
  expect(outer.attempt).toBe(2);
  expect(outer.cause).toBeInstanceOf(ActivityFailure);
  expect((outer.cause as ActivityFailure).cause).toBe(ERROR);
});

test('the cancellation of an inner activity does not cancel the outer one', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(
    h.run(() => h.run(accept, { signal: controller.signal }), { retryPolicy: ONCE }),
  );
  controller.abort();
  await h.advance(0);
  expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  expect((failureOf(run).cause as ActivityFailure).cause).toBeInstanceOf(CancelledFailure);
});

test('an id that is generated for a failure does not belong to an open activity', async () => {
  const h = new Harness({}, false);
  const run = h.watch(h.run(fail, { retryPolicy: ONCE }));
  await h.turn();
  const { activityId } = failureOf(run);
  expect(() => h.engine.find(activityId)).toThrow(ActivityNotFoundError);
  await expect(h.run(() => 'another', { activityId })).resolves.toBe('another');
});
