/** The public class, and what it refuses or ends, without real waits. */
import { describe, expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  ActivityRuntime,
  RuntimeFullError,
  RuntimeShutdownError,
  type ActivityStatus,
} from '../../src/index.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import { ShutdownState } from '../../src/runtime/shared/shutdown-state.js';
import { Harness, never } from '../support/harness.js';
import { settledAt } from '../support/outcomes.js';
import { turn } from '../support/virtual-clock.js';

/** The error that a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return 'nothing';
}

const settle = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => 'rejected');

/** Two activities run, two are paused and two wait, with two types in turn. */
function populated() {
  const runtime = new ActivityRuntime({ maxConcurrentActivities: 2 });
  const start = (activityType: string, activityId: string) => {
    const handle = runtime.start(never, { activityType, activityId });
    void settle(handle.result());
    return handle;
  };
  start('a', 'a-runs');
  start('b', 'b-runs');
  start('a', 'a-paused').pause();
  start('b', 'b-paused').pause();
  start('a', 'a-waits');
  start('b', 'b-waits');
  return runtime;
}

const ALL = ['a-runs', 'b-runs', 'a-paused', 'b-paused', 'a-waits', 'b-waits'];

describe('list', () => {
  test.each<[status: ActivityStatus | undefined, activityType: string | undefined, ids: string[]]>([
    [undefined, undefined, ALL],
    [undefined, 'a', ['a-runs', 'a-paused', 'a-waits']],
    [undefined, 'b', ['b-runs', 'b-paused', 'b-waits']],
    [undefined, 'c', []],
    [undefined, '', []],
    ['RUNNING', undefined, ['a-runs', 'b-runs', 'a-waits', 'b-waits']],
    ['RUNNING', 'a', ['a-runs', 'a-waits']],
    ['RUNNING', 'b', ['b-runs', 'b-waits']],
    ['RUNNING', 'c', []],
    ['PAUSED', undefined, ['a-paused', 'b-paused']],
    ['PAUSED', 'a', ['a-paused']],
    ['PAUSED', 'b', ['b-paused']],
    ['PAUSED', 'c', []],
    ['COMPLETED', undefined, []],
    ['FAILED', 'a', []],
    ['CANCELED', undefined, []],
    ['TERMINATED', 'b', []],
    ['TIMED_OUT', undefined, []],
  ])('filters by status %s and activityType %s', async (status, activityType, ids) => {
    const runtime = populated();
    const idsOf = (filter?: Parameters<typeof runtime.list>[0]): string[] =>
      runtime.list(filter).map(({ activityId }) => activityId);
    expect(idsOf({ status, activityType })).toEqual(ids);
    if (status === undefined) expect(idsOf({ activityType })).toEqual(ids);
    if (activityType === undefined) expect(idsOf({ status })).toEqual(ids);
    expect(idsOf()).toEqual(ALL);
    await runtime.shutdown({ abandonAfter: 0 });
    expect(idsOf()).toEqual([]);
  });

  test('has as many activities as stats counts', async () => {
    const runtime = populated();
    expect(runtime.stats()).toMatchObject({
      open: 6,
      running: 2,
      waiting: 2,
      paused: 2,
      delayed: 0,
    });
    await runtime.shutdown({ abandonAfter: 0 });
    expect(runtime.stats()).toMatchObject({
      open: 0,
      running: 0,
      waiting: 0,
      paused: 0,
      delayed: 0,
    });
  });
});

describe('getHandle', () => {
  test('returns a handle of the same activity', async () => {
    const runtime = new ActivityRuntime();
    const started = runtime.start((ctx) => ctx.completeAsync(), { activityId: 'x' });
    const handle = runtime.getHandle<string>('x');
    expect(handle).toBeInstanceOf(ActivityHandle);
    expect(handle).not.toBe(started);
    expect(handle.activityId).toBe('x');
    handle.complete('done');
    await expect(handle.result()).resolves.toBe('done');
    await expect(started.result()).resolves.toBe('done');
  });

  test('finds an activity by its generated id', async () => {
    const runtime = new ActivityRuntime();
    const started = runtime.start(() => 'done');
    expect(runtime.getHandle(started.activityId).activityId).toBe(started.activityId);
    await expect(started.result()).resolves.toBe('done');
  });

  test.each([
    ['x', 'No activity "x" is open; it has closed, or the id is wrong'],
    ['a "b"', 'No activity "a \\"b\\"" is open; it has closed, or the id is wrong'],
  ])('with %s, which is not open, throws', async (activityId, message) => {
    const runtime = new ActivityRuntime();
    const find = (): unknown => thrownBy(() => runtime.getHandle(activityId));
    const check = (error: unknown): void => {
      expect(error).toBeInstanceOf(ActivityNotFoundError);
      expect(error).toMatchObject({ name: 'ActivityNotFoundError', message, activityId });
    };
    check(find());
    await runtime.run(() => 1, { activityId });
    check(find());
  });
});

describe('idle', () => {
  test('resolves at once when there are no activities', async () => {
    await expect(new ActivityRuntime().idle()).resolves.toBeUndefined();
  });

  test('resolves when the last activity has closed', async () => {
    const runtime = new ActivityRuntime();
    const handles = [1, 2].map(() => runtime.start((ctx): Promise<void> => ctx.completeAsync()));
    let idle = false;
    const wait = runtime.idle().then(() => (idle = true));
    for (const handle of handles) {
      await turn();
      expect(idle).toBe(false);
      handle.complete(undefined);
    }
    await wait;
    expect(runtime.stats().open).toBe(0);
  });

  test('resolves when all open activities are paused', async () => {
    const runtime = new ActivityRuntime({ maxConcurrentActivities: 1 });
    let end = (): void => {};
    const running = runtime.run(() => new Promise<void>((resolve) => (end = resolve)));
    const waiting = runtime.start(() => 'done');
    const idle = runtime.idle();
    waiting.pause();
    end();
    await running;
    await idle;
    expect(runtime.list().map(({ status }) => status)).toEqual(['PAUSED']);
    waiting.unpause();
    await expect(waiting.result()).resolves.toBe('done');
  });
});

describe('completion', () => {
  test('completes an attempt by its token', async () => {
    const runtime = new ActivityRuntime();
    let token = '';
    const result = runtime.run((ctx) => {
      token = ctx.info.taskToken;
      return ctx.completeAsync();
    });
    expect(runtime.completion).toBe(runtime.completion);
    await runtime.completion.complete(token, 'done');
    await expect(result).resolves.toBe('done');
    await expect(runtime.completion.complete(token)).rejects.toMatchObject({
      name: 'ActivityNotFoundError',
      message: 'No running attempt has this task token; it has ended, or the token is wrong',
      activityId: undefined,
    });
  });

  test('does not work for the tokens of another runtime', async () => {
    const runtime = new ActivityRuntime();
    let token = '';
    const handle = runtime.start((ctx): Promise<void> => {
      token = ctx.info.taskToken;
      return ctx.completeAsync();
    });
    const other = new ActivityRuntime();
    await expect(other.completion.complete(token)).rejects.toThrow(ActivityNotFoundError);
    handle.complete(undefined);
  });

  test('refuses a value that is not a token', async () => {
    await expect(new ActivityRuntime().completion.complete(7 as never)).rejects.toThrow(
      new TypeError('taskToken: received 7; expected the ctx.info.taskToken of a running attempt'),
    );
  });
});

describe('on and once', () => {
  test('on handles every event, and once handles the next one', async () => {
    const runtime = new ActivityRuntime();
    const heard: string[] = [];
    const off = runtime.on('completed', ({ activityId }) => heard.push(`on ${activityId}`));
    runtime.once('completed', ({ activityId }) => heard.push(`once ${activityId}`));
    runtime.once('completed', () => heard.push('never'))();
    await runtime.run(() => 1, { activityId: '1' });
    await runtime.run(() => 1, { activityId: '2' });
    off();
    await runtime.run(() => 1, { activityId: '3' });
    expect(heard).toEqual(['on 1', 'once 1', 'on 2']);
  });
});

describe('a refused call', () => {
  test('rejects from run and throws from start', async () => {
    const runtime = new ActivityRuntime();
    const bad = { startDelay: Infinity };
    const message = 'startDelay: received Infinity; expected a finite duration';
    await expect(runtime.run(never, bad)).rejects.toThrow(new TypeError(message));
    expect(() => runtime.start(never, bad)).toThrow(new TypeError(message));
  });

  test('is also any call after a shutdown', async () => {
    const runtime = new ActivityRuntime();
    const shutdown = runtime.shutdown();
    expect(runtime.shutdown()).toBe(shutdown);
    await expect(shutdown).resolves.toEqual({ abandonedActivityIds: [] });
    const error = thrownBy(() => runtime.start(never));
    expect(error).toBeInstanceOf(RuntimeShutdownError);
    expect(error).toMatchObject({
      message: 'This runtime is shutting down; use a new one',
    });
  });

  test('is also any call after asyncDispose, which shuts the runtime down', async () => {
    const runtime = new ActivityRuntime();
    const running = settle(runtime.run((ctx) => ctx.cancelled));
    await expect(runtime[Symbol.asyncDispose]()).resolves.toBeUndefined();
    await expect(running).resolves.toBe('rejected');
    expect(() => runtime.start(never)).toThrow(RuntimeShutdownError);
  });
});

describe('with maxWaiting', () => {
  const full = (maxWaiting: number): Harness => {
    const h = new Harness({ maxConcurrentActivities: 1, maxWaiting });
    for (let i = 0; i <= maxWaiting; i++) void h.watch(h.run((ctx) => ctx.sleep(1_000)));
    return h;
  };

  test.each([1, 2])('of %i, no more than that may wait', async (maxWaiting) => {
    const h = full(maxWaiting);
    const error = thrownBy(() => h.start(never));
    expect(error).toBeInstanceOf(RuntimeFullError);
    expect(error).toMatchObject({
      name: 'RuntimeFullError',
      message: `The queue is full (maxWaiting: ${maxWaiting}); try again later`,
    });
    await expect(h.run(never)).rejects.toThrow(RuntimeFullError);
    expect(h.engine.stats()).toMatchObject({ open: maxWaiting + 1, waiting: maxWaiting });
    await h.advance(1_000);
    expect(() => h.start(never)).not.toThrow();
  });

  test('a call with a startDelay is not refused', async () => {
    const h = full(1);
    expect(() => h.start(never, { startDelay: 0 })).toThrow(RuntimeFullError);
    const delayed = h.watch(h.run(() => 'done', { startDelay: 1 }));
    expect(h.engine.stats()).toMatchObject({ open: 3, waiting: 1, delayed: 1 });
    await h.advance(2_000);
    expect(delayed.outcome).toEqual({ state: 'resolved', value: 'done', at: 2_000 });
  });

  test('of Infinity, no call is refused', () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    for (let i = 0; i < 100; i++) void h.watch(h.run(never));
    expect(h.engine.stats()).toMatchObject({ open: 100, waiting: 99 });
  });
});

describe('shutdownSignal', () => {
  test('aborts at the shutdown if it was read before', () => {
    const state = new ShutdownState();
    const { signal } = state;
    let aborts = 0;
    signal.addEventListener('abort', () => aborts++);
    expect([state.begun, signal.aborted, aborts]).toEqual([false, false, 0]);
    expect(state.signal).toBe(signal);
    state.begin();
    expect([state.begun, signal.aborted, aborts]).toEqual([true, true, 1]);
    expect(state.signal).toBe(signal);
    expect(aborts).toBe(1);
  });

  test('is aborted if it is read afterwards', () => {
    const state = new ShutdownState();
    state.begin();
    const { signal } = state;
    expect(signal.aborted).toBe(true);
    expect(state.signal).toBe(signal);
  });

  test.each([false, true])('aborts for a context that has read it before: %s', async (before) => {
    const h = new Harness();
    const seen: boolean[] = [];
    const run = h.watch(
      h.run(async (ctx) => {
        if (before) seen.push(ctx.shutdownSignal.aborted);
        await ctx.sleep(1_000);
        seen.push(ctx.shutdownSignal.aborted);
      }),
    );
    await h.advance(500);
    void h.engine.shutdown({ gracePeriod: '5s' });
    await h.advance(500);
    expect(run.outcome).toMatchObject({ state: 'resolved', at: 1_000 });
    expect(seen).toEqual(before ? [false, true] : [true]);
  });
});

describe('with a gracePeriod', () => {
  test.each([0, 1_000, 4_999])('work that ends after %i ms is not cancelled', async (ms) => {
    const h = new Harness();
    let signal: AbortSignal | undefined;
    const run = h.watch(
      h.run(async (ctx) => {
        signal = ctx.signal;
        await ctx.sleep(ms);
        return ctx.cancellationDetails;
      }),
    );
    const over = h.watch(h.engine.shutdown({ gracePeriod: 5_000 }));
    await h.advance(ms);
    expect(run.outcome).toEqual({ state: 'resolved', value: undefined, at: ms });
    expect(over.outcome).toEqual({
      state: 'resolved',
      value: { abandonedActivityIds: [] },
      at: ms,
    });
    expect(h.clock.pending, 'timers').toBe(0);
    await h.advance(20_000);
    expect(signal?.aborted).toBe(false);
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('work that does not end in time is cancelled and then abandoned', async () => {
    const h = new Harness();
    let abortedAt: number | undefined;
    const run = h.watch(
      h.run(
        (ctx) => {
          ctx.signal.addEventListener('abort', () => (abortedAt = h.clock.now()));
          return never();
        },
        { activityId: 'x', cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
      ),
    );
    const over = h.watch(h.engine.shutdown({ gracePeriod: 5_000, abandonAfter: 2_000 }));
    await h.advance(4_999);
    expect(abortedAt).toBeUndefined();
    await h.advance(20_000);
    expect(abortedAt).toBe(5_000);
    expect(settledAt(run)).toBe(7_000);
    expect(over.outcome).toEqual({
      state: 'resolved',
      value: { abandonedActivityIds: ['x'] },
      at: 7_000,
    });
    expect(h.clock.pending, 'timers').toBe(0);
  });

  test('shutdown resolves at once when nothing is open', async () => {
    const h = new Harness();
    const over = h.watch(h.engine.shutdown({ gracePeriod: 5_000 }));
    await h.turn();
    expect(over.outcome).toEqual({ state: 'resolved', value: { abandonedActivityIds: [] }, at: 0 });
    expect(h.clock.pending, 'timers').toBe(0);
  });
});
