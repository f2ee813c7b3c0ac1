/** The shutdown of a runtime. */
import { describe, expect, test } from 'vitest';
import {
  CancelledFailure,
  RuntimeShutdownError,
  type ActivityContext,
  type HeartbeatStore,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt } from '../support/outcomes.js';

function shutDown(h: Harness, run: Parameters<typeof failureOf>[0], cause?: unknown): void {
  const failure = failureOf(run);
  expect(failure.retryState).toBeUndefined();
  expect(failure.cause).toBeInstanceOf(CancelledFailure);
  expect(failure.cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  expect((failure.cause as Error).cause).toBe(cause);
  expect(h.of('failed').find((event) => event.activityId === failure.activityId)).toMatchObject({
    status: 'CANCELED',
  });
}

const failing = (error: Error) => (): never => {
  throw error;
};

test('new work during a shutdown is refused without being scheduled', async () => {
  const h = new Harness();
  await h.engine.shutdown();
  expect(() => h.start(never)).toThrow(RuntimeShutdownError);
  await expect(h.run(never)).rejects.toThrow(RuntimeShutdownError);
  expect(h.events).toEqual([]);
});

test('a second call of shutdown returns the same promise', async () => {
  const h = new Harness();
  void h.watch(h.run(never));
  const first = h.engine.shutdown();
  expect(h.engine.shutdown({ drain: true })).toBe(first);
  await h.advance(10_000);
  expect(h.engine.shutdown()).toBe(first);
});

test('a listener of shutdownSignal that calls shutdown gets the same promise', async () => {
  const h = new Harness();
  let inner: unknown;
  void h.watch(
    h.run((ctx) => {
      ctx.shutdownSignal.addEventListener('abort', () => {
        inner = h.engine.shutdown();
      });
      return ctx.sleep('1h');
    }),
  );
  expect(h.engine.shutdown()).toBe(inner);
  await inner;
});

test('shutdownSignal aborts first, and ctx.signal after the grace period, without a heartbeat', async () => {
  const h = new Harness();
  const heard: string[] = [];
  const run = h.watch(
    h.run((ctx) => {
      ctx.shutdownSignal.addEventListener('abort', () => {
        heard.push(`shutdown@${h.clock.now()} ${ctx.signal.aborted}`);
      });
      ctx.signal.addEventListener('abort', () => {
        heard.push(`signal@${h.clock.now()} ${String(ctx.cancellationDetails?.workerShutdown)}`);
      });
      return ctx.sleep('1h');
    }),
  );
  await h.advance(100);
  const over = h.watch(h.engine.shutdown({ gracePeriod: '5s' }));
  expect(heard).toEqual(['shutdown@100 false']);
  await h.advance(20_000);
  expect(heard).toEqual(['shutdown@100 false', 'signal@5100 true']);
  shutDown(h, run);
  expect(over.outcome).toMatchObject({ at: 5_100, value: { abandonedActivityIds: [] } });
});

test('without a grace period, ctx.signal aborts before shutdown returns', () => {
  const h = new Harness();
  let reason: unknown;
  void h.watch(
    h.run((ctx) => {
      ctx.signal.addEventListener('abort', () => {
        reason = ctx.signal.reason;
      });
      return ctx.sleep('1h');
    }),
  );
  void h.engine.shutdown();
  expect(reason).toMatchObject({ message: 'WORKER_SHUTDOWN' });
});

describe('a waiting activity at a shutdown', () => {
  test.each(['slot', 'startDelay', 'backoff', 'paused'] as const)(
    'in %s rejects at once with WORKER_SHUTDOWN',
    async (state) => {
      const h = new Harness({ maxConcurrentActivities: 1 });
      if (state === 'slot') void h.watch(h.run(never));
      const handle = h.start(state === 'backoff' ? failing(new Error('no')) : never, {
        startDelay: state === 'startDelay' || state === 'paused' ? '1h' : 0,
      });
      const run = h.watch(handle.result());
      if (state === 'paused') handle.pause();
      await h.advance(10);
      void h.engine.shutdown({ gracePeriod: '1h' });
      await h.turn();
      shutDown(h, run);
      expect(settledAt(run)).toBe(10);
      expect(handle.describe().status).toBe('CANCELED');
    },
  );

  test('still runs with drain, in its order and with its delays', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const runs = [
      h.watch(h.run((ctx) => ctx.sleep(1_000).then(() => 'first'))),
      h.watch(h.run((ctx) => ctx.sleep(1_000).then(() => 'second'))),
      h.watch(h.run(() => 'delayed', { startDelay: 5_000 })),
    ];
    const over = h.watch(h.engine.shutdown({ drain: true }));
    await h.advance(10_000);
    expect(runs.map(({ outcome }) => outcome)).toMatchObject([
      { value: 'first', at: 1_000 },
      { value: 'second', at: 2_000 },
      { value: 'delayed', at: 5_000 },
    ]);
    expect(over.outcome).toMatchObject({ state: 'resolved', at: 5_000 });
  });

  test('with drain and a grace period is rejected after the grace period', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    void h.watch(h.run((ctx) => ctx.sleep('1h')));
    const waiting = h.watch(h.run(() => expect.unreachable()));
    void h.engine.shutdown({ drain: true, gracePeriod: 2_000 });
    await h.advance(5_000);
    shutDown(h, waiting);
    expect(settledAt(waiting)).toBe(2_000);
    expect(h.engine.stats().open).toBe(0);
  });

  test('keeps its details in the store', async () => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    const run = h.watch(
      h.run(
        (ctx: ActivityContext<number>) => {
          ctx.heartbeat(7);
          throw new Error('no');
        },
        { activityId: 'x' },
      ),
    );
    await h.advance(10);
    await h.engine.shutdown();
    shutDown(h, run);
    expect(store.has('x')).toBe(true);
  });
});

describe('a running attempt at a shutdown', () => {
  test('may complete within the grace period', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => ctx.sleep(1_000).then(() => 'done')));
    const over = h.watch(h.engine.shutdown({ gracePeriod: 5_000 }));
    await h.advance(1_500);
    expect(run.outcome).toMatchObject({ value: 'done', at: 1_000 });
    expect(over.outcome).toMatchObject({ state: 'resolved', at: 1_000 });
    expect(h.clock.pending).toBe(0);
  });

  test('that fails retryably ends with WORKER_SHUTDOWN and that error as cause', async () => {
    const h = new Harness();
    const no = new Error('no');
    const run = h.watch(
      h.run(async (ctx) => {
        await ctx.sleep(1_000);
        throw no;
      }),
    );
    void h.engine.shutdown({ gracePeriod: 5_000 });
    await h.advance(2_000);
    shutDown(h, run, no);
    expect(settledAt(run)).toBe(1_000);
  });

  test('that times out ends with WORKER_SHUTDOWN and the timeout as cause', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => ctx.sleep('1h'), { startToCloseTimeout: 1_000 }));
    void h.engine.shutdown({ gracePeriod: 5_000 });
    await h.advance(2_000);
    const cause = (failureOf(run).cause as Error).cause;
    expect(cause).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
    shutDown(h, run, cause);
  });

  test('that fails for the last time ends with its own error', async () => {
    const h = new Harness();
    const no = new Error('no');
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.sleep(1_000);
          throw no;
        },
        { retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    void h.engine.shutdown({ gracePeriod: 5_000 });
    await h.advance(2_000);
    expect(failureOf(run)).toMatchObject({ retryState: 'MAXIMUM_ATTEMPTS_REACHED', cause: no });
  });

  test('that was cancelled before ends as cancelled', async () => {
    const h = new Harness();
    const handle = h.start((ctx) => ctx.sleep('1h'), {
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    const run = h.watch(handle.result());
    handle.cancel('mine');
    await h.engine.shutdown();
    expect(failureOf(run)).toMatchObject({
      retryState: 'CANCEL_REQUESTED',
      cause: { message: 'CANCELLED', cause: 'mine' },
    });
    expect(handle.describe().status).toBe('CANCELED');
  });

  test('records its newest details, even if they were throttled', async () => {
    const h = new Harness();
    void h.watch(
      h.run((ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        return ctx.sleep('1h');
      }),
    );
    await h.engine.shutdown();
    expect(h.of('heartbeat').map(({ details }) => details)).toEqual([1, 2]);
  });

  test('that was left open is rejected after the grace period', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => ctx.completeAsync()));
    await h.turn();
    const over = h.watch(h.engine.shutdown({ gracePeriod: 1_000 }));
    await h.advance(500);
    expect(run.outcome.state).toBe('pending');
    await h.advance(1_000);
    shutDown(h, run);
    expect(over.outcome).toMatchObject({ state: 'resolved', at: 1_000 });
  });
});

describe('a function that ignores the shutdown', () => {
  test('is abandoned and named', async () => {
    const h = new Harness();
    const run = h.watch(h.run(never, { activityId: 'deaf' }));
    void h.watch(h.run((ctx) => ctx.sleep('1h'), { activityId: 'hears' }));
    const over = h.watch(h.engine.shutdown({ gracePeriod: 1_000, abandonAfter: 2_000 }));
    await h.advance(2_900);
    expect(over.outcome.state).toBe('pending');
    await h.advance(200);
    expect(over.outcome).toMatchObject({ at: 3_000, value: { abandonedActivityIds: ['deaf'] } });
    shutDown(h, run);
    expect(h.of('attemptAbandoned')).toHaveLength(1);
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test('of an activity that has already closed is waited for and named', async () => {
    const h = new Harness();
    const once = { startToCloseTimeout: 100, retryPolicy: { maximumAttempts: 1 } };
    void h.watch(h.run(never, { ...once, activityId: 'deaf' }));
    let settle = (): void => {};
    const slow = (): Promise<void> => new Promise((resolve) => (settle = resolve));
    void h.watch(h.run(slow, { ...once, activityId: 'slow' }));
    await h.advance(200);
    const over = h.watch(h.engine.shutdown());
    await h.advance(1_000);
    settle();
    await h.advance(10_000);
    expect(over.outcome).toMatchObject({ at: 10_200, value: { abandonedActivityIds: ['deaf'] } });
  });

  test.each([
    ['held back', [1, 2]],
    ['already reported', [1]],
  ])('has its newest details, %s, recorded once', async (_, given) => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    void h.watch(
      h.run(
        (ctx: ActivityContext<number>) => {
          given.forEach((details) => ctx.heartbeat(details));
          return never();
        },
        { activityId: 'deaf' },
      ),
    );
    void h.engine.shutdown({ abandonAfter: 1_000 });
    await h.advance(1_000);
    expect(h.of('heartbeat').map(({ details }) => details)).toEqual(given);
    const read = (ctx: ActivityContext<number>): unknown => ctx.heartbeatDetails;
    await expect(new Harness({ store }).run(read, { activityId: 'deaf' })).resolves.toBe(
      given.at(-1),
    );
  });

  test('is not waited for with abandonAfter: 0', async () => {
    const h = new Harness();
    void h.watch(h.run(never, { activityId: 'deaf' }));
    const over = h.watch(h.engine.shutdown({ abandonAfter: 0 }));
    await h.advance(10);
    expect(over.outcome).toMatchObject({ value: { abandonedActivityIds: ['deaf'] } });
  });
});

test('shutdown awaits writes to the store', async () => {
  const h = new Harness({
    store: {
      get: () => undefined,
      set: () => new Promise<void>((resolve) => h.clock.setTimer(resolve, 3_000)),
      delete: () => true,
    },
  });
  void h.watch(
    h.run(
      (ctx) => {
        ctx.heartbeat(1);
        return ctx.sleep('1h');
      },
      { activityId: 'x' },
    ),
  );
  await h.turn();
  const over = h.watch(h.engine.shutdown());
  await h.advance(2_900);
  expect(over.outcome.state).toBe('pending');
  await h.advance(200);
  expect(over.outcome).toMatchObject({ state: 'resolved', at: 3_000 });
});

test('after a shutdown, idle resolves and nothing is open', async () => {
  const h = new Harness();
  void h.watch(h.run(never));
  const idle = h.watch(h.engine.idle());
  await h.turn();
  expect(idle.outcome.state).toBe('pending');
  void h.engine.shutdown();
  await h.advance(10_050);
  expect(idle.outcome.state).toBe('resolved');
  expect(h.engine.stats()).toMatchObject({
    open: 0,
    running: 0,
    waiting: 0,
    paused: 0,
    delayed: 0,
  });
});

test('`await using` shuts a runtime down at the end of its block', async () => {
  const { ActivityRuntime } = await import('../../src/index.js');
  let reason: unknown;
  let left!: InstanceType<typeof ActivityRuntime>;
  {
    await using runtime = new ActivityRuntime({ logger: false });
    left = runtime;
    runtime
      .run((ctx) =>
        ctx.cancelled.catch((error: unknown) => {
          reason = error;
          throw error;
        }),
      )
      .catch(() => {});
  }
  expect(reason).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  expect(() => left.start(() => 1)).toThrow(/shutting down/);
});

test('shutdown also awaits a write of an activity that closed before', async () => {
  let written!: () => void;
  const h = new Harness({
    store: {
      get: () => undefined,
      set: () => new Promise<void>((resolve) => (written = resolve)),
      delete: () => undefined,
    },
  });
  h.run(
    (ctx) => {
      ctx.heartbeat(1);
      throw new Error('no');
    },
    { activityId: 'x', retryPolicy: { maximumAttempts: 1 } },
  ).catch(() => {});
  await h.turn();
  expect(h.engine.stats().open).toBe(0);
  const done = h.watch(h.engine.shutdown());
  await h.turn();
  expect(done.outcome.state).toBe('pending');
  written();
  await h.turn();
  expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: [] } });
});

describe('an activity whose end causes the end of others', () => {
  const stopped = (handle: { cancel(): void }) => () => handle.cancel();

  test('closes each one once, and running functions are still waited for', async () => {
    const h = new Harness({ maxConcurrentActivities: 2 });
    const running = h.start((ctx) => ctx.cancelled.catch(() => ctx.info.attempt));
    const hung = h.start(never, { activityId: 'hung' });
    const parts = [h.start(() => 1), h.start(() => 2)];
    for (const part of parts) h.engine.events.add('failed', stopped(part), false);
    const done = h.watch(h.engine.shutdown({ abandonAfter: '1s' }));
    await h.turn();
    expect(h.of('failed')).toHaveLength(2);
    expect(running.describe().status).toBe('COMPLETED');
    expect(done.outcome.state).toBe('pending');
    await h.advance(1_000);
    expect(hung.describe().status).toBe('CANCELED');
    expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: ['hung'] } });
    expect(h.of('failed')).toHaveLength(3);
    expect(h.engine.stats()).toMatchObject({
      open: 0,
      running: 0,
      waiting: 0,
      paused: 0,
      delayed: 0,
    });
  });

  test('closes with another one that uses its signal', async () => {
    const h = new Harness();
    const outer = h.watch(
      h.run((ctx) => h.run(failing(new Error('no')), { activityId: 'inner', signal: ctx.signal })),
    );
    const other = h.start((ctx) => ctx.cancelled);
    await h.advance(100); // inner is in its backoff
    await h.engine.shutdown();
    expect(h.of('failed').filter(({ activityId }) => activityId === 'inner')).toHaveLength(1);
    expect(outer.outcome.state).toBe('rejected');
    expect(other.describe().status).toBe('CANCELED');
    expect(h.engine.stats()).toMatchObject({ open: 0, delayed: 0 });
  });
});

describe('throttled details of abandoned activities', () => {
  const hold = (store: HeartbeatStore) => {
    const h = new Harness({ store });
    h.run(
      (ctx: ActivityContext) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        return never();
      },
      { activityId: 'x' },
    ).catch(() => {});
    return h;
  };

  test('are in the store when shutdown resolves', async () => {
    const kept = new Map<string, string>();
    const h = hold({
      get: () => undefined,
      set: async (id, text) => {
        await h.turn();
        kept.set(id, text);
      },
      delete: () => undefined,
    });
    await h.turn();
    const done = h.watch(h.engine.shutdown({ abandonAfter: '1s' }));
    await h.advance(1_000);
    for (let turns = 0; turns < 10 && done.outcome.state === 'pending'; turns++) await h.turn();
    expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: ['x'] }, at: 1_000 });
    expect(kept.get('x')).toContain('2');
  });

  test('do not block shutdown forever if the store does not answer', async () => {
    const h = hold({ get: () => undefined, set: () => never(), delete: () => undefined });
    await h.turn();
    const done = h.watch(h.engine.shutdown({ abandonAfter: '1s' }));
    await h.advance(5_000);
    expect(settledAt(done)).toBe(2_000);
  });
});

test('shutdown names an activity id with two running functions once', async () => {
  const h = new Harness();
  for (let run = 0; run < 2; run++) h.start(never, { activityId: 'x' }).terminate();
  const done = h.watch(h.engine.shutdown({ abandonAfter: '1s' }));
  await h.advance(1_000);
  expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: ['x'] } });
});

test('an activity that is paused during a drain closes, because it would never be unpaused', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  void h.run((ctx) => ctx.sleep('1s'));
  const waiting = h.start(never);
  const run = h.watch(waiting.result());
  const done = h.watch(h.engine.shutdown({ drain: true }));
  waiting.pause();
  await h.advance(2_000);
  shutDown(h, run);
  expect(h.of('paused')).toEqual([]);
  expect(settledAt(done)).toBe(1_000);
});
