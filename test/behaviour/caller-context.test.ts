/** Every attempt runs in the AsyncLocalStorage context of its own caller. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext, type ActivityInterceptor } from 'systole';
import { contextInterceptor, maybeContext } from 'systole/context';
import { TestActivityEnvironment } from 'systole/testing';
import { Harness } from '../support/harness.js';

const tenant = new AsyncLocalStorage<string>();
const interceptors = [contextInterceptor];

/** Says in whose context each attempt begins, and in whose it goes on after a wait. */
function witness(seen: string[], fail = 0) {
  return async function witness(ctx: ActivityContext): Promise<string | undefined> {
    const { activityId, attempt } = ctx.info;
    const begins = tenant.getStore();
    await ctx.sleep(1_000);
    seen.push(`${activityId}#${attempt}: ${String(begins)}, ${String(tenant.getStore())}`);
    if (attempt <= fail) throw new Error('again');
    return tenant.getStore();
  };
}

describe('contextInterceptor', () => {
  test("two tenants that share one slot never see each other's context, not even in retries", async () => {
    const h = new Harness({ interceptors, maxConcurrentActivities: 1 });
    const seen: string[] = [];
    const activity = witness(seen, 1);
    const runs = ['a', 'b'].map((name) =>
      tenant.run(name, () => h.run(activity, { activityId: name })),
    );
    await h.advance(10_000);
    expect(await Promise.all(runs)).toEqual(['a', 'b']);
    expect(seen.sort()).toEqual(['a#1: a, a', 'a#2: a, a', 'b#1: b, b', 'b#2: b, b']);
  });

  test('the context is right when a key frees its slot to another tenant', async () => {
    const h = new Harness({ interceptors, maxConcurrentPerKey: 1 });
    const seen: string[] = [];
    const activity = witness(seen);
    for (const name of ['a', 'b']) {
      void tenant.run(name, () => h.run(activity, { activityId: name, concurrencyKey: 'k' }));
    }
    await h.advance(3_000);
    expect(seen).toEqual(['a#1: a, a', 'b#1: b, b']);
  });

  test('the context is right when a rate limit delays the start', async () => {
    const h = new Harness({ interceptors, maxActivitiesPerSecond: 1 });
    const seen: string[] = [];
    const activity = witness(seen);
    for (const name of ['a', 'b', 'c']) {
      void tenant.run(name, () => h.run(activity, { activityId: name }));
    }
    await h.advance(5_000);
    expect(seen).toEqual(['a#1: a, a', 'b#1: b, b', 'c#1: c, c']);
  });

  test('the context is right when other code resets the activity', async () => {
    const h = new Harness({ interceptors });
    const seen: string[] = [];
    const handle = tenant.run('a', () => h.start(witness(seen, 1), { activityId: 'a' }));
    await h.advance(1_500); // it backs off
    tenant.run('b', () => handle.reset());
    await h.advance(1_500);
    expect(seen).toEqual(['a#1: a, a', 'a#1: a, a']);
  });

  test('the context is right when other code pauses and unpauses the activity', async () => {
    const h = new Harness({ interceptors });
    const seen: string[] = [];
    const handle = tenant.run('a', () =>
      h.start(witness(seen), { activityId: 'a', startDelay: '1s' }),
    );
    tenant.run('b', () => handle.pause());
    await h.advance(2_000);
    tenant.run('b', () => handle.unpause());
    await h.advance(2_000);
    expect(seen).toEqual(['a#1: a, a']);
  });

  test('when a second caller joins, the context is that of the first', async () => {
    const h = new Harness({ interceptors });
    const seen: string[] = [];
    const activity = witness(seen, 1);
    const options = { activityId: 'a', idConflictPolicy: 'USE_EXISTING' } as const;
    const runs = ['a', 'b'].map((name) => tenant.run(name, () => h.run(activity, options)));
    await h.advance(5_000);
    expect(await Promise.all(runs)).toEqual(['a', 'a']);
    expect(seen).toEqual(['a#1: a, a', 'a#2: a, a']);
  });

  test('an activity that an activity starts has the context of that activity', async () => {
    const h = new Harness({ interceptors, maxConcurrentActivities: 2 });
    const types = await tenant.run('a', () =>
      h.run(
        async () => {
          const inner = h.run(() => [tenant.getStore(), maybeContext()?.info.activityType], {
            activityType: 'inner',
          });
          return [...(await inner), tenant.getStore(), maybeContext()?.info.activityType];
        },
        { activityType: 'outer' },
      ),
    );
    expect(types).toEqual(['a', 'inner', 'a', 'outer']);
  });

  test('a proxy uses the context of each of its calls', async () => {
    const runtime = new ActivityRuntime({ interceptors, maxConcurrentActivities: 1 });
    const { who } = runtime.proxy({
      async who(_ctx: ActivityContext, _round: number): Promise<string | undefined> {
        await Promise.resolve();
        return tenant.getStore();
      },
    });
    const calls = ['a', 'b', undefined].map((name) =>
      name === undefined ? who(1) : tenant.run(name, () => who(1)),
    );
    expect(await Promise.all(calls)).toEqual(['a', 'b', undefined]);
  });

  test('the context is right in TestActivityEnvironment too', async () => {
    await using env = new TestActivityEnvironment({ interceptors, maxConcurrentActivities: 1 });
    const seen: string[] = [];
    const activity = witness(seen, 1);
    await Promise.all(
      ['a', 'b'].map((name) => tenant.run(name, () => env.run(activity, { activityId: name }))),
    );
    expect(seen.sort()).toEqual(['a#1: a, a', 'a#2: a, a', 'b#1: b, b', 'b#2: b, b']);
  });

  test('without it, a queued attempt runs in the context of the activity that freed its slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const seen: string[] = [];
    const activity = witness(seen);
    for (const name of ['a', 'b']) {
      void tenant.run(name, () => h.run(activity, { activityId: name }));
    }
    await h.advance(3_000);
    expect(seen[1]).not.toBe('b#1: b, b');
  });
});

describe('with another copy of the package', () => {
  afterEach(() => {
    vi.resetModules();
  });

  test('the interceptor of one copy works with the runtime of another', async () => {
    vi.resetModules();
    const copy = await import('systole/context');
    expect(copy.contextInterceptor).not.toBe(contextInterceptor);
    const h = new Harness({
      interceptors: [contextInterceptor, copy.contextInterceptor],
      maxConcurrentActivities: 1,
    });
    const found = ['a', 'b'].map((name) =>
      tenant.run(name, () =>
        h.run(async (ctx) => {
          await ctx.sleep(10);
          return [tenant.getStore(), copy.maybeContext() === ctx, maybeContext() === ctx];
        }),
      ),
    );
    await h.advance(100);
    expect(await Promise.all(found)).toEqual([
      ['a', true, true],
      ['b', true, true],
    ]);
  });
});

describe('capture of an interceptor', () => {
  test("is called once inside the call, with the call's options", async () => {
    const infos: unknown[] = [];
    const capture: ActivityInterceptor['capture'] = (info) => {
      infos.push({ ...info });
      return (attempt) => attempt();
    };
    const h = new Harness({ interceptors: [{ capture }] });
    async function twice(ctx: ActivityContext): Promise<void> {
      if (ctx.info.attempt === 1) throw new Error('again');
      await Promise.resolve();
    }
    void h.run(twice, { activityId: 'one' });
    expect(infos).toEqual([{ activityId: 'one', activityType: 'twice' }]);
    await h.advance(2_000);
    void h.run(twice, { activityType: 'named' });
    expect(infos.slice(1)).toEqual([{ activityId: undefined, activityType: 'named' }]);
  });

  test('returns a function that runs outside every execute, the first interceptor outermost', async () => {
    const steps: string[] = [];
    const around = (name: string): ActivityInterceptor => ({
      capture: () => (attempt) => {
        steps.push(`captured by ${name}`);
        return attempt();
      },
      execute: (input, next) => {
        steps.push(`executed by ${name}`);
        return next(input);
      },
    });
    const h = new Harness({ interceptors: [around('a'), around('b')] });
    expect(await h.run(() => 7)).toBe(7);
    expect(steps).toEqual(['captured by a', 'captured by b', 'executed by a', 'executed by b']);
  });

  test('refuses the call if it throws, and leaves nothing behind', async () => {
    const h = new Harness({
      interceptors: [
        {
          capture: () => {
            throw new RangeError('no context here');
          },
        },
      ],
    });
    const { signal } = new AbortController();
    await expect(h.run(() => 1, { activityId: 'a', signal })).rejects.toThrow('no context here');
    expect(h.engine.stats().open).toBe(0);
    expect(h.events).toEqual([]);
    expect(() => h.engine.find('a')).toThrow(
      'No activity "a" is open; it has closed, or the id is wrong',
    );
  });

  test('must return a function', async () => {
    const h = new Harness({ interceptors: [{ capture: () => 5 as never }] });
    await expect(h.run(() => 1)).rejects.toThrow(
      'the result of capture: received 5; expected a function that calls the attempt',
    );
  });

  test('may start an activity with the same id, and then the call is refused', async () => {
    let started = false;
    const h: Harness = new Harness({
      interceptors: [
        {
          capture: ({ activityId }) => {
            if (!started) {
              started = true;
              void h.run((ctx) => ctx.sleep(10), { activityId: activityId! });
            }
            return (attempt) => attempt();
          },
        },
      ],
    });
    await expect(h.run(() => 1, { activityId: 'a' })).rejects.toThrow('already in use');
    await h.advance(10);
    expect(h.engine.stats().open).toBe(0);
  });
});

describe('log of an interceptor', () => {
  test('adds to the lines of ctx.log, and to no other', async () => {
    const add = (name: string): ActivityInterceptor => ({
      log: (attributes) => ({ ...attributes, [name]: Object.keys(attributes).length }),
    });
    const { capture } = contextInterceptor;
    const h = new Harness({ interceptors: [add('first'), { capture }, add('second')] });
    const run = h.run((ctx) => {
      ctx.log.info('mine', { row: 7 });
      if (ctx.info.attempt === 1) throw new Error('again');
    });
    await h.advance(2_000);
    await run;
    expect(h.logs.map(({ message, attributes }) => [message, Object.keys(attributes)])).toEqual([
      ['mine', ['activityId', 'activityType', 'attempt', 'row', 'first', 'second']],
      [expect.stringContaining('failed at attempt 1'), expect.not.arrayContaining(['first'])],
      ['mine', ['activityId', 'activityType', 'attempt', 'row', 'first', 'second']],
    ]);
    expect(h.logs[0]!.attributes).toMatchObject({ first: 4, second: 5 });
  });

  test('that throws is logged, and the line is written without it', async () => {
    const error = new Error('no tracer');
    const h = new Harness({
      interceptors: [
        {
          log: () => {
            throw error;
          },
        },
      ],
    });
    await h.run((ctx) => ctx.log.info('mine', { row: 7 }));
    expect(h.logs).toEqual([
      {
        level: 'error',
        message: 'A log interceptor failed',
        attributes: expect.objectContaining({ error, attempt: 1 }) as unknown,
      },
      {
        level: 'info',
        message: 'mine',
        attributes: expect.objectContaining({ row: 7, attempt: 1 }) as unknown,
      },
    ]);
  });
});

describe('attach of an interceptor', () => {
  test('is called once by each runtime, which uses the returned interceptor', async () => {
    const attached: unknown[] = [];
    const interceptor: ActivityInterceptor = {
      attach: ({ on, stats }) => {
        const name = `runtime ${attached.push(stats)}`;
        on('completed', ({ activityType }) => seen.push(`${activityType} in ${name}`));
        return {
          execute: (input, next) => {
            seen.push(`${stats().running} running in ${name}`);
            return next(input);
          },
        };
      },
    };
    const seen: string[] = [];
    const [one, two] = [1, 2].map(() => new Harness({ interceptors: [interceptor] }));
    await two!.run(() => 1, { activityType: 'x' });
    await one!.run(() => 1, { activityType: 'y' });
    expect(attached).toHaveLength(2);
    expect(seen).toEqual([
      '1 running in runtime 2',
      'x in runtime 2',
      '1 running in runtime 1',
      'y in runtime 1',
    ]);
  });

  test('does not count as a listener: a failure that only an interceptor receives is still logged', async () => {
    const interceptor: ActivityInterceptor = {
      attach: ({ on }) => {
        on('failed', () => {});
        return {};
      },
    };
    const h = new Harness({ interceptors: [interceptor] }, false);
    h.start(
      () => {
        throw new Error('unseen');
      },
      { retryPolicy: { maximumAttempts: 1 } },
    );
    await h.advance(10);
    expect(h.logs.map(({ message }) => message).join()).toContain('No one called result()');
  });
});
