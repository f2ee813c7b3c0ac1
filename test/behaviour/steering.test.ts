import { expect, test } from 'vitest';
import type { ActivityFailure } from 'systole';
import {
  ActivityNotFoundError,
  ActivityStateError,
  CancelledFailure,
  RuntimeFullError,
  RuntimeShutdownError,
  TerminatedFailure,
  TimeoutFailure,
  type ActivityContext,
  type ExecuteInput,
} from 'systole';
import { Harness, never } from '../support/harness.js';

/** Heartbeats every 100 ms and stops when it is told to. */
const beating = async (
  h: Harness,
  { heartbeat, signal }: ActivityContext<number>,
): Promise<never> => {
  for (let n = 0; ; n++) {
    heartbeat(n);
    signal.throwIfAborted();
    await h.work(100);
  }
};

function rejected(watched: { outcome: { state: string } }): ActivityFailure {
  expect(watched.outcome.state).toBe('rejected');
  return (watched.outcome as unknown as { error: ActivityFailure }).error;
}

test('cancel reaches a running function inside its next heartbeat', async () => {
  const h = new Harness();
  const handle = h.start((ctx: ActivityContext<number>) => beating(h, ctx), {
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const result = h.watch(handle.result());
  await h.advance(50);
  handle.cancel('enough');
  handle.cancel('again');
  expect(handle.describe().runState).toBe('CANCEL_REQUESTED');
  await h.advance(40);
  expect(result.outcome.state).toBe('pending');
  await h.advance(20);
  const failure = rejected(result);
  expect(failure.retryState).toBe('CANCEL_REQUESTED');
  expect(failure.cause).toBeInstanceOf(CancelledFailure);
  expect(failure.cause).toMatchObject({ message: 'CANCELLED', cause: 'enough' });
  expect(handle.describe()).toMatchObject({ status: 'CANCELED', runState: undefined });
  await h.advance(50);
  expect(h.clock.pending).toBe(0);
});

test('cancel with immediate delivery aborts before it returns', async () => {
  const h = new Harness();
  let signal!: AbortSignal;
  const handle = h.start(
    (ctx) => {
      signal = ctx.signal;
      return never();
    },
    { cancellationDelivery: 'immediate' },
  );
  const result = h.watch(handle.result());
  handle.cancel();
  expect(signal.aborted).toBe(true);
  await h.turn();
  expect(rejected(result).retryState).toBe('CANCEL_REQUESTED');
});

test('terminate ends a running activity, and its function no longer counts', async () => {
  const h = new Harness();
  let finish!: (value: string) => void;
  let signal!: AbortSignal;
  const handle = h.start((ctx) => {
    signal = ctx.signal;
    return new Promise<string>((resolve) => (finish = resolve));
  });
  const result = h.watch(handle.result());
  handle.terminate('no longer wanted');
  expect(signal.reason).toMatchObject({ message: 'NOT_FOUND' });
  await h.turn();
  const failure = rejected(result);
  expect(failure.retryState).toBeUndefined();
  expect(failure.cause).toBeInstanceOf(TerminatedFailure);
  expect(failure.cause).toMatchObject({ message: 'no longer wanted' });
  const settled = h.watch(handle.settled());
  await h.turn();
  expect(settled.outcome.state).toBe('pending');
  finish('late');
  await h.turn();
  expect(settled.outcome.state).toBe('resolved');
  expect(h.names()).toEqual([
    'scheduled',
    'started',
    'attemptAbandoned',
    'failed',
    'attemptSettled',
  ]);
  expect(() => handle.terminate()).toThrow(ActivityStateError);
});

test('an accepted pause parks the activity, and unpause continues with the details', async () => {
  const h = new Harness();
  const seen: unknown[] = [];
  const handle = h.start(
    async (ctx: ActivityContext<number>) => {
      seen.push([ctx.info.attempt, ctx.heartbeatDetails]);
      if (ctx.info.attempt === 2) return 'done';
      return beating(h, ctx);
    },
    { retryPolicy: { maximumAttempts: 1 } },
  );
  const result = h.watch(handle.result());
  await h.advance(250);
  handle.pause();
  expect(handle.describe().runState).toBe('PAUSE_REQUESTED');
  await h.advance(100);
  expect(handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED', attempt: 2 });
  await h.advance(10_000);
  expect(seen).toHaveLength(1);
  handle.unpause();
  await h.turn();
  expect(seen).toEqual([
    [1, undefined],
    [2, 3],
  ]);
  expect(result.outcome).toMatchObject({ value: 'done' });
  expect(h.engine.stats()).toMatchObject({
    open: 0,
    running: 0,
    waiting: 0,
    paused: 0,
    delayed: 0,
  });
});

test('unpause waits for the rest of the backoff', async () => {
  const h = new Harness();
  const starts: number[] = [];
  const handle = h.start(
    () => {
      starts.push(h.clock.now());
      if (starts.length === 1) throw new Error('no');
    },
    { retryPolicy: { initialInterval: 1_000 } },
  );
  await h.advance(200);
  handle.pause();
  await h.advance(300);
  handle.unpause();
  await h.advance(1_000);
  expect(starts).toEqual([0, 1_000]);
});

test('a reset makes the running attempt the last one before attempt 1', async () => {
  const h = new Harness();
  const attempts: unknown[] = [];
  const handle = h.start(
    async (ctx: ActivityContext<number>) => {
      attempts.push([ctx.info.attempt, ctx.heartbeatDetails]);
      if (attempts.length === 3) return 'done';
      if (attempts.length === 1) throw new Error('no');
      return beating(h, ctx);
    },
    { retryPolicy: { initialInterval: 100, maximumAttempts: 2 } },
  );
  const result = h.watch(handle.result());
  await h.advance(150);
  handle.reset({ resetHeartbeat: true });
  await h.advance(200);
  expect(attempts).toEqual([
    [1, undefined],
    [2, undefined],
    [1, undefined],
  ]);
  expect(result.outcome).toMatchObject({ value: 'done' });
  expect(h.of('reset')).toHaveLength(1);
});

test('updateOptions counts the timeouts of the running attempt from its start', async () => {
  const h = new Harness();
  const handle = h.start(never, { retryPolicy: { maximumAttempts: 1 } });
  const result = h.watch(handle.result());
  await h.advance(400);
  handle.updateOptions({ startToCloseTimeout: 1_000 });
  await h.advance(599);
  expect(result.outcome.state).toBe('pending');
  await h.advance(10);
  expect(rejected(result).cause).toBeInstanceOf(TimeoutFailure);
  expect(rejected(result).cause).toMatchObject({ timeoutType: 'START_TO_CLOSE' });
});

test('an attempt that was left open is completed by its token and uses no slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  let token!: string;
  const run = h.watch(
    h.run((ctx) => {
      token = ctx.info.taskToken;
      ctx.completeAsync();
    }),
  );
  await expect(h.run(() => 'beside it')).resolves.toBe('beside it');
  expect(token).toMatch(/^[\w-]{22}$/);
  await h.engine.completion.heartbeat(token, { line: 1 });
  await h.engine.completion.complete(token, 'from outside');
  await h.turn();
  expect(run.outcome).toMatchObject({ value: 'from outside' });
  await expect(h.engine.completion.complete(token)).rejects.toBeInstanceOf(ActivityNotFoundError);
  await expect(h.engine.completion.fail(5 as never, 1)).rejects.toBeInstanceOf(TypeError);
  expect(JSON.stringify([h.events, h.logs])).not.toContain(token);
});

test('an attempt that was left open times out and is retried', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run((ctx) => (ctx.info.attempt === 1 ? ctx.completeAsync() : 'second'), {
      startToCloseTimeout: '1s',
    }),
  );
  await h.advance(3_000);
  expect(run.outcome).toMatchObject({ value: 'second' });
  expect(h.names()).not.toContain('attemptAbandoned');
});

test('one key cannot take every slot', async () => {
  const h = new Harness({ maxConcurrentActivities: 3, maxConcurrentPerKey: 2 });
  const order: string[] = [];
  const job = (name: string) => async (ctx: ActivityContext) => {
    order.push(name);
    await ctx.sleep(100);
  };
  for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) {
    void h.run(job(name), { concurrencyKey: name[0] });
  }
  expect(order).toEqual(['a1', 'a2', 'b1']);
  await h.advance(500);
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
  expect(h.engine.stats().open).toBe(0);
});

test('starts are spaced evenly, without bursts or drift', async () => {
  const h = new Harness({ maxActivitiesPerSecond: 10 });
  const starts: number[] = [];
  for (let n = 0; n < 50; n++) void h.run(() => starts.push(h.clock.now()));
  await h.advance(10_000);
  expect(starts.map((at, n) => Math.abs(at - n * 100)).every((late) => late <= 4)).toBe(true);
  for (let n = 0; n < 2; n++) void h.run(() => starts.push(h.clock.now()));
  await h.advance(1_000);
  expect(starts.slice(50).map((at) => Math.round(at / 100))).toEqual([100, 101]);
  expect(h.clock.pending).toBe(0);
});

test('one activity more than maxWaiting is refused without being scheduled', async () => {
  const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1 });
  void h.run(never);
  void h.run(never);
  await expect(h.run(never)).rejects.toBeInstanceOf(RuntimeFullError);
  expect(h.names()).toEqual(['scheduled', 'started', 'scheduled']);
});

test('a call that joins shares the run, and its signal only ends its own wait', async () => {
  const h = new Harness();
  const work = async (ctx: ActivityContext): Promise<string> => {
    await ctx.sleep(100);
    return 'once';
  };
  const controller = new AbortController();
  const join = { activityId: '__proto__', idConflictPolicy: 'USE_EXISTING' } as const;
  const first = h.watch(h.run(work, join));
  const second = h.watch(h.run(work, join));
  const third = h.watch(h.run(work, { ...join, signal: controller.signal }));
  await expect(h.run(() => 1, join)).rejects.toBeInstanceOf(TypeError);
  controller.abort('mine only');
  await h.advance(200);
  expect(first.outcome).toMatchObject({ value: 'once' });
  expect(second.outcome).toMatchObject({ value: 'once' });
  expect(rejected(third).cause).toMatchObject({ message: 'CANCELLED', cause: 'mine only' });
  expect(h.of('started')).toHaveLength(1);
});

test('an attempt without progress times out although it is alive', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      async ({ heartbeat, sleep }) => {
        for (let n = 0; ; n++) {
          heartbeat({ line: Math.min(n, 3) });
          await sleep(100);
        }
      },
      { progressTimeout: '1s', heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
    ),
  );
  await h.advance(1_290);
  expect(run.outcome.state).toBe('pending');
  await h.advance(120);
  expect(rejected(run).cause).toMatchObject({ timeoutType: 'PROGRESS' });
});

test('attempts without progress are counted separately', async () => {
  const h = new Harness();
  let attempts = 0;
  const run = h.watch(
    h.run(
      (ctx: ActivityContext<number>) => {
        attempts++;
        if (attempts <= 4) ctx.heartbeat(attempts);
        throw new Error('no');
      },
      { retryPolicy: { initialInterval: 100, maximumAttemptsWithoutProgress: 2 } },
    ),
  );
  await h.advance(10_000);
  expect(attempts).toBe(6);
  expect(h.of('started').map(({ at }) => at)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(rejected(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
});

test('keepAlive heartbeats for work that cannot, and leaves no timer', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      (ctx) =>
        ctx.keepAlive(new Promise((resolve) => h.clock.setTimer(() => resolve('ok'), 5_000))),
      { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
    ),
  );
  await h.advance(6_000);
  expect(run.outcome).toMatchObject({ value: 'ok' });
  expect(h.clock.pending).toBe(0);
});

test('shutdown cancels waiting and running activities and refuses new ones', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const running = h.watch(h.run((ctx) => ctx.sleep('1h')));
  const waiting = h.watch(h.run(never));
  const done = h.watch(h.engine.shutdown());
  expect(h.engine.shutdown()).toBe(h.engine.shutdown());
  await expect(h.run(never)).rejects.toBeInstanceOf(RuntimeShutdownError);
  await h.advance(1);
  for (const each of [running, waiting]) {
    expect(rejected(each).retryState).toBeUndefined();
    expect(rejected(each).cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
  }
  expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: [] } });
  expect(h.clock.pending).toBe(0);
});

test('shutdown gives up on a function that ignores it', async () => {
  const h = new Harness();
  const run = h.watch(h.run(never, { activityId: 'deaf' }));
  const done = h.watch(h.engine.shutdown({ gracePeriod: '1s', abandonAfter: '2s' }));
  await h.advance(2_990);
  expect(done.outcome.state).toBe('pending');
  await h.advance(20);
  expect(done.outcome).toMatchObject({ value: { abandonedActivityIds: ['deaf'] } });
  expect(rejected(run).cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
});

test('a retryable failure during shutdown becomes the cause', async () => {
  const h = new Harness();
  const error = new Error('socket closed');
  const run = h.watch(
    h.run(async (ctx) => {
      await ctx.cancelled.catch(() => {});
      throw error;
    }),
  );
  void h.engine.shutdown();
  await h.advance(1);
  expect(rejected(run).cause).toMatchObject({ message: 'WORKER_SHUTDOWN', cause: error });
});

test('drain still runs waiting activities', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const job = (ctx: ActivityContext): Promise<void> => ctx.sleep(100);
  const all = [h.watch(h.run(job)), h.watch(h.run(job)), h.watch(h.run(job))];
  const done = h.watch(h.engine.shutdown({ drain: true }));
  await h.advance(1_000);
  expect(all.map(({ outcome }) => outcome.state)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(done.outcome.state).toBe('resolved');
});

test('interceptors wrap attempts and heartbeats, the first one outermost', async () => {
  const order: unknown[] = [];
  const interceptor = (name: string) => ({
    execute: async (input: ExecuteInput, next: (input: ExecuteInput) => unknown) => {
      order.push(`${name} in`);
      const result = await next(input);
      order.push(`${name} out`);
      return `${name}(${String(result)})`;
    },
    heartbeat: (details: unknown, next: (details: unknown) => void) => {
      order.push([name, details]);
      next(`${name}-${String(details)}`);
    },
  });
  const h = new Harness({ interceptors: [interceptor('a'), interceptor('b')] });
  const result = await h.run((ctx) => {
    ctx.heartbeat('x');
    return 'r';
  });
  expect(result).toBe('a(b(r))');
  expect(order).toEqual(['a in', 'b in', ['a', 'x'], ['b', 'a-x'], 'b out', 'a out']);
  expect(h.of('heartbeat')[0]!.details).toBe('b-a-x');
});
