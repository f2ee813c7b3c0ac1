/** What users do with a context besides calling it: wrap it, spread it, spy on it, print it. */
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { ActivityContext, ActivityInterceptor } from '../../src/index.js';
import { Harness } from '../support/harness.js';

type Details = { line: number };

/**
 * Runs a function once, after an attempt that left details. Returns its result and all its
 * heartbeats.
 */
async function runWith<R>(
  use: (ctx: ActivityContext<Details>) => R | Promise<R>,
  interceptors: ActivityInterceptor[] = [],
): Promise<{ result: R; heartbeats: unknown[]; h: Harness }> {
  const h = new Harness({ interceptors });
  const running = h.run(
    (ctx: ActivityContext<Details>) => {
      if (ctx.info.attempt === 2) return use(ctx);
      ctx.heartbeat({ line: 1 });
      throw new Error('once more');
    },
    { activityId: 'import', activityType: 'importRows', heartbeatThrottleInterval: 0 },
  );
  await h.advance(1_010);
  const result = (await running) as R;
  return { result, heartbeats: h.of('heartbeat').map(({ details }) => details), h };
}

const members = [
  'heartbeat',
  'heartbeatDetails',
  'hasHeartbeatDetails',
  'signal',
  'cancelled',
  'cancellationDetails',
  'shutdownSignal',
  'sleep',
  'keepAlive',
  'watch',
  'yield',
  'completeAsync',
  'info',
  'log',
];

const ways: [
  string,
  (ctx: ActivityContext<Details>) => ActivityContext<Details> & { db: string },
][] = [
  ['a spread', (ctx) => ({ ...ctx, db: 'db' })],
  ['Object.assign to a new object', (ctx) => Object.assign({}, ctx, { db: 'db' })],
  [
    'Object.assign to an object that inherits from it',
    (ctx) => Object.assign(Object.create(ctx) as ActivityContext<Details>, { db: 'db' }),
  ],
  ['Object.assign to the context itself', (ctx) => Object.assign(ctx, { db: 'db' })],
  [
    'a Proxy',
    (ctx) =>
      new Proxy(ctx, {
        get: (target, key) => (key === 'db' ? 'db' : (Reflect.get(target, key) as unknown)),
      }) as ActivityContext<Details> & { db: string },
  ],
  [
    'a Proxy that passes its receiver on',
    (ctx) =>
      new Proxy(ctx, {
        get: (target, key, receiver) =>
          key === 'db' ? 'db' : (Reflect.get(target, key, receiver) as unknown),
      }) as ActivityContext<Details> & { db: string },
  ],
];

describe.each(ways)('a context extended by %s', (_, withDb) => {
  test('has everything that the context has', async () => {
    const { result, heartbeats } = await runWith(async (ctx) => {
      const wrapped = withDb(ctx);
      wrapped.heartbeat({ line: 2 });
      await wrapped.keepAlive(Promise.resolve());
      return [
        wrapped.db,
        wrapped.heartbeatDetails,
        wrapped.hasHeartbeatDetails,
        wrapped.info === ctx.info,
        wrapped.signal === ctx.signal,
        members.filter((name) => !(name in wrapped)),
      ];
    });
    expect(result).toEqual(['db', { line: 1 }, true, true, true, []]);
    expect(heartbeats).toEqual([{ line: 1 }, { line: 2 }]);
  });

  test('can have its own heartbeat', async () => {
    const { result, heartbeats } = await runWith((ctx) => {
      const wrapped = withDb(ctx);
      const { heartbeat } = wrapped;
      const counted: unknown[] = [];
      Object.assign(wrapped, {
        heartbeat: (details: Details) => {
          counted.push(details);
          heartbeat(details);
        },
      });
      wrapped.heartbeat({ line: 2 });
      return counted;
    });
    expect(result).toEqual([{ line: 2 }]);
    expect(heartbeats).toEqual([{ line: 1 }, { line: 2 }]);
  });
});

test('rest destructuring of a context gives all other members', async () => {
  const { result } = await runWith(({ heartbeat, ...rest }) => {
    heartbeat({ line: 2 });
    return Object.keys(rest).sort();
  });
  expect(result).toEqual(members.filter((name) => name !== 'heartbeat').sort());
});

test('an object that inherits from a context shows a later cancellation', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx) => {
      const inherited = Object.create(ctx) as ActivityContext;
      await inherited.sleep('1h').catch(() => undefined);
      return inherited.cancellationDetails?.cancelRequested;
    },
    { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
  );
  handle.cancel();
  await expect(handle.result()).resolves.toBe(true);
});

test('a spy on a context records the calls, passes them on, and can be restored', async () => {
  const { result, heartbeats } = await runWith(async (ctx) => {
    const { heartbeat } = ctx;
    const spy = vi.spyOn(ctx, 'heartbeat');
    const sleep = vi.spyOn(ctx, 'sleep').mockResolvedValue();
    ctx.heartbeat({ line: 2 });
    await ctx.sleep('1h');
    const calls = [...spy.mock.calls, ...sleep.mock.calls];
    spy.mockRestore();
    expect(vi.isMockFunction(ctx.heartbeat)).toBe(false);
    expect(ctx.heartbeat).toBe(heartbeat);
    return calls;
  });
  expect(result).toEqual([[{ line: 2 }], ['1h']]);
  expect(heartbeats).toEqual([{ line: 1 }, { line: 2 }]);
});

test('an interceptor can give the function an extended context', async () => {
  const { result } = await runWith(
    (ctx) => (ctx as ActivityContext<Details> & { db: string }).db,
    [{ execute: ({ context, args }, next) => next({ context: withDbOf(context), args }) }],
  );
  expect(result).toBe('db');
});

function withDbOf(context: ActivityContext): ActivityContext & { db: string } {
  return { ...context, db: 'db' };
}

describe('a printed context', () => {
  test.each([
    ['by console.log', (ctx: ActivityContext) => inspect(ctx)],
    ['as JSON', (ctx: ActivityContext) => JSON.stringify(ctx)],
    ['by console.log, as a member', (ctx: ActivityContext) => inspect({ ctx })],
    ['by console.log, after a spread', (ctx: ActivityContext) => inspect({ ...ctx })],
  ])('%s, shows its attempt and no secrets', async (_, print) => {
    const { result } = await runWith((ctx) => ({ text: print(ctx), token: ctx.info.taskToken }));
    expect(result.text).toContain('importRows');
    expect(result.text).toContain('line');
    expect(result.text).not.toContain(result.token);
    expect(result.text).not.toContain('taskToken');
  });

  test('creates no signal', async () => {
    const made = vi.spyOn(globalThis, 'AbortController');
    await runWith((ctx) => inspect(ctx));
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
  });
});
