/** The result of `describe()` in every state of an activity. */
import { describe, expect, test } from 'vitest';
import {
  ApplicationFailure,
  TimeoutFailure,
  type ActivityContext,
  type ActivityDescription,
  type ActivityHandle,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { DEFAULT_POLICY } from '../support/policy.js';
import { VirtualClock } from '../support/virtual-clock.js';

const OPTIONS = {
  activityId: 'import-7',
  activityType: 'importRows',
  heartbeatTimeout: '1m',
  startToCloseTimeout: '10m',
  scheduleToStartTimeout: '20m',
  scheduleToCloseTimeout: '1h',
  progressTimeout: '5m',
  retryPolicy: { initialInterval: '10s', nonRetryableErrorTypes: ['Fatal'] },
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  priority: 2,
  concurrencyKey: 'disk',
} as const;

const at = (ms: number): Date => new Date(VirtualClock.EPOCH + ms);
/** What a test below looks at on its own. */
type Apart = 'lastProgressTime' | 'heartbeatDeadline' | 'canceledReason';
type Earlier = Omit<ActivityDescription, Apart>;

function earlier(description: ActivityDescription): Earlier {
  const apart: readonly string[] = ['lastProgressTime', 'heartbeatDeadline', 'canceledReason'];
  const others = Object.entries(description).filter(([name]) => !apart.includes(name));
  return Object.fromEntries(others) as unknown as Earlier;
}

const boom = new Error('boom');

const RUNNING: Earlier = {
  activityId: 'import-7',
  activityType: 'importRows',
  status: 'RUNNING',
  runState: 'STARTED',
  attempt: 1,
  heartbeatDetails: undefined,
  lastHeartbeatTime: undefined,
  lastStartedTime: at(0),
  scheduleTime: at(0),
  closeTime: undefined,
  lastFailure: undefined,
  nextAttemptScheduleTime: undefined,
  currentRetryInterval: undefined,
  expirationTime: at(3_600_000),
  abandonedAttempts: 0,
  options: {
    heartbeatTimeout: 60_000,
    startToCloseTimeout: 600_000,
    scheduleToStartTimeout: 1_200_000,
    scheduleToCloseTimeout: 3_600_000,
    progressTimeout: 300_000,
    startDelay: 0,
    retryPolicy: {
      initialInterval: 10_000,
      backoffCoefficient: 2,
      maximumInterval: 1_000_000,
      maximumAttempts: Infinity,
      nonRetryableErrorTypes: ['Fatal'],
      jitter: 0,
      maximumAttemptsWithoutProgress: Infinity,
    },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    priority: 2,
    concurrencyKey: 'disk',
  },
};

interface Held {
  readonly h: Harness;
  readonly handle: ActivityHandle<string>;
  readonly ctx: () => ActivityContext;
  readonly succeed: () => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

/** An activity whose attempts end when the test says so. */
function hold(options: object = {}, h = new Harness()): Held {
  let ctx!: ActivityContext;
  let resolve!: (value: string) => void;
  let reject!: (error: unknown) => void;
  const handle = h.start(
    (given) => {
      ctx = given;
      return new Promise<string>((...settle) => ([resolve, reject] = settle));
    },
    { ...OPTIONS, ...options },
  );
  return {
    h,
    handle,
    ctx: () => ctx,
    succeed: async () => {
      resolve('done');
      await h.turn();
    },
    fail: async (error) => {
      reject(error);
      await h.turn();
    },
  };
}

/** The first attempt has sent a heartbeat at 1 s and failed at 2 s. */
async function failedOnce(): Promise<Held> {
  const held = hold();
  await held.h.advance(1_000);
  held.ctx().heartbeat({ line: 1 });
  await held.h.advance(1_000);
  await held.fail(boom);
  return held;
}

const FAILED_ONCE: Partial<ActivityDescription> = {
  attempt: 2,
  heartbeatDetails: { line: 1 },
  lastHeartbeatTime: at(1_000),
  lastFailure: boom,
};

interface Case {
  readonly state: string;
  readonly reach: () => Promise<ActivityHandle<string>> | ActivityHandle<string>;
  readonly expected: Partial<ActivityDescription>;
}

const open: Case[] = [
  {
    state: 'in its start delay',
    reach: () => hold({ startDelay: '5s' }).handle,
    expected: {
      runState: 'SCHEDULED',
      lastStartedTime: undefined,
      nextAttemptScheduleTime: at(5_000),
      expirationTime: at(3_605_000),
      options: { ...RUNNING.options, startDelay: 5_000 },
    },
  },
  {
    state: 'waiting for a slot',
    reach: () => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      void h.run(never);
      return hold({}, h).handle;
    },
    expected: { runState: 'SCHEDULED', lastStartedTime: undefined },
  },
  {
    state: 'waiting for its details from the store',
    reach: () => {
      const store = { get: never, set: () => {}, delete: () => {} };
      return hold({}, new Harness({ store })).handle;
    },
    expected: { runState: 'SCHEDULED', lastStartedTime: undefined },
  },
  { state: 'running', reach: () => hold().handle, expected: {} },
  {
    state: 'running after it has waited for a slot',
    reach: async () => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      void h.run((ctx) => ctx.sleep('5s'));
      const { handle } = hold({}, h);
      await h.advance(6_000);
      return handle;
    },
    expected: { lastStartedTime: at(5_000) },
  },
  {
    state: 'running, with heartbeats',
    reach: async () => {
      const { h, handle, ctx } = hold();
      await h.advance(1_000);
      ctx().heartbeat('a');
      await h.advance(1_000);
      ctx().heartbeat('b'); // not reported yet
      await h.advance(1_000);
      ctx().heartbeat();
      return handle;
    },
    expected: { heartbeatDetails: 'b', lastHeartbeatTime: at(3_000) },
  },
  {
    state: 'backing off',
    reach: async () => (await failedOnce()).handle,
    expected: {
      ...FAILED_ONCE,
      runState: 'SCHEDULED',
      nextAttemptScheduleTime: at(12_000),
      currentRetryInterval: 10_000,
    },
  },
  {
    state: 'running again',
    reach: async () => {
      const { h, handle } = await failedOnce();
      await h.advance(10_000);
      return handle;
    },
    expected: { ...FAILED_ONCE, lastStartedTime: at(12_000) },
  },
  {
    state: 'backing off from an attempt whose function still runs',
    reach: async () => {
      const { h, handle } = hold();
      await h.advance(60_000);
      return handle;
    },
    expected: {
      runState: 'SCHEDULED',
      attempt: 2,
      lastFailure: expect.any(TimeoutFailure) as Error,
      nextAttemptScheduleTime: at(70_000),
      currentRetryInterval: 10_000,
      abandonedAttempts: 1,
    },
  },
  {
    state: 'paused before it has started',
    reach: () => {
      const { handle } = hold({ startDelay: '5s' });
      handle.pause();
      return handle;
    },
    expected: {
      status: 'PAUSED',
      runState: 'PAUSED',
      lastStartedTime: undefined,
      expirationTime: at(3_605_000),
      options: { ...RUNNING.options, startDelay: 5_000 },
    },
  },
  {
    state: 'paused in its backoff',
    reach: async () => {
      const { handle } = await failedOnce();
      handle.pause();
      return handle;
    },
    expected: { ...FAILED_ONCE, status: 'PAUSED', runState: 'PAUSED' },
  },
  {
    state: 'asked to pause',
    reach: () => {
      const { handle } = hold();
      handle.pause();
      return handle;
    },
    expected: { runState: 'PAUSE_REQUESTED' },
  },
  {
    state: 'asked to stop',
    reach: () => {
      const { handle } = hold();
      handle.cancel();
      return handle;
    },
    expected: { runState: 'CANCEL_REQUESTED' },
  },
  {
    state: 'asked to pause, and then to stop',
    reach: () => {
      const { handle } = hold();
      handle.pause();
      handle.cancel();
      return handle;
    },
    expected: { runState: 'CANCEL_REQUESTED' },
  },
  {
    state: 'asked to start over',
    reach: () => {
      const { handle } = hold();
      handle.reset();
      return handle;
    },
    expected: {},
  },
  {
    state: 'asked to pause, and then to start over',
    reach: () => {
      const { handle } = hold();
      handle.pause();
      handle.reset();
      return handle;
    },
    expected: {},
  },
  {
    state: 'left open for somebody outside',
    reach: () => new Harness().start((ctx): string => ctx.completeAsync(), OPTIONS),
    expected: {},
  },
];

const closed: Case[] = [
  {
    state: 'completed',
    reach: async () => {
      const { h, handle, succeed } = hold();
      await h.advance(1_000);
      await succeed();
      return handle;
    },
    expected: { status: 'COMPLETED', closeTime: at(1_000) },
  },
  {
    state: 'failed',
    reach: async () => {
      const { h, handle, fail } = await failedOnce();
      await h.advance(11_000);
      await fail(ApplicationFailure.nonRetryable('no'));
      return handle;
    },
    expected: {
      ...FAILED_ONCE,
      status: 'FAILED',
      lastStartedTime: at(12_000),
      closeTime: at(13_000),
      lastFailure: expect.objectContaining({ message: 'no' }) as Error,
    },
  },
  {
    state: 'timed out, although its function runs on',
    reach: async () => {
      const { h, handle } = hold({ retryPolicy: { ...OPTIONS.retryPolicy, maximumAttempts: 1 } });
      await h.advance(100_000);
      return handle;
    },
    expected: {
      status: 'TIMED_OUT',
      closeTime: at(60_000),
      lastFailure: expect.any(TimeoutFailure) as Error,
      abandonedAttempts: 1,
      options: {
        ...RUNNING.options,
        retryPolicy: { ...RUNNING.options.retryPolicy, maximumAttempts: 1 },
      },
    },
  },
  {
    state: 'cancelled in its backoff',
    reach: async () => {
      const { h, handle } = await failedOnce();
      await h.advance(1_000);
      handle.cancel();
      return handle;
    },
    expected: { ...FAILED_ONCE, status: 'CANCELED', attempt: 1, closeTime: at(3_000) },
  },
  {
    state: 'cancelled while it was paused',
    reach: async () => {
      const { handle } = await failedOnce();
      handle.pause();
      handle.cancel();
      return handle;
    },
    expected: { ...FAILED_ONCE, status: 'CANCELED', attempt: 1, closeTime: at(2_000) },
  },
  {
    state: 'cancelled before it was scheduled',
    reach: () => hold({ signal: AbortSignal.abort() }).handle,
    expected: { status: 'CANCELED', attempt: 0, lastStartedTime: undefined, closeTime: at(0) },
  },
  {
    state: 'terminated',
    reach: async () => {
      const { h, handle } = hold();
      await h.advance(1_000);
      handle.terminate();
      return handle;
    },
    expected: { status: 'TERMINATED', closeTime: at(1_000), abandonedAttempts: 1 },
  },
  {
    state: 'shut down',
    reach: async () => {
      const { h, handle } = await failedOnce();
      await h.engine.shutdown();
      return handle;
    },
    expected: { ...FAILED_ONCE, status: 'CANCELED', attempt: 1, closeTime: at(2_000) },
  },
];

test.each(open)('a description shows an activity that is $state', async ({ reach, expected }) => {
  expect(earlier((await reach()).describe())).toStrictEqual({ ...RUNNING, ...expected });
});

test.each(closed)(
  'a description shows an activity that was $state',
  async ({ reach, expected }) => {
    const description = (await reach()).describe();
    expect(earlier(description)).toStrictEqual({ ...RUNNING, runState: undefined, ...expected });
  },
);

test.each<[string, (handle: ActivityHandle, h: Harness) => unknown]>([
  ['that has completed', (_, h) => h.advance(2_500)],
  ['that was completed from outside', (handle) => handle.complete(1)],
  ['that was terminated', (handle) => handle.terminate()],
  [
    'that was terminated in a backoff',
    async (handle, h) => {
      await h.advance(1_000);
      handle.terminate();
    },
  ],
])(
  'a description shows the last details of an activity %s, which the store has forgotten',
  async (_, end) => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    const handle = h.start(
      async (ctx) => {
        ctx.heartbeat({ row: ctx.info.attempt });
        await ctx.sleep(1_000);
        if (ctx.info.attempt === 1) throw new Error('once more');
      },
      { activityId: 'kept', retryPolicy: { initialInterval: 500 } },
    );
    await h.turn();
    expect(store.has('kept')).toBe(true);
    const ended = h.watch(handle.result());
    await end(handle, h);
    await h.advance(0);
    expect(ended.outcome.state).not.toBe('pending');
    expect(handle.describe().heartbeatDetails).toEqual({ row: handle.describe().attempt });
    expect(store.size).toBe(0);
  },
);

test('a description of an activity without options shows the defaults', () => {
  const { activityId, options, expirationTime } = new Harness().start(never).describe();
  expect(activityId).not.toBe('');
  expect(expirationTime).toBeUndefined();
  expect(options).toStrictEqual({
    heartbeatTimeout: undefined,
    startToCloseTimeout: undefined,
    scheduleToStartTimeout: undefined,
    scheduleToCloseTimeout: undefined,
    progressTimeout: undefined,
    startDelay: 0,
    retryPolicy: DEFAULT_POLICY,
    cancellationType: 'TRY_CANCEL',
    priority: 3,
    concurrencyKey: undefined,
  });
});

test('a description has the options after clamping', () => {
  const { handle } = hold({ scheduleToCloseTimeout: '30s' });
  expect(handle.describe().options).toMatchObject({
    heartbeatTimeout: 30_000,
    startToCloseTimeout: 30_000,
    scheduleToStartTimeout: 30_000,
    scheduleToCloseTimeout: 30_000,
  });
});

describe('a description', () => {
  test('is frozen', () => {
    const description = hold().handle.describe();
    expect(Object.isFrozen(description)).toBe(true);
    expect(Object.isFrozen(description.options)).toBe(true);
    expect(Object.isFrozen(description.options.retryPolicy)).toBe(true);
  });

  test('does not change when the activity continues', async () => {
    const { h, handle, succeed } = hold();
    const description = handle.describe();
    await h.advance(1_000);
    await succeed();
    expect(earlier(description)).toStrictEqual(RUNNING);
    expect(handle.describe().status).toBe('COMPLETED');
  });

  test('shares no mutable objects with the activity', () => {
    const { handle, ctx } = hold();
    ctx().heartbeat({ line: 1 });
    const { heartbeatDetails, scheduleTime } = handle.describe();
    (heartbeatDetails as { line: number }).line = 2;
    scheduleTime.setTime(0);
    expect(handle.describe()).toMatchObject({ heartbeatDetails: { line: 1 }, scheduleTime: at(0) });
  });

  test('contains no arguments and no task token', async () => {
    const h = new Harness();
    const secret = { password: 'hunter2' };
    let token!: string;
    const handle = h.start(
      (ctx: ActivityContext, _given: typeof secret): string => {
        token = ctx.info.taskToken;
        return ctx.completeAsync();
      },
      { args: [secret] },
    );
    const inside: unknown[] = [];
    const visit = (value: unknown): void => {
      inside.push(value);
      if (typeof value !== 'object' || value === null) return;
      Reflect.ownKeys(value).forEach((key) => visit(Reflect.get(value, key)));
    };
    visit(handle.describe());
    handle.complete('done');
    visit(handle.describe());
    expect(inside).toContain(handle.activityId);
    expect(inside).not.toContain(secret);
    expect(inside).not.toContain(secret.password);
    expect(inside).not.toContain(token);
  });

  test('of every open activity is in the list, in the order of scheduling', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const first = h.start(never);
    const second = h.start(never, { startDelay: '5s' });
    const third = h.start(never);
    const all = [first, second, third];
    expect(h.engine.list()).toStrictEqual(all.map((handle) => handle.describe()));
    second.terminate();
    expect(h.engine.list()).toStrictEqual([first.describe(), third.describe()]);
  });
});

test('a description has its own copy of the error types', () => {
  const { retryPolicy } = new Harness().start(never).describe().options;
  const types = retryPolicy.nonRetryableErrorTypes as string[];
  expect(() => types.push('Error')).toThrow(TypeError);
  const given = new Harness().start(never, OPTIONS).describe().options.retryPolicy;
  expect(() => (given.nonRetryableErrorTypes as string[]).push('Error')).toThrow(TypeError);
});

test.each<[string, (h: Harness) => unknown]>([
  ['because its store cannot be read', () => 1],
  ['by a listener', (h) => h.engine.events.add('scheduled', () => void h.engine.shutdown(), true)],
])(
  'a description of an activity that closes inside start(), %s, has a close time',
  async (_, prepare) => {
    const store = new Map([['x', '{bad']]);
    const h = new Harness({ store });
    prepare(h);
    expect(h.start(never, { activityId: 'x' }).describe()).toMatchObject({ closeTime: at(0) });
  },
);

describe('heartbeatDeadline', () => {
  test('moves with each heartbeat, and is there while an attempt runs', async () => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        await ctx.sleep(1_000);
        ctx.heartbeat();
        await ctx.sleep(1_000);
        throw boom;
      },
      { heartbeatTimeout: '10s', startDelay: '5s' },
    );
    const deadlines = [];
    for (const wait of [0, 5_000, 1_000, 1_000]) {
      await h.advance(wait);
      deadlines.push(handle.describe().heartbeatDeadline);
    }
    expect(deadlines).toEqual([undefined, at(15_000), at(16_000), undefined]);
  });

  test('is undefined without heartbeatTimeout', () => {
    expect(new Harness().start(never).describe().heartbeatDeadline).toBeUndefined();
  });
});

describe('lastProgressTime', () => {
  /** Heartbeats each of the details in turn, one a second. */
  const beats = (...all: unknown[]) =>
    async function beats(ctx: ActivityContext): Promise<void> {
      for (const details of all) {
        ctx.heartbeat(details);
        await ctx.sleep(1_000);
      }
      await ctx.sleep(60_000);
    };

  test.each<[name: string, options: object]>([
    ['with progressTimeout', { progressTimeout: '1h' }],
    ['if each heartbeat is reported', { heartbeatThrottleInterval: 0 }],
  ])('is when the details last changed: exactly %s', async (_, options) => {
    const h = new Harness();
    const handle = h.start(
      beats({ row: 1 }, { row: 1 }, { row: 2 }, undefined, { row: 2 }),
      options,
    );
    const times = [];
    for (let second = 0; second < 5; second++) {
      times.push(handle.describe().lastProgressTime);
      await h.advance(1_000);
    }
    expect(times).toEqual([at(0), at(0), at(2_000), at(2_000), at(2_000)]);
  });

  test('is at most one report too late if reports are throttled, and never after the last heartbeat', async () => {
    const h = new Harness();
    const handle = h.start(beats(1, 2, 2, 2, 2, 2), { heartbeatThrottleInterval: 4_000 });
    await h.advance(2_500); // nothing says yet that the last heartbeat brought no news
    expect(handle.describe().lastProgressTime).toEqual(at(2_000));
    await h.advance(10_000);
    const { lastProgressTime, lastHeartbeatTime } = handle.describe();
    expect(lastProgressTime).toEqual(at(4_000));
    expect(lastHeartbeatTime).toEqual(at(5_000));
  });

  test('is kept over attempts, and a reset may forget it', async () => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        ctx.heartbeat('here');
        await ctx.sleep(1_000);
        throw boom;
      },
      { retryPolicy: { initialInterval: '10s' } },
    );
    await h.advance(11_500);
    expect(handle.describe()).toMatchObject({ attempt: 2, lastProgressTime: at(0) });
    await h.advance(1_000); // it backs off
    handle.reset({ resetHeartbeat: true });
    expect(handle.describe()).toMatchObject({ attempt: 1, lastProgressTime: at(12_500) });
  });

  test.each([
    ['nothing was heartbeated', () => never()],
    ['heartbeats had no details', (ctx: ActivityContext) => (ctx.heartbeat(), never())],
  ])('is undefined if %s', (_, fn) => {
    expect(new Harness().start(fn).describe().lastProgressTime).toBeUndefined();
  });
});

describe('canceledReason', () => {
  const reason = { why: 'too late' };

  test.each<[string, (h: Harness) => ActivityHandle]>([
    ['runs', (h) => h.start(never)],
    ['waits', (h) => h.start(never, { startDelay: '1h' })],
    ['is cancelled by its signal', (h) => h.start(never, { signal: AbortSignal.abort(reason) })],
  ])('of an activity that %s is what was given', (_, start) => {
    const handle = start(new Harness());
    if (handle.describe().closeTime === undefined) {
      expect(handle.describe().canceledReason).toBeUndefined();
    }
    handle.cancel(reason);
    handle.cancel('another reason');
    expect(handle.describe().canceledReason).toBe(reason);
  });

  test('stays after the activity has closed in another way', async () => {
    const h = new Harness();
    const handle = h.start((ctx) => ctx.cancelled.catch(() => 'done all the same'));
    handle.cancel(reason);
    handle.complete('done');
    expect(handle.describe()).toMatchObject({ status: 'COMPLETED', canceledReason: reason });
    await h.turn();
  });

  test('is undefined if none was given', () => {
    const handle = new Harness().start(never);
    handle.cancel();
    expect(handle.describe().canceledReason).toBeUndefined();
  });
});
