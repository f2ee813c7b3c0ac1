/** Hostile values, in heartbeats and from a store. */
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
import { cpuMs } from '../support/cpu.js';

const prototypes = [Object, Array, Function, Map, Set, Date, Error, Promise].map(
  ({ prototype }) => [prototype, Reflect.ownKeys(prototype as object).length] as const,
);

afterEach(() => {
  for (const [prototype, keys] of prototypes) {
    expect(Reflect.ownKeys(prototype as object)).toHaveLength(keys);
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

/** A trap is set at the last moment, because even the generator must not read it. */
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

/** Reading it does something different each time, never ends, or throws. */
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
  () => {
    let bomb: object = {};
    for (let level = 0; level < 60; level++) bomb = { left: bomb, right: bomb };
    return bomb;
  },
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
});

test('10 MB of details are refused quickly', async () => {
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
        const began = cpuMs();
        expect(() => ctx.heartbeat(details)).toThrow(HeartbeatDetailsError);
        tookMs.push(cpuMs() - began);
      }
      return ctx.hasHeartbeatDetails;
    }),
  );
  await h.turn();
  expect(run.outcome).toMatchObject({ state: 'resolved', value: false });
  expect(Math.max(...tookMs)).toBeLessThan(5_000);
});

class Job {
  id = 0;
  payload: unknown;
  static called = 0;

  set danger(_: unknown) {
    Job.called++;
  }
}

class Money {
  readonly #cents: string;
  constructor(cents: string) {
    this.#cents = cents;
  }

  get cents(): string {
    return this.#cents;
  }
}

const registered = new SuperJSON();
registered.registerClass(Job);
registered.registerCustom<Money, string>(
  {
    isApplicable: (value): value is Money => value instanceof Money,
    serialize: ({ cents }) => cents,
    deserialize: (json) => new Money(json),
  },
  'money',
);

/** Notes as superjson or systole would write them, and some that neither would. */
const note: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('undefined', 'Date', 'map', 'set', 'regexp', 'bigint', 'Error', 'URL', 'number'),
  fc
    .tuple(
      fc.constantFrom('custom', 'class', 'symbol', 'typed-array'),
      fc.constantFrom(
        '~bigint',
        '~view',
        '~keys',
        '~instance',
        'money',
        'Job',
        'Object',
        'Function',
        'Uint8Array',
        '__proto__',
      ),
    )
    .map((pair): unknown => pair),
  fc.constantFrom<unknown>(null, 5, [], ['set'], {}),
);

const step = fc.constantFrom(
  '',
  'a',
  'b',
  '0',
  '1',
  'json',
  'meta',
  'length',
  'danger',
  'payload',
  '__proto__',
  'constructor',
  'prototype',
  '\\.',
  '\\',
  '\\\\',
);
const path = fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('.'));

const { notes } = fc.letrec<{ notes: unknown; tree: unknown }>((tie) => ({
  notes: fc.dictionary(path, tie('tree'), { maxKeys: 4 }),
  tree: fc.oneof(
    { depthSize: 'small' },
    note.map((each) => [each]),
    fc.tuple(note, tie('notes')),
    note,
  ),
}));

/** JSON with the notes that belong to it. */
const genuine = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'length', '__proto__', 'constructor', 'x.y\\'),
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    }),
    { minKeys: 1, maxKeys: 3 },
  )
  .map((details) => {
    const codec = new DetailsCodec(undefined, undefined);
    try {
      return codec.encode(codec.snapshot(details, () => {}));
    } catch {
      return '{"json":1}'; // an invalid Date, or a view of bigints
    }
  });

/** JSON in which the paths of the notes lead somewhere. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      4294967295,
      'NaN',
      '-ff',
      '/(a+)+/g',
      'https://example.com/',
      '2026-01-01',
      { length: 4294967295 },
      ['Uint8Array', 1, 2],
      [['a', 1]],
      { name: 'E', message: 'm' },
      { constructor: 1, '__proto__~': 2 },
    ),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(step, tie('json'), { maxKeys: 4 }),
  ),
}));

/** Payloads with forged notes, some of them inside an instance. */
const forged = fc
  .tuple(
    json,
    fc.oneof(
      notes,
      note.map((each) => [each]),
      fc.tuple(note, notes),
    ),
    json,
    notes,
    fc.constantFrom<object>(
      { v: 1 },
      { v: 1 },
      { v: 1 },
      { v: 0 },
      {},
      { referentialEqualities: { a: ['b'] }, v: 1 },
    ),
  )
  .map(([outer, values, inner, innerValues, rest]) =>
    JSON.stringify([
      { json: outer, meta: { values, ...rest } },
      {
        json: { a: { json: inner, meta: { values: [['class', 'Job'], innerValues], v: 1 } } },
        meta: { values: { a: [['custom', '~instance']] }, v: 1 },
      },
      {
        json: [{ json: inner, meta: { values: [['custom', 'money'], innerValues], v: 1 } }],
        meta: { values: { 0: [['custom', '~instance']] }, v: 1 },
      },
    ]),
  )
  .chain((texts) =>
    fc.constantFrom(...(JSON.parse(texts) as unknown[]).map((each) => JSON.stringify(each))),
  );

/** An error whose properties throw when they are read, except those of its kind. */
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

test('a store that fails with an unreadable error fails only its activity', async () => {
  const error = unreadable(new Error('x'), ['message']);
  const fails: (() => unknown)[] = [
    () => Promise.reject(error),
    () => {
      throw error;
    },
    () => ({
      get then() {
        throw error;
      },
    }),
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

test('details that the serializer no longer copies are only missing in events and descriptions', async () => {
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

test.each([
  ['without a serializer', undefined],
  ["with a user's serializer", registered],
])(
  'any text in a store fails the activity or gives details that could have been sent: %s',
  async (_, serializer) => {
    const codec = new DetailsCodec(serializer, undefined);
    Job.called = 0;
    let read = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 8, arbitrary: forged }, genuine, fc.string(), fc.json()),
        async (text) => {
          const h = new Harness({ store: new Map([['x', text]]), serializer });
          const run = h.watch(
            h.run((ctx: ActivityContext) => ({ given: ctx.heartbeatDetails }), { activityId: 'x' }),
          );
          await h.turn();
          expect(Job.called).toBe(0);
          if (run.outcome.state === 'resolved') {
            const { given } = run.outcome.value;
            if (given === undefined) return;
            read++;
            const snapshot = codec.snapshot(given, () => {});
            expect(difference(codec.copy(snapshot), given)).toBeUndefined();
            expect(difference(codec.decode(codec.encode(snapshot)), given)).toBeUndefined();
          } else expect(failureOf(run).cause).toBeInstanceOf(HeartbeatStoreError);
        },
      ),
      { numRuns: 1_500 },
    );
    expect(read).toBeGreaterThan(50);
  },
  60_000,
);

/**
 * Texts that would cost superjson seconds or gigabytes, or that are slow for the JavaScript engine.
 */
const costly: [what: string, json: unknown, values: unknown, more?: object][] = [
  ['a typed array of a length', 4294967295, [['typed-array', 'Uint8Array']]],
  ['a typed array of an array-like', { length: 4294967295 }, [['typed-array', 'Float64Array']]],
  ['a set of an array-like', { length: 4294967295 }, ['set']],
  ['a view of an array-like', { length: 4294967295 }, [['custom', '~view']]],
  ['a view with only a length', ['Float64Array', { length: 4294967295 }], [['custom', '~view']]],
  [
    'references that double the details at each level',
    { a: Array.from({ length: 40 }, () => [0, 0]) },
    {},
    {
      referentialEqualities: Object.fromEntries(
        Array.from({ length: 39 }, (_, level) => [
          `a.${level}`,
          [`a.${level + 1}.0`, `a.${level + 1}.1`],
        ]),
      ),
    },
  ],
  [
    'a note for each item of a set',
    { a: Array(20_000).fill('1') },
    {
      a: ['set'],
      ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a.${i}`, ['Date']])),
    },
  ],
  [
    'slow regular expressions',
    Array(2_000).fill(`/${'\\p{RGI_Emoji}'.repeat(10)}/v`),
    Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [i, ['regexp']])),
  ],
  [
    'a slow host',
    `http://${Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('')}/`,
    ['URL'],
  ],
  [
    'a slow host in disguise',
    `http:${encodeURIComponent(Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(''))}`,
    ['URL'],
  ],
  [
    'one object with many spellings of its path',
    {
      '....................': Object.fromEntries(
        Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i]),
      ),
    },
    Object.fromEntries(
      Array.from({ length: 5_000 }, (_, i) => [
        i.toString(2).padStart(20, '0').replaceAll('1', '\\\\').replaceAll('0', '\\'),
        [['custom', '~keys']],
      ]),
    ),
  ],
  [
    'a path of a hundred thousand steps',
    { a: 1 },
    { [Array(100_000).fill('a').join('.')]: ['Date'] },
  ],
];

test.each(costly)('%s is refused in no time', (_, json, values, more) => {
  const text = JSON.stringify({ json, meta: { values, ...more, v: 1 } });
  const inside = JSON.stringify({
    json: { json, meta: { values: [['custom', 'money'], { x: values }], ...more, v: 1 } },
    meta: { values: [['custom', '~instance']], v: 1 },
  });
  for (const serializer of [undefined, registered]) {
    const codec = new DetailsCodec(serializer, undefined);
    for (const each of [text, inside]) {
      const times = [0, 1, 2].map(() => {
        const began = cpuMs();
        expect(() => codec.decode(each)).toThrow();
        return cpuMs() - began;
      });
      expect(Math.min(...times)).toBeLessThan(50);
    }
  }
});

test('the work for a text grows linearly: bigints, nested notes, wide objects', () => {
  const codec = new DetailsCodec(registered, undefined);
  const timeOf = (text: string): number => {
    const began = cpuMs();
    try {
      codec.decode(text);
    } catch {
      // refused is as good
    }
    return cpuMs() - began;
  };
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]));
  let nested: unknown = { ...wide, 'constructor~': 1 };
  let notes: unknown = [['custom', '~keys']];
  for (let level = 0; level < 90; level++) {
    nested = { 'constructor~': nested };
    notes = [['custom', '~keys'], { 'constructor~': notes }];
  }
  for (const text of [
    JSON.stringify({
      json: 'f'.repeat(1_000_000),
      meta: { values: [['custom', '~bigint']], v: 1 },
    }),
    JSON.stringify({ json: nested, meta: { values: notes, v: 1 } }),
    codec.encode(codec.snapshot(2n ** 4_000_000n, () => {})),
  ]) {
    expect(Math.min(timeOf(text), timeOf(text))).toBeLessThan(1_000);
  }
});
