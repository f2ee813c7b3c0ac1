/** The rows of RULES.md about timeouts, for a runtime in one process. */
import { expect, test } from 'vitest';
import {
  ApplicationFailure,
  CancelledFailure,
  TimeoutFailure,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

test('row 20: startToClose and heartbeat are clamped, and the attempt ends at the clamped time', async () => {
  const h = new Harness();
  let info!: ActivityContext['info'];
  const run = h.watch(
    h.run(
      (ctx) => {
        info = ctx.info;
        return never();
      },
      { heartbeatTimeout: '1h', startToCloseTimeout: '1m', scheduleToCloseTimeout: '8s' },
    ),
  );
  await h.advance(60_000);
  expect(info).toMatchObject({
    heartbeatTimeoutMs: 8_000,
    startToCloseTimeoutMs: 8_000,
    scheduleToCloseTimeoutMs: 8_000,
  });
  expect(settledAt(run)).toBe(8_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
});

test('row 25: a start delay delays the first attempt only', async () => {
  const h = new Harness();
  const run = h.watch(h.run((ctx) => ctx.info, { startDelay: '5s' }));
  expect(h.names()).toEqual(['scheduled']);
  await h.advance(4_996);
  expect(h.names()).toEqual(['scheduled']);
  await h.advance(4);
  expect(settledAt(run)).toBe(5_000);
  const { value } = run.outcome as { value: ActivityContext['info'] };
  expect(value.startedTimestampMs - value.scheduledTimestampMs).toBe(5_000);
});

test('row 41: an activity that gets no slot in time is never started', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never);
  let called = false;
  const run = h.watch(h.run(() => (called = true), { scheduleToStartTimeout: '2s' }));
  await h.advance(10_000);
  expect(settledAt(run)).toBe(2_000);
  expect(failureOf(run)).toMatchObject({ attempt: 0, retryState: 'TIMEOUT' });
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
  expect(called).toBe(false);
});

test('row 45: an attempt that never heartbeats is told of its startToClose timeout', async () => {
  const h = new Harness();
  let signal!: AbortSignal;
  const run = h.watch(
    h.run(
      (ctx) => {
        signal = ctx.signal;
        return ctx.sleep('1h');
      },
      { startToCloseTimeout: '1s', retryPolicy: ONCE },
    ),
  );
  await h.advance(1_000);
  expect(signal.reason).toBeInstanceOf(CancelledFailure);
  expect(signal.reason).toMatchObject({ message: 'TIMED_OUT' });
  expect((signal.reason as CancelledFailure).cause).toBe(failureOf(run).cause);
  expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
});

test('row 53: startToClose fires even if the function ignores it', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never, { startToCloseTimeout: '3s', retryPolicy: ONCE }));
  await h.advance(2_996);
  expect(run.outcome.state).toBe('pending');
  await h.advance(4);
  expect(settledAt(run)).toBe(3_000);
  expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
});

test('row 53: heartbeats do not delay startToClose', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        for (;;) {
          ctx.heartbeat();
          await ctx.sleep(100);
        }
      },
      { startToCloseTimeout: '3s', heartbeatTimeout: '1s', retryPolicy: ONCE },
    ),
  );
  await h.advance(10_000);
  expect(settledAt(run)).toBe(3_000);
  expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
});

test.each([
  ['heartbeat', 'HEARTBEAT', { heartbeatTimeout: '1s', startToCloseTimeout: '2s' }],
  ['startToClose', 'START_TO_CLOSE', { heartbeatTimeout: '2s', startToCloseTimeout: '1s' }],
] as const)('row 53: the shorter timeout wins: %s', async (_, timeoutType, options) => {
  const h = new Harness();
  const run = h.watch(h.run(never, { ...options, retryPolicy: ONCE }));
  await h.advance(10_000);
  expect(settledAt(run)).toBe(1_000);
  expect(timeoutOf(run).timeoutType).toBe(timeoutType);
});

test('row 53: a timed-out attempt that settles later changes nothing', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        await ctx.cancelled.catch(() => {});
        return 'too late'; // after some cleaning up
      },
      { startToCloseTimeout: '1s', retryPolicy: ONCE },
    ),
  );
  await h.advance(5_000);
  expect(timeoutOf(run).timeoutType).toBe('START_TO_CLOSE');
  expect(h.of('attemptSettled')).toMatchObject([{ attempt: 1, result: 'too late' }]);
});

const beat = (ctx: ActivityContext<string>): Promise<never> => {
  ctx.heartbeat('here');
  return never();
};
const beatAlways = async (ctx: ActivityContext<string>): Promise<never> => {
  for (;;) {
    ctx.heartbeat('here');
    await ctx.sleep(500);
  }
};

interface Setup {
  readonly setup: string;
  readonly activity: (ctx: ActivityContext<string>) => Promise<never>;
  readonly options: ActivityOptions;
  readonly type: TimeoutFailure['timeoutType'];
  readonly at: number;
  readonly message: string;
  readonly details?: string;
}

const setups: Setup[] = [
  {
    setup: 'startToClose alone',
    activity: never,
    options: { startToCloseTimeout: '2s' },
    type: 'START_TO_CLOSE',
    at: 2_000,
    message: 'activity StartToClose timeout',
  },
  {
    setup: 'startToClose with details',
    activity: beat,
    options: { startToCloseTimeout: '2s' },
    type: 'START_TO_CLOSE',
    at: 2_000,
    message: 'activity StartToClose timeout',
    details: 'here',
  },
  {
    setup: 'scheduleToClose alone',
    activity: never,
    options: { scheduleToCloseTimeout: '2s' },
    type: 'SCHEDULE_TO_CLOSE',
    at: 2_000,
    message: 'activity ScheduleToClose timeout',
  },
  {
    setup: 'scheduleToClose shorter than startToClose',
    activity: never,
    options: { scheduleToCloseTimeout: '2s', startToCloseTimeout: '5s' },
    type: 'SCHEDULE_TO_CLOSE',
    at: 2_000,
    message: 'activity ScheduleToClose timeout',
  },
  {
    setup: 'scheduleToClose longer than startToClose',
    activity: never,
    options: { scheduleToCloseTimeout: '5s', startToCloseTimeout: '2s' },
    type: 'START_TO_CLOSE',
    at: 2_000,
    message: 'activity StartToClose timeout',
  },
  {
    setup: 'heartbeat without details',
    activity: never,
    options: { heartbeatTimeout: '1s', startToCloseTimeout: '5s' },
    type: 'HEARTBEAT',
    at: 1_000,
    message: 'activity Heartbeat timeout',
  },
  {
    setup: 'heartbeat with details',
    activity: beat,
    options: { heartbeatTimeout: '1s', startToCloseTimeout: '5s' },
    type: 'HEARTBEAT',
    at: 1_000,
    message: 'activity Heartbeat timeout',
    details: 'here',
  },
  {
    setup: 'heartbeats in time up to scheduleToClose',
    activity: beatAlways,
    options: { heartbeatTimeout: '1s', scheduleToCloseTimeout: '4s' },
    type: 'SCHEDULE_TO_CLOSE',
    at: 4_000,
    message: 'activity ScheduleToClose timeout',
    details: 'here',
  },
];

// The messages are Temporal's with the time added.
test.each(setups)('row 71: $setup gives $type at $at ms', async ({ activity, ...expected }) => {
  const h = new Harness();
  const run = h.watch(h.run(activity, { ...expected.options, retryPolicy: ONCE }));
  await h.advance(10_000);
  expect(settledAt(run)).toBe(expected.at);
  const failure = timeoutOf(run);
  expect(failure.timeoutType).toBe(expected.type);
  expect(failure.lastHeartbeatDetails).toBe(expected.details);
  expect(failure.message).toBe(`${expected.message} after ${expected.at} ms`);
  expect(failure.cause).toBeUndefined();
});

test('row 71: scheduleToStart gives SCHEDULE_TO_START', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never);
  const run = h.watch(h.run(never, { scheduleToStartTimeout: '2s', scheduleToCloseTimeout: '5s' }));
  await h.advance(10_000);
  expect(settledAt(run)).toBe(2_000);
  expect(timeoutOf(run)).toMatchObject({
    timeoutType: 'SCHEDULE_TO_START',
    message: 'activity ScheduleToStart timeout after 2000 ms',
  });
});

test('row 72: a delay past the deadline ends the activity after two attempts, without waiting', async () => {
  const h = new Harness();
  const error = new Error('no');
  const run = h.watch(
    h.run(
      () => {
        throw error;
      },
      { scheduleToCloseTimeout: '2500ms' },
    ),
  );
  await h.advance(10_000);
  expect(startsOf(h)).toEqual([0, 1_000]);
  expect(settledAt(run)).toBe(1_000);
  expect(failureOf(run)).toMatchObject({ attempt: 2, retryState: 'TIMEOUT', cause: error });
  expect(failureOf(run).cause).toBe(error);
});

test('row 72: the deadline passes in the third attempt while the function is running', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async (ctx) => {
        if (ctx.info.attempt < 3) throw new Error(`attempt ${ctx.info.attempt}`);
        await ctx.sleep('1h').catch(() => {}); // ignores it
        return 'late';
      },
      { scheduleToCloseTimeout: '5s' },
    ),
  );
  await h.advance(20_000);
  expect(startsOf(h)).toEqual([0, 1_000, 3_000]);
  expect(settledAt(run)).toBe(5_000);
  expect(failureOf(run)).toMatchObject({ attempt: 3, retryState: 'TIMEOUT' });
  expect(timeoutOf(run)).toMatchObject({
    timeoutType: 'SCHEDULE_TO_CLOSE',
    message: 'activity ScheduleToClose timeout after 5000 ms',
    cause: new Error('attempt 2'),
  });
  expect(h.names().slice(-4)).toEqual([
    'attemptFailed',
    'attemptAbandoned',
    'failed',
    'attemptSettled',
  ]);
});

test('row 75: a heartbeat timeout whose retry does not fit is reported as SCHEDULE_TO_CLOSE', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(beat, {
      heartbeatTimeout: '2s',
      scheduleToCloseTimeout: '10s',
      retryPolicy: { initialInterval: '1h' },
    }),
  );
  await h.advance(20_000);
  expect(settledAt(run)).toBe(2_000);
  expect(failureOf(run).retryState).toBe('TIMEOUT');
  const failure = timeoutOf(run);
  expect(failure).toMatchObject({
    timeoutType: 'SCHEDULE_TO_CLOSE',
    lastHeartbeatDetails: 'here',
    message:
      'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying',
  });
  expect(failure.cause).toBeInstanceOf(TimeoutFailure);
  expect(failure.cause).toMatchObject({ timeoutType: 'HEARTBEAT', lastHeartbeatDetails: 'here' });
});

test('row 75: the final timeout has the details of an earlier attempt if the last one sent none', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<string>) => {
        if (ctx.info.attempt === 2) return never();
        ctx.heartbeat('first attempt');
        throw ApplicationFailure.retryable('no');
      },
      { startToCloseTimeout: '5s', retryPolicy: { maximumAttempts: 2 } },
    ),
  );
  await h.advance(20_000);
  expect(timeoutOf(run)).toMatchObject({
    timeoutType: 'START_TO_CLOSE',
    lastHeartbeatDetails: 'first attempt',
  });
});

test('row 76: a start delay extends scheduleToClose', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never, { startDelay: '5s', scheduleToCloseTimeout: '2s' }));
  await h.advance(20_000);
  expect(startsOf(h)).toEqual([5_000]);
  expect(settledAt(run)).toBe(7_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
});

test('row 76: a start delay extends scheduleToStart', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run(never);
  const run = h.watch(h.run(never, { startDelay: '5s', scheduleToStartTimeout: '2s' }));
  await h.advance(20_000);
  expect(settledAt(run)).toBe(7_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
});

test('row 76: a start delay is not repeated before a retry', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) => {
        if (ctx.info.attempt === 1) throw new Error('no');
      },
      { startDelay: '5s' },
    ),
  );
  await h.advance(20_000);
  expect(startsOf(h)).toEqual([5_000, 6_000]);
  expect(run.outcome.state).toBe('resolved');
});

test('row 76: an activity that is cancelled during its start delay is never started', async () => {
  const h = new Harness();
  const controller = new AbortController();
  const run = h.watch(h.run(never, { startDelay: '5s', signal: controller.signal }));
  await h.advance(1_000);
  controller.abort();
  await h.advance(20_000);
  expect(settledAt(run)).toBe(1_000);
  expect(h.names()).toEqual(['scheduled', 'failed']);
  expect(h.of('failed')).toMatchObject([{ status: 'CANCELED', attempt: 0 }]);
});
