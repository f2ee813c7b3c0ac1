/** `idConflictPolicy: 'USE_EXISTING'`: a call joins the open activity with its id. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  RuntimeShutdownError,
  type ActivityContext,
  type ActivityOptions,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt } from '../support/outcomes.js';

const JOIN = { activityId: 'import-7', idConflictPolicy: 'USE_EXISTING' } as const;

const importRows = async (ctx: ActivityContext, file = 'a.csv'): Promise<string> => {
  await ctx.sleep('1s');
  return file;
};

test('many calls share one run and its result', async () => {
  const h = new Harness();
  const result = { rows: 7 };
  const work = (ctx: ActivityContext): Promise<object> => ctx.sleep('1s').then(() => result);
  const runs = Array.from({ length: 50 }, () => h.watch(h.run(work, JOIN)));
  await h.advance(1_000);
  for (const { outcome } of runs) expect(outcome).toMatchObject({ state: 'resolved', at: 1_000 });
  expect(new Set(runs.map(({ outcome }) => (outcome as { value: unknown }).value))).toEqual(
    new Set([result]),
  );
  expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
});

test('a failure reaches all callers as the same error', async () => {
  const h = new Harness();
  const work = (): never => {
    throw new Error('no');
  };
  const once = { ...JOIN, retryPolicy: { maximumAttempts: 1 } };
  const runs = [h.watch(h.run(work, once)), h.watch(h.run(work, JOIN))];
  await h.turn();
  expect(failureOf(runs[1]!)).toBe(failureOf(runs[0]!));
});

test('the other options of a call that joins are ignored', async () => {
  const h = new Harness();
  const first = h.start(importRows, { ...JOIN, args: ['first.csv'] });
  const before = first.describe();
  const options: ActivityOptions = {
    activityType: 'other',
    heartbeatTimeout: '1ms',
    scheduleToCloseTimeout: '1ms',
    startDelay: '1h',
    priority: 1,
    retryPolicy: { maximumAttempts: 1 },
    cancellationType: 'ABANDON',
  };
  const second = h.start(importRows, { ...JOIN, ...options, args: ['second.csv'] });
  expect(second.describe()).toEqual(before);
  await h.advance(1_000);
  await expect(second.result()).resolves.toBe('first.csv');
});

test('a bad option of a call that joins is still refused', () => {
  const h = new Harness();
  h.start(importRows, JOIN);
  expect(() => h.start(importRows, { ...JOIN, priority: 99 })).toThrow(TypeError);
});

test('a handle that has joined steers the same activity', async () => {
  const h = new Harness();
  const first = h.start(never, JOIN);
  const second = h.start(never, JOIN);
  expect(second.activityId).toBe('import-7');
  const runs = [h.watch(first.result()), h.watch(second.result())];
  second.terminate('enough');
  await h.turn();
  for (const run of runs) expect(failureOf(run).cause).toMatchObject({ message: 'enough' });
  expect(first.describe().status).toBe('TERMINATED');
});

test('another function is refused, and the open activity is not affected', async () => {
  const h = new Harness();
  const run = h.watch(h.run(importRows, JOIN));
  const other = (ctx: ActivityContext): Promise<string> => importRows(ctx);
  await expect(h.run(other, JOIN)).rejects.toThrow(TypeError);
  await expect(h.run(other, JOIN)).rejects.toThrow('"import-7"');
  await h.advance(1_000);
  expect(run.outcome).toMatchObject({ value: 'a.csv' });
  expect(h.of('scheduled')).toHaveLength(1);
});

test('the error for a refused call says how to join the open activity, or why it cannot', () => {
  const h = new Harness();
  h.start(never, { activityId: 'a' });
  const inUse = 'activityId "a" is already in use by an open activity';
  expect(() => h.start(never, { activityId: 'a' })).toThrow(
    `${inUse}; use another id, or idConflictPolicy: 'USE_EXISTING' to join it`,
  );
  expect(() =>
    h.start(() => never(), { activityId: 'a', idConflictPolicy: 'USE_EXISTING' }),
  ).toThrow(`${inUse} with another function; use another id, or the same function to join it`);
});

test.each([
  'waits for a slot',
  'is in its start delay',
  'backs off',
  'is paused',
  'reads the store',
])('an activity can be joined while it %s', async (state) => {
  const reading = { get: never, set: () => {}, delete: () => {} };
  const h = new Harness({
    maxConcurrentActivities: 1,
    ...(state === 'reads the store' ? { store: reading } : {}),
  });
  if (state === 'waits for a slot') void h.run(never);
  const work = (): string => {
    throw new Error('no');
  };
  const first = h.start(work, {
    ...JOIN,
    startDelay: state === 'is in its start delay' ? '1h' : 0,
  });
  if (state === 'is paused') first.pause();
  await h.turn();
  const second = h.start(work, JOIN);
  first.complete('outside');
  await expect(second.result()).resolves.toBe('outside');
  expect(h.of('scheduled').filter((event) => event.activityId === 'import-7')).toHaveLength(1);
});

test('the idConflictPolicy of the later call counts', () => {
  const h = new Harness();
  h.start(never, { activityId: 'a' });
  h.start(never, { ...JOIN, activityId: 'b' });
  expect(() => h.start(never, { ...JOIN, activityId: 'a' })).not.toThrow();
  expect(() => h.start(never, { activityId: 'b' })).toThrow(ActivityAlreadyStartedError);
});

test('idConflictPolicy may be a default of the runtime', () => {
  const h = new Harness({ defaults: { idConflictPolicy: 'USE_EXISTING' } });
  h.start(never, { activityId: 'a' });
  h.start(never, { activityId: 'a' });
  expect(h.names()).toEqual(['scheduled', 'started']);
});

test('a call can join while the queue is full', () => {
  const h = new Harness({ maxConcurrentActivities: 1, maxWaiting: 1 });
  h.start(never);
  h.start(never, JOIN);
  expect(() => h.start(never, JOIN)).not.toThrow();
});

test('a call cannot join during a shutdown', () => {
  const h = new Harness();
  h.start(never, JOIN);
  void h.engine.shutdown();
  expect(() => h.start(never, JOIN)).toThrow(RuntimeShutdownError);
});

test('a call after the activity has closed starts a new run', async () => {
  const h = new Harness();
  let calls = 0;
  const work = (): number => ++calls;
  await expect(h.run(work, JOIN)).resolves.toBe(1);
  await expect(h.run(work, JOIN)).resolves.toBe(2);
});

describe('the signal of a call that joins', () => {
  function joined() {
    const h = new Harness();
    const signals: AbortSignal[] = [];
    const work = (ctx: ActivityContext): Promise<string> => {
      signals.push(ctx.signal);
      return importRows(ctx);
    };
    const own = new AbortController();
    const first = h.watch(h.run(work, JOIN));
    const second = h.watch(h.run(work, { ...JOIN, signal: own.signal }));
    return { h, own, first, second, work, signals };
  }

  test('ends only its own wait', async () => {
    const { h, own, first, second, signals } = joined();
    await h.advance(400);
    own.abort('mine only');
    await h.turn();
    expect(settledAt(second)).toBe(400);
    expect(failureOf(second)).toMatchObject({
      activityId: 'import-7',
      retryState: 'CANCEL_REQUESTED',
      cause: { message: 'CANCELLED', cause: 'mine only' },
    });
    await h.advance(1_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(first.outcome).toMatchObject({ value: 'a.csv', at: 1_000 });
    expect(h.names()).toEqual(['scheduled', 'started', 'completed']);
  });

  test('ends the wait at once if it has already aborted', async () => {
    const { h, first, work } = joined();
    const third = h.watch(h.run(work, { ...JOIN, signal: AbortSignal.abort('before') }));
    await h.turn();
    expect(failureOf(third).cause).toMatchObject({ message: 'CANCELLED', cause: 'before' });
    await h.advance(1_000);
    expect(first.outcome.state).toBe('resolved');
  });

  test('changes nothing after the end and keeps no listener', async () => {
    const { h, own, second } = joined();
    expect(getEventListeners(own.signal, 'abort')).toHaveLength(1);
    await h.advance(1_000);
    expect(second.outcome).toMatchObject({ value: 'a.csv', at: 1_000 });
    expect(getEventListeners(own.signal, 'abort')).toHaveLength(0);
    own.abort();
    await h.turn();
    expect(second.outcome.state).toBe('resolved');
  });

  test('is separate from the signal of the first call, which cancels the activity', async () => {
    const h = new Harness();
    const own = new AbortController();
    const first = h.watch(h.run(importRows, { ...JOIN, signal: own.signal }));
    const second = h.watch(h.run(importRows, JOIN));
    own.abort('all of it');
    await h.turn();
    for (const run of [first, second]) {
      expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED', cause: 'all of it' });
    }
    expect(h.of('failed')).toMatchObject([{ status: 'CANCELED' }]);
  });
});

describe('any string is an id', () => {
  const ids = [
    '',
    ' ',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'undefined',
    '0',
    'a/b\\c\n"d"',
    'a\u0000b',
    'ключ',
    '漢字 🚀',
    'é',
    'e\u0301', // looks like the one before
    '\ud83d', // half of a pair
    '\ude80',
    '\ude80\ud83d',
    'x'.repeat(10_000),
  ];

  test('all of these ids are different', async () => {
    const h = new Harness();
    const work = (ctx: ActivityContext): string => ctx.completeAsync();
    const handles = ids.map((activityId) => h.start(work, { ...JOIN, activityId }));
    expect(h.of('scheduled').map(({ activityId }) => activityId)).toEqual(ids);
    for (const [index, activityId] of ids.entries()) {
      expect(h.engine.find(activityId).activityId).toBe(activityId);
      expect(() => h.start(work, { activityId })).toThrow(ActivityAlreadyStartedError);
      const joined = h.start(work, { ...JOIN, activityId });
      handles[index]!.complete(`result ${index}`);
      await expect(joined.result()).resolves.toBe(`result ${index}`);
    }
    expect(h.of('scheduled')).toHaveLength(ids.length);
    expect(h.engine.stats().open).toBe(0);
  });

  test("all of these ids are different in a user's store too", async () => {
    const store = new Map<string, string>();
    const h = new Harness({ store });
    const fail = (ctx: ActivityContext<string>): never => {
      ctx.heartbeat(ctx.info.activityId);
      throw new Error('no');
    };
    const once = { retryPolicy: { maximumAttempts: 1 } };
    for (const activityId of ids) void h.watch(h.run(fail, { ...once, activityId }));
    await h.advance(0);
    expect([...store.keys()]).toEqual(ids);
    const found = ids.map((activityId) =>
      h.run((ctx: ActivityContext<string>) => ctx.heartbeatDetails, { activityId }),
    );
    await expect(Promise.all(found)).resolves.toEqual(ids);
  });
});
