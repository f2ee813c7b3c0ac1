/** `handle.updateOptions`: its input, and its effect on running timers. */
import { describe, expect, test } from 'vitest';
import {
  ActivityStateError,
  type ActivityContext,
  type ActivityOptions,
  type OptionsPatch,
  type TimeoutFailure,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ONCE = { maximumAttempts: 1 };

const GIVEN = {
  heartbeatTimeout: '1m',
  startToCloseTimeout: '10m',
  scheduleToStartTimeout: '20m',
  scheduleToCloseTimeout: '1h',
  progressTimeout: '5m',
  startDelay: '1m',
  retryPolicy: { initialInterval: '5s', maximumAttempts: 3 },
  priority: 2,
} as const;

type Name = keyof typeof GIVEN;

/** An activity in its start delay, when every option may change. */
function delayed(options: ActivityOptions = GIVEN) {
  return new Harness().start(never, options);
}

const optionsOf = (handle: ReturnType<typeof delayed>) => handle.describe().options;

describe('a patch', () => {
  test.each<[Name, OptionsPatch, shown: unknown, byDefault: unknown]>([
    ['heartbeatTimeout', { heartbeatTimeout: '30s' }, 30_000, undefined],
    ['startToCloseTimeout', { startToCloseTimeout: '2m' }, 120_000, undefined],
    ['scheduleToStartTimeout', { scheduleToStartTimeout: 5_000 }, 5_000, undefined],
    ['scheduleToCloseTimeout', { scheduleToCloseTimeout: '2h' }, 7_200_000, undefined],
    ['progressTimeout', { progressTimeout: '7m' }, 420_000, undefined],
    ['startDelay', { startDelay: '3m' }, 180_000, 0],
    ['priority', { priority: 5 }, 5, 3],
  ])('sets %s, keeps it with undefined, and clears it with null', (name, patch, shown, none) => {
    const handle = delayed();
    const before = optionsOf(handle);
    handle.updateOptions({ [name]: undefined });
    expect(optionsOf(handle)).toEqual(before);
    handle.updateOptions(patch);
    expect(optionsOf(handle)).toEqual({ ...before, [name]: shown });
    // Tested alone: a startToClose cleared under a scheduleToClose becomes as long as that.
    const alone = delayed({ [name]: GIVEN[name] });
    alone.updateOptions({ [name]: null });
    expect(optionsOf(alone)[name]).toBe(none);
  });

  test('replaces the whole retry policy', () => {
    const handle = delayed();
    handle.updateOptions({ retryPolicy: { maximumAttempts: 7 } });
    expect(optionsOf(handle).retryPolicy).toMatchObject({
      initialInterval: 1_000,
      maximumAttempts: 7,
    });
    handle.updateOptions({ retryPolicy: null });
    expect(optionsOf(handle).retryPolicy).toEqual(optionsOf(delayed({})).retryPolicy);
  });

  test('without options changes nothing', () => {
    const handle = delayed();
    const before = handle.describe();
    handle.updateOptions({});
    expect(handle.describe()).toEqual(before);
  });

  test('does not change options that cannot be patched', () => {
    const handle = delayed({
      activityId: 'import-7',
      activityType: 'importRows',
      concurrencyKey: 'disk',
      cancellationType: 'ABANDON',
    });
    const before = handle.describe();
    handle.updateOptions({ priority: 1 });
    expect(handle.describe()).toEqual({ ...before, options: { ...before.options, priority: 1 } });
  });

  test('adds to earlier patches', () => {
    const handle = delayed({});
    handle.updateOptions({ heartbeatTimeout: '30s' });
    handle.updateOptions({ priority: 1 });
    expect(optionsOf(handle)).toMatchObject({ heartbeatTimeout: 30_000, priority: 1 });
  });

  test('is clamped like the options of a call', () => {
    const handle = delayed();
    handle.updateOptions({ scheduleToCloseTimeout: '10s' });
    expect(optionsOf(handle)).toMatchObject({
      heartbeatTimeout: 10_000,
      startToCloseTimeout: 10_000,
      scheduleToStartTimeout: 10_000,
      scheduleToCloseTimeout: 10_000,
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown name', { heartbeatTimout: '1s' }, /heartbeatTimout.*heartbeatTimeout/],
    ['an option that cannot change', { activityId: 'other' }, /activityId/],
    ['another such option', { cancellationType: 'ABANDON' }, /cancellationType/],
    ['a bad duration', { heartbeatTimeout: '10' }, /heartbeatTimeout.*"10"/],
    ['an infinite start delay', { startDelay: Infinity }, /startDelay/],
    ['a bad priority', { priority: 6 }, /priority.*6/],
    ['a bad retry policy', { retryPolicy: { maximumAttempts: -1 } }, /maximumAttempts.*-1/],
    ['one good and one bad value', { priority: 1, progressTimeout: NaN }, /progressTimeout/],
    ['a value that is not an object', 5, /updateOptions.*5/],
  ])('of %s is refused and changes nothing', (_, patch, message) => {
    const handle = delayed();
    const before = handle.describe();
    const update = (): void => handle.updateOptions(patch as OptionsPatch);
    expect(update).toThrow(TypeError);
    expect(update).toThrow(message);
    expect(handle.describe()).toEqual(before);
  });

  test('is refused during a requested reset', () => {
    const handle = new Harness().start(never);
    handle.reset();
    const update = (): void => handle.updateOptions({ priority: 1 });
    expect(update).toThrow(ActivityStateError);
    expect(optionsOf(handle).priority).toBe(3);
  });
});

interface Rearmed {
  readonly timer: string;
  readonly from: ActivityOptions;
  readonly to: OptionsPatch;
  /** When it times out, if at all. */
  readonly at: number | undefined;
  readonly type?: TimeoutFailure['timeoutType'];
}

// At 4 s into an attempt that heartbeats once, at 2 s.
const running: Rearmed[] = [
  {
    timer: 'a shorter startToClose',
    from: { startToCloseTimeout: '20s' },
    to: { startToCloseTimeout: '10s' },
    at: 10_000,
    type: 'START_TO_CLOSE',
  },
  {
    timer: 'a longer startToClose',
    from: { startToCloseTimeout: '10s' },
    to: { startToCloseTimeout: '20s' },
    at: 20_000,
    type: 'START_TO_CLOSE',
  },
  {
    timer: 'a first startToClose',
    from: {},
    to: { startToCloseTimeout: '10s' },
    at: 10_000,
    type: 'START_TO_CLOSE',
  },
  {
    timer: 'no startToClose',
    from: { startToCloseTimeout: '10s' },
    to: { startToCloseTimeout: null },
    at: undefined,
  },
  {
    timer: 'a startToClose that has passed',
    from: { startToCloseTimeout: '10s' },
    to: { startToCloseTimeout: '3s' },
    at: 4_000,
    type: 'START_TO_CLOSE',
  },
  {
    timer: 'a shorter scheduleToClose',
    from: { scheduleToCloseTimeout: '20s' },
    to: { scheduleToCloseTimeout: '10s' },
    at: 10_000,
    type: 'SCHEDULE_TO_CLOSE',
  },
  {
    timer: 'a longer scheduleToClose',
    from: { scheduleToCloseTimeout: '10s' },
    // The startToClose that the first one implied must be removed with it.
    to: { scheduleToCloseTimeout: '20s', startToCloseTimeout: null },
    at: 20_000,
    type: 'SCHEDULE_TO_CLOSE',
  },
  {
    timer: 'a shorter heartbeat timeout',
    from: { heartbeatTimeout: '20s' },
    to: { heartbeatTimeout: '5s' },
    at: 7_000,
    type: 'HEARTBEAT',
  },
  {
    timer: 'a longer heartbeat timeout',
    from: { heartbeatTimeout: '5s' },
    to: { heartbeatTimeout: '20s' },
    at: 22_000,
    type: 'HEARTBEAT',
  },
  {
    timer: 'a first heartbeat timeout',
    from: {},
    to: { heartbeatTimeout: '5s' },
    at: 7_000,
    type: 'HEARTBEAT',
  },
  {
    timer: 'no heartbeat timeout',
    from: { heartbeatTimeout: '5s' },
    to: { heartbeatTimeout: null },
    at: undefined,
  },
  {
    timer: 'a shorter progress timeout',
    from: { progressTimeout: '20s' },
    to: { progressTimeout: '5s' },
    at: 7_000,
    type: 'PROGRESS',
  },
  {
    timer: 'a longer progress timeout',
    from: { progressTimeout: '5s' },
    to: { progressTimeout: '20s' },
    at: 22_000,
    type: 'PROGRESS',
  },
  {
    timer: 'a first progress timeout, counted from then',
    from: {},
    to: { progressTimeout: '5s' },
    at: 9_000,
    type: 'PROGRESS',
  },
  {
    timer: 'no progress timeout',
    from: { progressTimeout: '5s' },
    to: { progressTimeout: null },
    at: undefined,
  },
];

test.each(running)(
  'updateOptions sets $timer of a running attempt',
  async ({ from, to, at, type }) => {
    const h = new Harness();
    let ctx!: ActivityContext;
    const handle = h.start(
      (given) => {
        ctx = given;
        return never();
      },
      { ...from, retryPolicy: ONCE },
    );
    const run = h.watch(handle.result());
    await h.advance(2_000);
    ctx.heartbeat('here');
    await h.advance(2_000);
    handle.updateOptions(to);
    expect(ctx.signal.aborted).toBe(false);
    await h.advance(60_000);
    if (at === undefined) {
      expect(run.outcome.state).toBe('pending');
      return;
    }
    expect(settledAt(run)).toBe(at);
    expect(timeoutOf(run)).toMatchObject({ timeoutType: type, eventLoopBlockedMs: 0 });
  },
);

test.each([
  ['a shorter', '10s', 10_000],
  ['a longer', '1m', 60_000],
  ['an overdue', '1s', 4_000],
  ['no', null, undefined],
] as const)(
  'updateOptions sets %s scheduleToStart of an activity that waits for a slot',
  async (_, scheduleToStartTimeout, at) => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.run(never);
    const handle = h.start(never, { scheduleToStartTimeout: '30s' });
    const run = h.watch(handle.result());
    await h.advance(4_000);
    handle.updateOptions({ scheduleToStartTimeout });
    await h.advance(120_000);
    if (at === undefined) expect(run.outcome.state).toBe('pending');
    else {
      expect(settledAt(run)).toBe(at);
      expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_START');
    }
  },
);

test('a scheduleToClose that is set in a backoff counts from the schedule', async () => {
  const h = new Harness();
  const handle = h.start(
    () => {
      throw new Error('no');
    },
    { retryPolicy: { initialInterval: '1m' } },
  );
  const run = h.watch(handle.result());
  await h.advance(4_000);
  handle.updateOptions({ scheduleToCloseTimeout: '10s' });
  expect(handle.describe().expirationTime).toEqual(new Date(VirtualClock.EPOCH + 10_000));
  await h.advance(60_000);
  expect(settledAt(run)).toBe(10_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
});

test('a new retry policy decides about the running attempt', async () => {
  const h = new Harness();
  const handle = h.start((ctx) => ctx.sleep('1s').then(() => Promise.reject(new Error('no'))), {
    retryPolicy: ONCE,
  });
  const run = h.watch(handle.result());
  handle.updateOptions({ retryPolicy: { initialInterval: '5s', maximumAttempts: 2 } });
  await h.advance(60_000);
  expect(startsOf(h)).toEqual([0, 6_000]);
  expect(failureOf(run)).toMatchObject({ attempt: 2, retryState: 'MAXIMUM_ATTEMPTS_REACHED' });
});

test.each(['in its slot queue', 'in a pause there', 'in a pause that outlasts its backoff'])(
  'a new retry policy does not change a backoff that is over: %s',
  async (where) => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const handle = h.start((ctx) => {
      if (ctx.info.attempt === 1) throw new Error('no');
      return never();
    });
    await h.turn();
    const holder = h.start(never);
    void holder.result().catch(() => {});
    if (where.endsWith('backoff')) handle.pause();
    await h.advance(2_000); // the backoff of 1 s is over
    if (where.endsWith('there')) handle.pause();
    handle.updateOptions({ retryPolicy: { initialInterval: '1h' } });
    if (where.startsWith('in a pause')) handle.unpause();
    await h.advance(1_000);
    holder.terminate();
    await h.advance(7_200_000);
    expect(startsOf(h)).toEqual([0, 0, 3_000]);
  },
);

test.each<[string, ActivityOptions, OptionsPatch]>([
  ['a start delay', { startDelay: '10s', scheduleToCloseTimeout: '5s' }, { startDelay: '1s' }],
  ['a start delay', { startDelay: '10s' }, { startDelay: null, scheduleToCloseTimeout: '5s' }],
  [
    'a backoff',
    { retryPolicy: { initialInterval: '1m' } },
    { retryPolicy: { initialInterval: '1s' }, scheduleToCloseTimeout: '5s' },
  ],
])('no attempt starts after %s if a patch makes it too late', async (_, from, to) => {
  const h = new Harness();
  const handle = h.start((ctx) => {
    if (ctx.info.attempt === 1 && from.retryPolicy !== undefined) throw new Error('no');
  }, from);
  const run = h.watch(handle.result());
  await h.advance(8_000);
  const before = startsOf(h).length;
  handle.updateOptions(to);
  await h.advance(8_000);
  expect(startsOf(h)).toHaveLength(before);
  expect(settledAt(run)).toBe(8_000);
  expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
});

test('a progress timeout that is removed and set again counts from when it was set', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx) => {
      for (let row = 1; row <= 12; row++) {
        await ctx.sleep(1_000);
        ctx.heartbeat(row);
      }
      return never();
    },
    { progressTimeout: '5s', retryPolicy: ONCE },
  );
  const run = h.watch(handle.result());
  handle.updateOptions({ progressTimeout: null });
  await h.advance(10_500);
  handle.updateOptions({ progressTimeout: '5s' });
  await h.advance(60_000);
  expect(settledAt(run)).toBe(17_000); // 5 s after the last row
});

test('the attempt after updateOptions has the new options', async () => {
  const h = new Harness();
  const infos: ActivityContext['info'][] = [];
  const handle = h.start(
    async (ctx) => {
      infos.push(ctx.info);
      await ctx.sleep('1s');
      throw new Error('no');
    },
    { heartbeatTimeout: '1m', startToCloseTimeout: '10m' },
  );
  await h.turn();
  handle.updateOptions({ heartbeatTimeout: '2m', startToCloseTimeout: null, priority: 1 });
  await h.advance(2_000);
  expect(infos.map((info) => info.heartbeatTimeoutMs)).toEqual([60_000, 120_000]);
  expect(infos.map((info) => info.startToCloseTimeoutMs)).toEqual([600_000, undefined]);
  expect(infos.map((info) => info.priority)).toEqual([3, 1]);
});

describe('a new start delay', () => {
  test('moves the deadlines that it extends', async () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '10s', scheduleToCloseTimeout: '5s' });
    const run = h.watch(handle.result());
    handle.updateOptions({ startDelay: '20s' });
    expect(handle.describe()).toMatchObject({
      nextAttemptScheduleTime: new Date(VirtualClock.EPOCH + 20_000),
      expirationTime: new Date(VirtualClock.EPOCH + 25_000),
    });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([20_000]);
    expect(settledAt(run)).toBe(25_000);
  });

  test('of a paused activity counts after the unpause', async () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '10s' });
    handle.pause();
    handle.updateOptions({ startDelay: '20s' });
    await h.advance(15_000);
    handle.unpause();
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([20_000]);
  });

  test('is refused for an activity that has started, whatever else the patch has', () => {
    const handle = new Harness().start(never);
    const update = (startDelay: OptionsPatch['startDelay']) => (): void =>
      handle.updateOptions({ startDelay, priority: 1 });
    expect(update('5s')).toThrow(ActivityStateError);
    expect(update(null)).toThrow(ActivityStateError);
    expect(optionsOf(handle).priority).toBe(3);
    expect(update(undefined)).not.toThrow();
    expect(optionsOf(handle).priority).toBe(1);
  });
});

test.each<[string, number | null, order: string[]]>([
  ['forward', 1, ['second', 'first', 'third']],
  ['back', 5, ['first', 'third', 'second']],
  ['to the default', null, ['first', 'third', 'second']],
])('a new priority moves a waiting activity %s', async (_, priority, order) => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const blocker = h.start(never);
  const options = (activityType: string): ActivityOptions => ({ activityType, priority: 2 });
  h.start(() => 1, options('first'));
  const second = h.start(() => 2, options('second'));
  h.start(() => 3, options('third'));
  second.updateOptions({ priority });
  blocker.terminate();
  await h.advance(0);
  expect(h.of('completed').map(({ activityType }) => activityType)).toEqual(order);
});

describe('a heartbeat timeout', () => {
  test.each(['heartbeatTimeout', 'progressTimeout'] as const)(
    'shortened to a time in the past times out now: %s',
    async (name) => {
      const h = new Harness();
      const handle = h.start(never, { [name]: '60s', retryPolicy: ONCE });
      const run = h.watch(handle.result());
      await h.advance(10_000);
      handle.updateOptions({ [name]: '1s' });
      await h.advance(10_000);
      expect(settledAt(run)).toBe(10_000);
      expect(timeoutOf(run).eventLoopBlockedMs).toBe(0);
    },
  );

  test('lengthened after a block counts from the last heartbeat', async () => {
    const h = new Harness();
    const handle = h.start(never, { heartbeatTimeout: '1s', retryPolicy: ONCE });
    const run = h.watch(handle.result());
    h.clock.block(1_500);
    await h.advance(10);
    handle.updateOptions({ heartbeatTimeout: '60s' });
    await h.advance(60_000);
    expect(settledAt(run)).toBe(60_000);
  });

  test('does not change a given throttle interval', async () => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        for (let beat = 1; beat <= 10; beat++) {
          ctx.heartbeat(beat);
          await ctx.sleep(100);
        }
      },
      { heartbeatTimeout: '10s', heartbeatThrottleInterval: 0, startDelay: 10 },
    );
    handle.updateOptions({ heartbeatTimeout: '20s' });
    await h.advance(2_000);
    expect(h.of('heartbeat')).toHaveLength(10);
  });
});

test('a waiting activity keeps its place unless its priority changes', () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const first = h.start(never, { activityId: 'first' });
  const second = h.start(never, { activityId: 'second' });
  h.start(never, { activityId: 'third' });
  second.updateOptions({ heartbeatTimeout: '5s', priority: 3 });
  first.terminate();
  expect(h.of('started').map(({ activityId }) => activityId)).toEqual(['first', 'second']);
});

test('a new start delay is refused for an activity that waits for a slot', () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  h.start(never);
  const waiter = h.start(never);
  expect(() => waiter.updateOptions({ startDelay: '2h' })).toThrow(ActivityStateError);
});

test('a patch that is not an object is refused by name', () => {
  const handle = delayed();
  // @ts-expect-error an object is needed
  expect(() => handle.updateOptions(null)).toThrow(/^updateOptions: received null/);
});
