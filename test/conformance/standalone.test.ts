/** The rows of RULES.md about activities that no workflow started, like all activities here. */
import { describe, expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  ActivityStateError,
  ApplicationFailure,
  type ActivityContext,
  type ActivityHandle,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, reportsOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';
import { VirtualClock } from '../support/virtual-clock.js';

const boom = new Error('boom');
const failing = (): never => {
  throw boom;
};

/** Starts an activity that is left open, and exposes the contexts of its attempts. */
function leaveOpen(h: Harness, options: ActivityOptions = {}) {
  const contexts: ActivityContext<string>[] = [];
  const tokens: string[] = [];
  const handle = h.start((ctx: ActivityContext<string>): string => {
    contexts.push(ctx);
    tokens.push(ctx.info.taskToken);
    return ctx.completeAsync();
  }, options);
  return { handle, contexts, tokens, run: h.watch(handle.result()) };
}

describe('row 50: a heartbeat delivers the request to', () => {
  test.each([
    ['cancel', 'CANCELLED'],
    ['pause', 'PAUSED'],
    ['reset', 'RESET'],
  ] as const)('%s', async (operation, message) => {
    const h = new Harness();
    let ctx!: ActivityContext;
    const heard: string[] = [];
    const handle = h.start((given) => {
      ctx = given;
      given.cancelled.catch((reason: unknown) => heard.push(String(reason)));
      return never();
    });
    void h.watch(handle.result());
    handle[operation]();
    await h.turn();
    expect(heard).toEqual([]);
    ctx.heartbeat();
    await h.turn();
    expect(heard).toEqual([`CancelledFailure: ${message}`]);
  });
});

// A departure: on Temporal the next heartbeat delivers it.
test('row 50: the function of an activity that no longer exists is told without a heartbeat', async () => {
  const h = new Harness();
  let ctx!: ActivityContext<string>;
  const handle = h.start((given: ActivityContext<string>): Promise<string> => {
    ctx = given;
    return never();
  });
  handle.complete('outside');
  expect(ctx.signal.reason).toMatchObject({ message: 'NOT_FOUND' });
  ctx.heartbeat('late');
  expect(h.of('heartbeat')).toEqual([]);
});

test('row 50: details that are held back are reported when the runtime stops', async () => {
  const h = new Harness();
  void h.watch(
    h.run((ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      ctx.heartbeat(2);
      return ctx.cancelled;
    }),
  );
  await h.advance(1_000);
  const over = h.watch(h.engine.shutdown());
  await h.turn();
  expect(reportsOf(h)).toEqual([
    [1, 0],
    [2, 1_000],
  ]);
  expect(settledAt(over)).toBe(1_000);
});

// A departure: the activity itself ends, and its caller runs it again.
test('row 59: after a shutdown the next runtime continues with the details', async () => {
  const store = new Map<string, string>();
  const found: unknown[] = [];
  const importRows = async (ctx: ActivityContext<number>): Promise<string> => {
    found.push(ctx.heartbeatDetails);
    if (found.length === 2) return 'done';
    ctx.heartbeat(7);
    return ctx.cancelled;
  };
  const first = new Harness({ store });
  const run = first.watch(first.run(importRows, { activityId: 'import-7' }));
  await first.turn();
  await first.engine.shutdown();
  expect(failureOf(run).cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  const second = new Harness({ store });
  await expect(second.run(importRows, { activityId: 'import-7' })).resolves.toBe('done');
  expect(found).toEqual([undefined, 7]);
});

describe('row 62: during a shutdown with a grace period', () => {
  const untilTold = async (ctx: ActivityContext): Promise<void> => {
    await ctx.cancelled.catch(() => {});
  };

  test('an activity that succeeds completes', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => untilTold(ctx).then(() => 'done')));
    await Promise.all([h.engine.shutdown({ gracePeriod: '1s' }), h.advance(1_000)]);
    expect(run.outcome).toMatchObject({ value: 'done', at: 1_000 });
  });

  test('an activity that fails non-retryably fails', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx) => untilTold(ctx).then(failing), { retryPolicy: { maximumAttempts: 1 } }),
    );
    await Promise.all([h.engine.shutdown({ gracePeriod: '1s' }), h.advance(1_000)]);
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
    expect(failureOf(run).cause).toBe(boom);
  });

  test('an activity that ignores the shutdown ends at its scheduleToClose deadline', async () => {
    const h = new Harness();
    const run = h.watch(h.run(never, { scheduleToCloseTimeout: '3s' }));
    void h.engine.shutdown({ gracePeriod: '1s' });
    await h.advance(60_000);
    expect(settledAt(run)).toBe(3_000);
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
  });
});

type State = 'waiting for a slot' | 'running' | 'backing off' | 'paused';

/** An activity in a chosen state. */
async function inState(h: Harness, state: State): Promise<ActivityHandle<string>> {
  if (state === 'waiting for a slot') void h.run(never);
  const fn: () => Promise<string> = state === 'running' ? never : failing;
  const handle = h.start(fn);
  await h.turn();
  if (state === 'paused') handle.pause();
  return handle;
}

describe('row 68: from outside', () => {
  test.each<State>(['waiting for a slot', 'running', 'backing off', 'paused'])(
    'an activity can be completed by its id: %s',
    async (state) => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      const handle = await inState(h, state);
      handle.complete('outside');
      await expect(handle.result()).resolves.toBe('outside');
      expect(handle.describe().status).toBe('COMPLETED');
      const starts = startsOf(h);
      await h.advance(60_000);
      expect(startsOf(h)).toEqual(starts);
      expect(h.events.at(-1)).toMatchObject({ name: 'completed', result: 'outside' });
    },
  );

  test('a cancellation that was not requested cannot be reported', async () => {
    const h = new Harness();
    const { handle, tokens } = leaveOpen(h);
    expect(() => handle.reportCancellation()).toThrow(ActivityStateError);
    await expect(h.engine.completion.reportCancellation(tokens[0]!)).rejects.toThrow(
      ActivityStateError,
    );
    expect(handle.describe().runState).toBe('STARTED');
  });

  test('an activity is CANCEL_REQUESTED until the cancellation is reported', async () => {
    const h = new Harness();
    const { handle, tokens } = leaveOpen(h);
    handle.cancel('enough');
    await h.advance(60_000);
    expect(handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'CANCEL_REQUESTED' });
    await h.engine.completion.reportCancellation(tokens[0]!);
    expect(handle.describe()).toMatchObject({ status: 'CANCELED', runState: undefined });
  });
});

interface Pending {
  readonly state: string;
  readonly reach: (h: Harness) => Promise<ActivityHandle> | ActivityHandle;
  /** In virtual milliseconds. */
  readonly next?: number;
  readonly interval?: number;
}

const secondFails = (ctx: ActivityContext): Promise<never> =>
  ctx.info.attempt === 2 ? never() : failing();

/** The states of an activity, with the description of its next attempt. */
const pending: Pending[] = [
  {
    state: 'in its start delay',
    reach: (h) => h.start(never, { startDelay: '5s' }),
    next: 5_000,
  },
  {
    state: 'waiting for its first slot',
    reach: async (h) => {
      await inState(h, 'running');
      return h.start(never);
    },
  },
  { state: 'running', reach: (h) => inState(h, 'running') },
  {
    state: 'in its first backoff',
    reach: (h) => inState(h, 'backing off'),
    next: 1_000,
    interval: 1_000,
  },
  {
    state: 'in its second backoff',
    reach: async (h) => {
      const handle = await inState(h, 'backing off');
      await h.advance(1_000);
      return handle;
    },
    next: 3_000,
    interval: 2_000,
  },
  {
    state: 'in a backoff that its failure asked for',
    reach: async (h) => {
      const handle = h.start(() => {
        throw ApplicationFailure.create({ message: 'later', nextRetryDelay: '30s' });
      });
      await h.turn();
      return handle;
    },
    next: 30_000,
    interval: 30_000,
  },
  {
    state: 'running again',
    reach: async (h) => {
      const handle = h.start(secondFails);
      await h.advance(1_000);
      return handle;
    },
  },
  {
    state: 'waiting for a slot after its backoff',
    reach: async (h) => {
      const handle = h.start(secondFails);
      await h.turn();
      await inState(h, 'running');
      await h.advance(1_000);
      return handle;
    },
  },
  { state: 'paused in its backoff', reach: (h) => inState(h, 'paused') },
  {
    state: 'unpaused in its backoff',
    reach: async (h) => {
      const handle = await inState(h, 'paused');
      handle.unpause();
      return handle;
    },
    next: 1_000,
    interval: 1_000,
  },
  {
    state: 'closed',
    reach: async (h) => {
      const handle = await inState(h, 'backing off');
      handle.terminate();
      return handle;
    },
  },
];

test.each(pending)(
  'row 69: the description of the next attempt of an activity that is $state',
  async ({ reach, next, interval }) => {
    const handle = await reach(new Harness({ maxConcurrentActivities: 1 }));
    void handle.result().catch(() => {});
    const { nextAttemptScheduleTime, currentRetryInterval } = handle.describe();
    expect(nextAttemptScheduleTime?.getTime()).toBe(
      next === undefined ? undefined : VirtualClock.EPOCH + next,
    );
    expect(currentRetryInterval).toBe(interval);
  },
);

describe('row 74: while no attempt runs', () => {
  test('an activity in a backoff is completed by its id, but not by its last token', async () => {
    const h = new Harness();
    const { handle, tokens, run } = leaveOpen(h);
    handle.fail(boom);
    const { completion } = h.engine;
    await expect(completion.complete(tokens[0]!, 'token')).rejects.toThrow(ActivityNotFoundError);
    expect(run.outcome.state).toBe('pending');
    handle.complete('id');
    await h.turn();
    expect(run.outcome).toMatchObject({ value: 'id' });
  });

  test('a cancellation before the start closes the activity', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const handle = await inState(h, 'waiting for a slot');
    const run = h.watch(handle.result());
    handle.cancel('enough');
    expect(handle.describe().status).toBe('CANCELED');
    await h.turn();
    expect(failureOf(run)).toMatchObject({ attempt: 0, retryState: 'CANCEL_REQUESTED' });
    expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
  });
});

describe('row 75: an activity that was retried', () => {
  async function retried(h: Harness) {
    const open = leaveOpen(h);
    open.handle.fail(boom);
    await h.advance(1_000);
    expect(open.tokens).toHaveLength(2);
    return open;
  }

  test.each(['complete', 'fail', 'heartbeat', 'reportCancellation'] as const)(
    'refuses its first token to %s',
    async (operation) => {
      const h = new Harness();
      const { tokens, run, handle } = await retried(h);
      const stale = h.engine.completion[operation](tokens[0]!, 'stale');
      await expect(stale).rejects.toThrow(ActivityNotFoundError);
      expect(run.outcome.state).toBe('pending');
      expect(handle.describe()).toMatchObject({ attempt: 2, runState: 'STARTED' });
      expect(handle.describe().heartbeatDetails).toBeUndefined();
    },
  );

  test('uses its id for the running attempt', async () => {
    const h = new Harness();
    const { handle, contexts } = await retried(h);
    handle.heartbeat('here');
    expect(h.of('heartbeat')).toMatchObject([{ attempt: 2, details: 'here' }]);
    handle.fail(boom);
    await h.advance(2_000);
    expect(contexts[2]!.heartbeatDetails).toBe('here');
  });
});

describe('row 76: in its start delay an activity', () => {
  const delayed = (h: Harness, options: ActivityOptions = {}) => {
    const handle = h.start((): string => 'done', { startDelay: '10s', ...options });
    return { handle, run: h.watch(handle.result()) };
  };

  test('is scheduled for the end of the delay', async () => {
    const h = new Harness();
    const { handle } = delayed(h, { scheduleToCloseTimeout: '1m' });
    await h.advance(4_000);
    expect(handle.describe()).toMatchObject({
      status: 'RUNNING',
      runState: 'SCHEDULED',
      attempt: 1,
      scheduleTime: new Date(VirtualClock.EPOCH),
      nextAttemptScheduleTime: new Date(VirtualClock.EPOCH + 10_000),
      expirationTime: new Date(VirtualClock.EPOCH + 70_000),
      lastStartedTime: undefined,
    });
  });

  test.each<[string, (handle: ActivityHandle<string>) => void]>([
    [
      'paused and unpaused',
      (handle) => {
        handle.pause();
        handle.unpause();
      },
    ],
    ['reset', (handle) => handle.reset()],
    [
      'paused and reset',
      (handle) => {
        handle.pause();
        handle.reset();
      },
    ],
  ])('starts at the same time when it is %s', async (_, act) => {
    const h = new Harness();
    const { handle, run } = delayed(h);
    await h.advance(4_000);
    act(handle);
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([10_000]);
    expect(run.outcome).toMatchObject({ value: 'done' });
  });

  test('that is paused until after the delay starts at the unpause', async () => {
    const h = new Harness();
    const { handle } = delayed(h);
    handle.pause();
    await h.advance(25_000);
    expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 1 });
    handle.unpause();
    expect(startsOf(h)).toEqual([25_000]);
  });

  test('that is paused times out at the delayed scheduleToClose deadline', async () => {
    const h = new Harness();
    const { handle, run } = delayed(h, { scheduleToCloseTimeout: '5s' });
    handle.pause();
    await h.advance(60_000);
    expect(settledAt(run)).toBe(15_000);
    expect(timeoutOf(run).timeoutType).toBe('SCHEDULE_TO_CLOSE');
  });

  test.each<[string, (handle: ActivityHandle<string>) => void, string]>([
    ['cancelled', (handle) => handle.cancel(), 'CANCELED'],
    ['terminated', (handle) => handle.terminate(), 'TERMINATED'],
    ['completed by its id', (handle) => handle.complete('outside'), 'COMPLETED'],
  ])('can be %s at once', async (_, act, status) => {
    const h = new Harness();
    const { handle, run } = delayed(h);
    await h.advance(4_000);
    act(handle);
    expect(handle.describe()).toMatchObject({ status, runState: undefined });
    await h.advance(60_000);
    expect(settledAt(run)).toBe(4_000);
    expect(startsOf(h)).toEqual([]);
  });

  test.each([
    ['5s', 5_000],
    ['30s', 30_000],
    ['1s', 2_000], // which has passed when it is set
    [null, 2_000],
  ] as const)('can get another start delay: %s', async (startDelay, at) => {
    const h = new Harness();
    const { handle } = delayed(h);
    await h.advance(2_000);
    handle.updateOptions({ startDelay });
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([at]);
  });
});

test('row 76: an activity that has started cannot get another start delay', async () => {
  const h = new Harness();
  const handle = await inState(h, 'backing off');
  expect(() => handle.updateOptions({ startDelay: '5s' })).toThrow(ActivityStateError);
  expect(handle.describe().options.startDelay).toBe(0);
});

test('row 76: a reset of an activity that has started does not add a start delay', async () => {
  const h = new Harness();
  const handle = h.start(failing, { startDelay: '10s' });
  await h.advance(10_500);
  handle.reset();
  await h.turn();
  expect(startsOf(h)).toEqual([10_000, 10_500]);
});
