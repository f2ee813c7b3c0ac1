/** An object of activities becomes an object of functions. */
import { describe, expect, test } from 'vitest';
import { ActivityFailure, ActivityRuntime, type ActivityContext } from '../../../src/index.js';

const rejectionOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

const activities = {
  add: (_: ActivityContext, a: number, b: number) => a + b,
  type: (ctx: ActivityContext) => Promise.resolve(ctx.info.activityType),
  fail: () => Promise.reject(new Error('no')),
  constant: 5,
};

describe('runtime.proxy', () => {
  const runtime = (): ActivityRuntime => new ActivityRuntime({ logger: false });

  test('runs each function with its arguments', async () => {
    await expect(runtime().proxy(activities).add(1, 2)).resolves.toBe(3);
  });

  test('uses the property key as the activity type', async () => {
    const renamed = { other: activities.type };
    await expect(runtime().proxy(renamed).other()).resolves.toBe('other');
  });

  test('keeps the this of methods, including private fields', async () => {
    class Bank {
      #balance = 5;
      deposit(_: ActivityContext, amount: number): number {
        return (this.#balance += amount);
      }
    }
    const { deposit } = runtime().proxy(new Bank());
    await expect(deposit(1)).resolves.toBe(6);
    await expect(deposit(1)).resolves.toBe(7);
  });

  test('rejects with what the activity failed with', async () => {
    const proxy = runtime().proxy(activities, { retryPolicy: { maximumAttempts: 1 } });
    const error = await rejectionOf(proxy.fail());
    expect(error).toBeInstanceOf(ActivityFailure);
    expect(error).toMatchObject({ activityType: 'fail', cause: { message: 'no' } });
  });

  test('has the names of the functions and no others', () => {
    const proxy = runtime().proxy(activities) as object;
    expect('add' in proxy).toBe(true);
    expect('constant' in proxy).toBe(false);
    expect(Reflect.get(proxy, 'constant')).toBeUndefined();
    expect(Reflect.get(proxy, 'unknown')).toBeUndefined();
  });

  test('lists the names of the functions', () => {
    expect(Object.keys(runtime().proxy(activities))).toEqual(['add', 'type', 'fail']);
    class Base {
      first = (): number => 1;
      second(): number {
        return 2;
      }
    }
    class Derived extends Base {
      third(): number {
        return 3;
      }
    }
    expect(Object.keys(runtime().proxy(new Derived()))).toEqual(['first', 'third', 'second']);
    const bare = Object.assign(Object.create(null) as object, { only: () => 1 });
    expect(Object.keys(runtime().proxy(bare))).toEqual(['only']);
  });

  test('has the exports of a module, which many builds make getters', async () => {
    const exports = Object.defineProperties(
      {},
      {
        __esModule: { value: true },
        add: { enumerable: true, get: () => activities.add },
        constant: { enumerable: true, get: () => 5 },
      },
    ) as { readonly add: typeof activities.add };
    const proxy = runtime().proxy(exports);
    expect(Object.keys(proxy)).toEqual(['add']);
    await expect(proxy.add(1, 2)).resolves.toBe(3);
  });

  test('does not read the getters of a class', () => {
    class Service {
      get connection(): never {
        throw new Error('read');
      }
      work(): number {
        return 1;
      }
    }
    expect(Object.keys(runtime().proxy(new Service()))).toEqual(['work']);
  });

  test('does not run methods that every object inherits', async () => {
    const r = runtime();
    const proxy = r.proxy(activities) as object;
    let shown: unknown;
    try {
      // eslint-disable-next-line @typescript-eslint/no-base-to-string -- that is what is tested
      shown = String(proxy); // as a log line would
    } catch (error) {
      shown = error;
    }
    expect(r.stats().open).toBe(0);
    expect(shown).toBeTypeOf('string');
    await r.shutdown();
  });

  test('is not mistaken for a promise', async () => {
    const proxy = runtime().proxy(activities);
    expect(await Promise.resolve(proxy)).toBe(proxy);
  });

  test('rejects when a call is refused', async () => {
    const proxy = runtime().proxy(activities, { retries: 3 } as object);
    const call = proxy.add(1, 2);
    expect(await rejectionOf(call)).toBeInstanceOf(TypeError);
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    [() => 1, 'a function'],
  ])('refuses %o', (given, shown) => {
    expect(() => runtime().proxy(given as never)).toThrow(
      `activities: received ${shown}; expected an object of activity functions`,
    );
  });
});
