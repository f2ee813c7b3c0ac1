/** Values made to do harm: in heartbeats, and in what a store gives back. */
import fc from 'fast-check';
import { SuperJSON } from 'superjson';
import { afterEach, expect, test } from 'vitest';
import {
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  HeartbeatStoreError,
  TimeoutFailure,
  type ActivityContext,
} from '../../src/index.js';
import { DetailsCodec } from '../../src/heartbeat/details/codec.js';
import { difference } from '../support/details.js';
import { Harness } from '../support/harness.js';
import { failureOf } from '../support/outcomes.js';

const prototypes = [Object, Array, Function, Map, Set, Date, Error, Promise].map(
  ({ prototype }) => [prototype, Reflect.ownKeys(prototype as object).length] as const,
);

afterEach(() => {
  for (const [prototype, keys] of prototypes) {
    expect(Reflect.ownKeys(prototype as object)).toHaveLength(keys);
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** A trap is set at the last moment: not even the generator may look at it. */
class Trap {
  readonly make: () => object;

  constructor(make: () => object) {
    this.make = make;
  }
}

function set(value: unknown): unknown {
  if (value instanceof Trap) return value.make();
  if (Array.isArray(value)) return value.map(set);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = set((value as Record<string, unknown>)[key]);
    Object.defineProperty(copy, key, { value: item, enumerable: true });
  }
  return copy;
}

/** Reading it does something else each time, or never ends, or throws. */
const trap: fc.Arbitrary<() => object> = fc.constantFrom<() => object>(
  () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys');
        },
      },
    ),
  () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no value');
        },
        ownKeys: () => ['a'],
        getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: 1 }),
      },
    ),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  () => Object.defineProperty({}, 'once', { enumerable: true, get: () => Math.random() }),
  () =>
    Object.defineProperty({}, 'grows', {
      enumerable: true,
      get() {
        (this as Record<string, number>)['x'] = 1;
        return 1;
      },
    }),
  () => ({ toJSON: () => 'something else', then: () => {} }),
  () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    return cycle;
  },
  () => Object.freeze(Object.create(null) as object),
  () => JSON.parse('{"__proto__":{"polluted":1}}') as object,
  () => JSON.parse('{"constructor":{"prototype":{"polluted":1}}}') as object,
  () => {
    let deep: object = {};
    for (let level = 0; level < 100_000; level++) deep = { deep };
    return deep;
  },
  () =>
    new (class extends Map {
      override get size(): number {
        return 1e9;
      }
    })(),
  () => Object.assign([], { length: 4_294_967_295 }),
  () => globalThis,
);

const hostile = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    {
      arbitrary: fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withNullPrototype: true,
        withSparseArray: true,
      }),
      weight: 4,
    },
    { arbitrary: trap.map((make) => new Trap(make)), weight: 2 },
    fc.dictionary(
      fc.constantFrom('a', '__proto__', 'constructor', 'prototype', 'toString', 'then'),
      tie('value'),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;

test('any value in a heartbeat is refused by name, or comes back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(hostile, async (plan) => {
      const value = set(plan);
      const h = new Harness({ store: new Map<string, string>() });
      let refused: unknown;
      const run = h.watch(
        h.run(
          (ctx: ActivityContext) => {
            if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
            try {
              ctx.heartbeat(value);
            } catch (error) {
              refused = error;
            }
            throw new Error('again');
          },
          { activityId: 'x', heartbeatThrottleInterval: 0 },
        ),
      );
      await h.advance(1_000);
      if (refused !== undefined) {
        expect(refused).toBeInstanceOf(HeartbeatDetailsError);
        expect((refused as HeartbeatDetailsError).path).toMatch(/^details/);
      }
      expect(run.outcome.state).toBe('resolved');
      const logged = h.logs.filter(({ level }) => level === 'error');
      expect(logged).toEqual([]); // what was taken could be written
    }),
    { numRuns: 500 },
  );
}, 30_000);

test('10 MB of details are refused, and soon', async () => {
  const h = new Harness();
  const tookMs: number[] = [];
  const huge = [
    'x'.repeat(10_000_000),
    { rows: Array.from({ length: 500_000 }, (_, row) => ({ row })) },
    new Uint8Array(10_000_000),
  ];
  const run = h.watch(
    h.run((ctx) => {
      for (const details of huge) {
        const began = performance.now();
        expect(() => ctx.heartbeat(details)).toThrow(HeartbeatDetailsError);
        tookMs.push(performance.now() - began);
      }
      return ctx.hasHeartbeatDetails;
    }),
  );
  await h.turn();
  expect(run.outcome).toMatchObject({ state: 'resolved', value: false });
  expect(Math.max(...tookMs)).toBeLessThan(5_000);
}, 30_000);

/** What superjson would act on: paths into the value, and the types of what is there. */
const annotated = fc.record({
  json: fc
    .anything({ maxDepth: 3 })
    .map((value) =>
      value === undefined ? null : (JSON.parse(JSON.stringify([value])) as unknown[])[0],
    ),
  meta: fc.record(
    {
      values: fc.dictionary(
        fc.constantFrom(
          'a',
          '0',
          'a.b',
          '__proto__.polluted',
          'constructor.prototype.polluted',
          '__proto__',
        ),
        fc.array(
          fc.oneof(
            fc.constantFrom(
              'undefined',
              'Date',
              'map',
              'set',
              'regexp',
              'bigint',
              'Error',
              'URL',
              'number',
            ),
            fc.constant(['custom', 'x']),
            fc.constant(['class', 'Object']),
            fc.constant(['typed-array', 'Function']),
          ),
          { maxLength: 2 },
        ),
      ),
      referentialEqualities: fc.dictionary(
        fc.constantFrom('a', '__proto__', 'constructor.prototype'),
        fc.array(fc.constantFrom('b', '__proto__.polluted', 'a.a'), { maxLength: 2 }),
      ),
      v: fc.constantFrom(1, 2),
    },
    { requiredKeys: [] },
  ),
});

/** An error whose properties, but for those of its kind, throw when they are read. */
function unreadable(error: Error, names: readonly string[]): Error {
  return new Proxy(error, {
    get(target, name) {
      if (names.includes(String(name))) throw new Error(`no ${String(name)}`);
      return Reflect.get(target, name) as unknown;
    },
  });
}

test.each(['nonRetryable', 'nextRetryDelay', 'category', 'type', 'cause', 'message', 'name'])(
  'an error whose %s cannot be read fails its activity, after its attempts',
  async (name) => {
    for (const made of [
      new ApplicationFailure('x'),
      new TimeoutFailure('x', { timeoutType: 'HEARTBEAT' }),
      new CancelledFailure('CANCELLED'),
      new Error('x'),
    ]) {
      const h = new Harness();
      const error = unreadable(made, [name]);
      const handle = h.start(
        () => {
          throw error;
        },
        { retryPolicy: { maximumAttempts: 2, nonRetryableErrorTypes: ['Other'] } },
      );
      const run = h.watch(handle.result());
      await h.advance(500);
      handle.updateOptions({ retryPolicy: { maximumAttempts: 3 } });
      await h.advance(10_000);
      expect(failureOf(run)).toMatchObject({ attempt: 3 });
      expect(failureOf(run).cause).toBe(error);
      expect(h.engine.stats().open).toBe(0);
    }
  },
);

test('a store that fails with an error that cannot be read fails the activity alone', async () => {
  const error = unreadable(new Error('x'), ['message']);
  const fails: (() => unknown)[] = [
    () => Promise.reject(error),
    () => {
      throw error;
    },
  ];
  for (const get of fails) {
    const h = new Harness({ store: { get, set: () => {}, delete: () => {} } });
    const run = h.watch(h.run(() => 1, { activityId: 'x' }));
    await h.turn();
    expect(failureOf(run).cause).toBeInstanceOf(HeartbeatStoreError);
    expect((failureOf(run).cause as Error).message).toContain('cannot be read');
    expect(h.engine.stats().open).toBe(0);
  }
});

test('details that the serializer copies no longer are lost to onlookers, and no more', async () => {
  class User {
    readonly id = 1;
  }
  let known = true;
  const serializer = new SuperJSON();
  serializer.registerCustom<User, number>(
    {
      isApplicable: (value): value is User => value instanceof User,
      serialize: ({ id }) => id,
      deserialize: () => {
        if (known) return new User();
        throw new Error('no such user');
      },
    },
    'User',
  );
  const h = new Harness({ serializer });
  const once = { startToCloseTimeout: 50, retryPolicy: { maximumAttempts: 1 } };
  const first = h.start((ctx) => {
    ctx.heartbeat({ user: new User() });
    return new Promise(() => {});
  }, once);
  const runs = [first, h.start(() => new Promise(() => {}), once)].map((one) =>
    h.watch(one.result()),
  );
  known = false;
  expect(h.engine.list()[0]).toMatchObject({ heartbeatDetails: undefined });
  await h.advance(100);
  for (const run of runs) expect(failureOf(run).cause).toBeInstanceOf(TimeoutFailure);
  expect(h.logs.map(({ message }) => message)).toEqual([
    'The serializer failed to copy heartbeat details',
    'The serializer failed to copy heartbeat details',
  ]);
});

test('any text in a store fails the activity, or gives details that could have been heartbeated', async () => {
  const codec = new DetailsCodec(undefined, undefined);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        annotated.map((it) => JSON.stringify(it)),
        fc.string(),
      ),
      async (text) => {
        const h = new Harness({ store: new Map([['x', text]]) });
        const run = h.watch(
          h.run((ctx: ActivityContext) => ({ given: ctx.heartbeatDetails }), { activityId: 'x' }),
        );
        await h.turn();
        if (run.outcome.state === 'resolved') {
          const { given } = run.outcome.value;
          if (given === undefined) return;
          const again = codec.copy(codec.snapshot(given, () => {}));
          expect(difference(again, given)).toBeUndefined();
        } else expect(failureOf(run).cause).toBeInstanceOf(HeartbeatStoreError);
      },
    ),
    { numRuns: 1_000 },
  );
}, 30_000);
