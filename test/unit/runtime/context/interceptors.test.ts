/** Interceptors around attempts and heartbeats. */
import { describe, expect, test } from 'vitest';
import type { ActivityContext, ActivityInterceptor } from '../../../../src/index.js';
import { Harness, never } from '../../../support/harness.js';
import {
  collectUnhandledRejections,
  failureOf,
  reportsOf,
  timeoutOf,
} from '../../../support/outcomes.js';

describe('execute', () => {
  test('of the first interceptor is the outermost, around each attempt', async () => {
    const order: string[] = [];
    const named = (name: string): ActivityInterceptor => ({
      async execute(input, next) {
        order.push(`${name}>${input.context.info.attempt}`);
        try {
          return await next(input);
        } finally {
          order.push(`<${name}`);
        }
      },
    });
    const h = new Harness({ interceptors: [named('a'), named('b')] });
    const run = h.watch(
      h.run((ctx) => {
        order.push('fn');
        if (ctx.info.attempt === 1) throw new Error('no');
        return 'done';
      }),
    );
    await h.advance(2_000);
    expect(run.outcome).toMatchObject({ value: 'done' });
    const attempt = (n: number): string[] => [`a>${n}`, `b>${n}`, 'fn', '<b', '<a'];
    expect(order).toEqual([...attempt(1), ...attempt(2)]);
  });

  test('may change the arguments and the result', async () => {
    const h = new Harness({
      interceptors: [
        {
          execute: async (input, next) =>
            Number(await next({ ...input, args: [Number(input.args[0]) + 1] })) * 10,
        },
      ],
    });
    const run = h.run((_: ActivityContext, n: number) => n, { args: [1] });
    await expect(run).resolves.toBe(20);
  });

  test('may hide an error, change it or throw its own, which is retried like any other', async () => {
    const changed = new Error('changed');
    const h = new Harness({
      interceptors: [
        {
          async execute(input, next) {
            try {
              return await next(input);
            } catch {
              if (input.context.info.attempt === 2) return 'hidden';
              throw changed;
            }
          },
        },
      ],
    });
    const run = h.watch(h.run(() => Promise.reject(new Error('mine'))));
    await h.advance(5_000);
    expect(h.of('attemptFailed').map(({ failure }) => failure)).toEqual([changed]);
    expect(run.outcome).toMatchObject({ value: 'hidden' });
  });

  test('may throw synchronously, and may skip the function', async () => {
    const no = new Error('no');
    const throwing = new Harness({
      interceptors: [
        {
          execute() {
            throw no;
          },
        },
      ],
    });
    const failed = throwing.watch(
      throwing.run(() => expect.unreachable(), { retryPolicy: { maximumAttempts: 1 } }),
    );
    await throwing.turn();
    expect(failureOf(failed).cause).toBe(no);
    const skipping = new Harness({ interceptors: [{ execute: () => 'cached' }] });
    await expect(skipping.run(() => expect.unreachable())).resolves.toBe('cached');
  });

  test('is called with the interceptor as this', async () => {
    class Counting implements ActivityInterceptor {
      attempts = 0;
      execute(
        input: Parameters<NonNullable<ActivityInterceptor['execute']>>[0],
        next: (i: typeof input) => unknown,
      ): unknown {
        this.attempts++;
        return next(input);
      }
    }
    const counting = new Counting();
    const h = new Harness({ interceptors: [counting] });
    await h.run(() => 1);
    expect(counting.attempts).toBe(1);
  });
});

describe('heartbeat', () => {
  test('of the first interceptor is the outermost, and each may change the details', async () => {
    const named = (name: string): ActivityInterceptor => ({
      heartbeat: (details, next) => {
        next([...(details as string[]), name]);
      },
    });
    const h = new Harness({ interceptors: [named('a'), named('b')] });
    await h.run((ctx: ActivityContext<string[]>) => {
      ctx.heartbeat([]);
    });
    expect(reportsOf(h)).toEqual([[['a', 'b'], 0]]);
  });

  test('does not count without a call of next', async () => {
    const h = new Harness({ interceptors: [{ heartbeat: () => {} }] });
    const run = h.watch(
      h.run(
        async (ctx) => {
          await ctx.sleep(80);
          ctx.heartbeat(1);
          await never();
        },
        { heartbeatTimeout: 100, retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    await h.advance(110);
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'HEARTBEAT' });
    expect(reportsOf(h)).toEqual([]);
  });

  test('that throws makes ctx.heartbeat and ctx.keepAlive throw', async () => {
    const no = new Error('no');
    const h = new Harness({
      interceptors: [
        {
          heartbeat: () => {
            throw no;
          },
        },
      ],
    });
    const once = { retryPolicy: { maximumAttempts: 1 } };
    const beating = h.watch(
      h.run((ctx) => {
        ctx.heartbeat(1);
      }, once),
    );
    const kept = h.watch(h.run((ctx) => ctx.keepAlive(never()), once));
    await h.turn();
    expect(failureOf(beating).cause).toBe(no);
    expect(failureOf(kept).cause).toBe(no);
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });
});

test('a heartbeat interceptor that rejects is logged and affects nothing else', async () => {
  const rejections = collectUnhandledRejections();
  const no = new Error('no');
  const heard: unknown[] = [];
  const h = new Harness({
    interceptors: [
      {
        heartbeat: async (details, next) => {
          next(details);
          await Promise.reject(no);
        },
      },
      {
        heartbeat: (details, next) => {
          heard.push(details);
          next(details);
        },
      },
      { heartbeat: () => Promise.reject(no) },
    ],
  });
  const run = h.run((ctx) => {
    ctx.heartbeat(1);
    return 'done';
  });
  await expect(run).resolves.toBe('done');
  await h.turn();
  expect(rejections.stop()).toEqual([]);
  expect(heard).toEqual([1]);
  const logged = {
    level: 'error',
    message: 'A heartbeat interceptor failed',
    attributes: { attempt: 1, error: no },
  };
  expect(h.logs).toMatchObject([logged, logged]);
});

test.each(['execute', 'heartbeat'] as const)(
  'an interceptor whose %s is undefined passes everything on',
  async (method) => {
    const other = method === 'execute' ? { heartbeat: undefined } : { execute: undefined };
    const pass: ActivityInterceptor =
      method === 'execute'
        ? { heartbeat: (details, next) => next(details) }
        : { execute: (input, next) => next(input) };
    const h = new Harness({
      interceptors: [{ ...other, ...pass, [method]: undefined }],
    });
    const run = h.run((ctx) => {
      ctx.heartbeat('here');
      return 'ran';
    });
    await expect(run).resolves.toBe('ran');
    expect(reportsOf(h)).toEqual([['here', 0]]);
  },
);

test.each([[{}], [[{}]], [[null]], [[{ execute: 1 }]]])('interceptors: %o is refused', (given) => {
  expect(() => new Harness({ interceptors: given as ActivityInterceptor[] })).toThrow(TypeError);
});
