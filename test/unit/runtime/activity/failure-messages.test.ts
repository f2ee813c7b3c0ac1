/** The full messages of failures, and which error causes which. */
import { describe, expect, test } from 'vitest';
import {
  ApplicationFailure,
  TimeoutFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../../../src/index.js';
import type { ActivityHandle } from '../../../../src/runtime/handle.js';
import { Harness, never } from '../../../support/harness.js';
import { failureOf, timeoutOf } from '../../../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

const throws = (thrown: unknown) => (): never => {
  throw thrown;
};

/** Its text cannot be read. */
const unshowable = Object.assign(new Error('no'), {
  toString() {
    throw new Error('not that either');
  },
});

describe('the message of an activity says how, when and why it ended', () => {
  test.each<
    [
      ending: string,
      activity: (ctx: ActivityContext) => unknown,
      options: ActivityOptions,
      act: (handle: ActivityHandle, h: Harness) => unknown,
      message: string,
    ]
  >([
    [
      'failed',
      throws(ApplicationFailure.nonRetryable('card declined')),
      {},
      () => {},
      'Activity charge failed at attempt 1 (NON_RETRYABLE_FAILURE): ApplicationFailure: card declined',
    ],
    [
      'failed by an error without text',
      throws(unshowable),
      { retryPolicy: ONCE },
      () => {},
      'Activity charge failed at attempt 1 (MAXIMUM_ATTEMPTS_REACHED): an error that cannot be shown',
    ],
    [
      'cancelled in its start delay',
      never,
      { startDelay: '1m' },
      (handle) => handle.cancel(),
      'Activity charge was cancelled before its first attempt (CANCEL_REQUESTED): CancelledFailure: CANCELLED',
    ],
    [
      'cancelled while a function runs without being waited for',
      never,
      {},
      (handle) => handle.cancel(),
      'Activity charge was cancelled at attempt 1 (CANCEL_REQUESTED): CancelledFailure: CANCELLED',
    ],
    [
      'cancelled and accepted by its function',
      (ctx) => ctx.cancelled,
      { cancellationType: 'WAIT_CANCELLATION_COMPLETED', cancellationDelivery: 'immediate' },
      (handle) => handle.cancel(),
      'Activity charge was cancelled at attempt 1 (CANCEL_REQUESTED): CancelledFailure: CANCELLED',
    ],
    [
      'shut down in its start delay',
      never,
      { startDelay: '1m' },
      (_, h) => h.engine.shutdown(),
      'Activity charge was cancelled before its first attempt: CancelledFailure: WORKER_SHUTDOWN',
    ],
    [
      'terminated without a reason',
      never,
      {},
      (handle) => handle.terminate(),
      'Activity charge was terminated at attempt 1: TerminatedFailure: terminated',
    ],
    [
      'terminated with a text',
      never,
      { startDelay: '1m' },
      (handle) => handle.terminate('enough'),
      'Activity charge was terminated before its first attempt: TerminatedFailure: enough',
    ],
    [
      'terminated with an error',
      never,
      {},
      (handle) => handle.terminate(new TypeError('enough')),
      'Activity charge was terminated at attempt 1: TerminatedFailure: enough',
    ],
    [
      'terminated with null, which is a reason too',
      never,
      {},
      (handle) => handle.terminate(null),
      'Activity charge was terminated at attempt 1: TerminatedFailure: null',
    ],
    [
      'timed out with too little time for another attempt',
      never,
      {
        heartbeatTimeout: '1s',
        scheduleToCloseTimeout: '1m',
        retryPolicy: { initialInterval: '1h' },
      },
      (_, h) => h.advance(1_000),
      'Activity charge timed out at attempt 1 (TIMEOUT): TimeoutFailure: Not enough time to schedule ' +
        'next retry before activity ScheduleToClose timeout, giving up retrying',
    ],
  ])('%s', async (_, activity, options, act, message) => {
    const h = new Harness();
    const handle = h.start(activity, { activityType: 'charge', ...options });
    const run = h.watch(handle.result());
    await act(handle, h);
    await h.turn();
    expect(failureOf(run).message).toBe(message);
  });
});

/** None of them is as long as another. */
const TIMEOUTS = {
  heartbeatTimeout: '11s',
  progressTimeout: '12s',
  startToCloseTimeout: '13s',
  scheduleToStartTimeout: '14s',
  scheduleToCloseTimeout: '15s',
} as const;

test.each<[TimeoutFailure['timeoutType'], ActivityOptions, message: string]>([
  ['HEARTBEAT', { heartbeatTimeout: '5s' }, 'activity Heartbeat timeout after 5000 ms'],
  ['PROGRESS', { progressTimeout: '5s' }, 'activity Progress timeout after 5000 ms'],
  ['START_TO_CLOSE', { startToCloseTimeout: '5s' }, 'activity StartToClose timeout after 5000 ms'],
  [
    'SCHEDULE_TO_START',
    { scheduleToStartTimeout: '5s', priority: 5 },
    'activity ScheduleToStart timeout after 5000 ms',
  ],
  [
    'SCHEDULE_TO_CLOSE',
    { scheduleToCloseTimeout: '5s' },
    'activity ScheduleToClose timeout after 5000 ms',
  ],
])('the message of %s has its name and length', async (timeoutType, options, message) => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  if (timeoutType === 'SCHEDULE_TO_START') void h.run(never);
  const run = h.watch(h.run(never, { ...TIMEOUTS, ...options, retryPolicy: ONCE }));
  await h.advance(5_000);
  expect(timeoutOf(run).timeoutType).toBe(timeoutType);
  expect(timeoutOf(run).message).toBe(message);
});

/** The failures of an activity's attempts: each throws, or times out if there is no error. */
async function failuresOf(...attempts: (Error | undefined)[]): Promise<Error[]> {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        ctx.heartbeat(ctx.info.attempt);
        const error = attempts[ctx.info.attempt - 1];
        if (error !== undefined) throw error;
        return never();
      },
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: attempts.length } },
    ),
  );
  await h.advance(60_000);
  expect(run.outcome.state).toBe('rejected');
  return h.of('attemptFailed').map(({ failure }) => failure);
}

describe('a timeout', () => {
  test('of the first attempt has no cause property', async () => {
    const [first] = await failuresOf(undefined);
    expect(first).toBeInstanceOf(TimeoutFailure);
    expect(Object.hasOwn(first!, 'cause')).toBe(false);
  });

  test('after an error is caused by that error, which keeps its own causes', async () => {
    const error = new Error('refused', { cause: new Error('no route') });
    const [, second] = await failuresOf(error, undefined);
    expect(second!.cause).toBe(error);
    expect(error.cause).toMatchObject({ message: 'no route' });
  });

  test('after a timeout is caused by that timeout', async () => {
    const [first, second] = await failuresOf(undefined, undefined);
    expect(second!.cause).toBe(first);
  });

  test('after two timeouts is caused by the second, without its own cause', async () => {
    const [, second, third] = await failuresOf(undefined, undefined, undefined);
    const cause = third!.cause as TimeoutFailure;
    expect(cause).toBeInstanceOf(TimeoutFailure);
    expect(cause.message).toBe('activity Heartbeat timeout after 1000 ms');
    expect(cause).toMatchObject({
      timeoutType: 'HEARTBEAT',
      lastHeartbeatDetails: 2,
      eventLoopBlockedMs: 0,
    });
    expect(Object.hasOwn(cause, 'cause')).toBe(false);
    expect(second!.cause).toBeInstanceOf(TimeoutFailure);
  });
});

test('a timeout of an activity with no time for another attempt is caused by the timeout of the last attempt', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(never, {
      heartbeatTimeout: '1s',
      scheduleToCloseTimeout: '1m',
      retryPolicy: { initialInterval: '1h' },
    }),
  );
  await h.advance(1_000);
  expect(timeoutOf(run).cause).toBe(h.of('attemptFailed')[0]!.failure);
});
