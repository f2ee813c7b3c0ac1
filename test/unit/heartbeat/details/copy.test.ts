import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { HeartbeatDetailsError } from '../../../../src/index.js';
import { DetailsCodec, type Snapshot } from '../../../../src/heartbeat/details/codec.js';
import { copyDetails } from '../../../../src/heartbeat/details/copy.js';
import { jsonDetails } from '../../../../src/heartbeat/details/json.js';
import { difference } from '../../../support/details.js';
import { cpuMs } from '../../../support/cpu.js';

const copy = (details: unknown): unknown => copyDetails(details).value;

function refusal(details: unknown): HeartbeatDetailsError {
  try {
    copy(details);
  } catch (error) {
    expect(error).toBeInstanceOf(HeartbeatDetailsError);
    return error as HeartbeatDetailsError;
  }
  throw new Error('not refused');
}

class Job {
  readonly id = 1;
}
class Rows extends Array<number> {}
class Lookup extends Map<string, number> {}
class Bag extends Set<number> {}
class Day extends Date {}
class Link extends URL {}
class Pattern extends RegExp {}

/** Refused values, and what the message calls them. */
const refused: readonly (readonly [string, unknown, string])[] = [
  ['a function', () => 1, 'function'],
  ['a class', Job, 'function'],
  ['a symbol', Symbol('s'), 'symbol'],
  ['a promise', Promise.resolve(1), 'a promise'],
  ['an instance of a class', new Job(), 'an instance of Job'],
  [
    'an instance of a nameless class',
    new (class {
      readonly id = 1;
    })(),
    'an object with its own prototype',
  ],
  ['an object with another prototype', Object.create({ a: 1 }), 'an object with its own prototype'],
  ['an array of a derived class', Rows.of(1, 2), 'an instance of Rows'],
  ['a map of a derived class', new Lookup(), 'an instance of Lookup'],
  ['a set of a derived class', new Bag(), 'an instance of Bag'],
  ['a date of a derived class', new Day(), 'an instance of Day'],
  ['a URL of a derived class', new Link('https://example.com'), 'an instance of Link'],
  ['a RegExp of a derived class', new Pattern('a'), 'an instance of Pattern'],
  ['an ArrayBuffer', new ArrayBuffer(8), 'an instance of ArrayBuffer'],
  ['a SharedArrayBuffer', new SharedArrayBuffer(8), 'an instance of SharedArrayBuffer'],
  ['a DataView', new DataView(new ArrayBuffer(8)), 'DataView'],
  ['a BigInt64Array', new BigInt64Array(1), 'BigInt64Array'],
  ['a BigUint64Array', new BigUint64Array(1), 'BigUint64Array'],
  ['a Blob', new Blob(['x']), 'an instance of Blob'],
  ['Headers', new Headers({ a: 'b' }), 'an instance of Headers'],
  ['URLSearchParams', new URLSearchParams('a=b'), 'an instance of URLSearchParams'],
  ['an AbortSignal', new AbortController().signal, 'an instance of AbortSignal'],
  ['a WeakMap', new WeakMap(), 'an instance of WeakMap'],
  ['a WeakSet', new WeakSet(), 'an instance of WeakSet'],
  ['a WeakRef', new WeakRef({}), 'an instance of WeakRef'],
  ['an invalid Date', new Date(NaN), 'an invalid Date'],
  ['a boxed number', Object(1), 'an instance of Number'],
  ['a boxed string', Object('s'), 'an instance of String'],
  ['a generator', (function* () {})(), ''],
  ['an iterator', [1].values(), ''],
  ['globalThis', globalThis, ''],
];

describe('refused details', () => {
  test.each(refused)('%s', (_, value, kind) => {
    const error = refusal(value);
    expect(error.path).toBe('details');
    expect(error.message).toContain(`details: ${kind}`);
    expect(error.message).toMatch(/heartbeat details must be data/);
  });

  test.each(refused)('%s, at any depth', (_, value) => {
    expect(refusal({ rows: [0, 1, 2, { cb: value }] }).path).toBe('details.rows[3].cb');
    expect(refusal(new Map([['k', [value]]])).path).toBe('details<"k">[0]');
    expect(refusal(new Map([[value, 1]])).path).toBe('details<key #0>');
    expect(refusal(new Set([1, value])).path).toBe('details<#1>');
    expect(refusal(new Error('e', { cause: { value } })).path).toBe('details.cause.value');
    expect(refusal({ 'not an id': { 0: value } }).path).toBe('details["not an id"]["0"]');
  });

  test('have an error that starts with the path and the kind', () => {
    expect(refusal({ rows: [1, 2, 3, { cb: () => 1 }] }).message).toMatch(
      /^details\.rows\[3\]\.cb: function; /,
    );
  });

  test('include a cycle, with the path where it closes', () => {
    const details: Record<string, unknown> = { a: { b: [1] } };
    (details['a'] as Record<string, unknown>)['again'] = details;
    expect(refusal(details)).toMatchObject({
      path: 'details.a.again',
      message: expect.stringMatching(/^details\.a\.again: a cycle; /) as string,
    });
    const list: unknown[] = [];
    list.push(new Map([['m', new Set([list])]]));
    expect(refusal(list).path).toBe('details[0]<"m"><#0>');
    const error = new Error('e');
    error.cause = new Error('inner', { cause: error });
    expect(refusal({ error }).path).toBe('details.error.cause.cause');
  });

  test('include regular expressions that are slow to read, and URLs with endless hosts', () => {
    const properties = (count: number): unknown[] => Array(count).fill(/\p{L}/u);
    expect(copy(properties(20))).toHaveLength(20);
    expect(refusal(properties(21))).toMatchObject({
      path: 'details[20]',
      message: expect.stringContaining('details[20]: slow to read back; ') as string,
    });
    expect(refusal(new RegExp('\\P{Lu}'.repeat(21), 'u')).path).toBe('details');
    for (const host of ['a'.repeat(256), '\u4e00\u4e8c'.repeat(200)]) {
      const url = new URL(`https://user:p%40ss@${host}/`);
      expect(refusal({ url }).message).toContain('details.url: slow to read back; ');
    }
    for (const url of [
      `https://user:p%40ss@${'a'.repeat(255)}:8080/?q=%20#x`,
      'https://münchen.example/ü?ü#ü',
      'http://[::1]:3000/',
      'file:///tmp/a%20b',
      'data:text/plain,a b',
      'mailto:a@example.com',
      'urn:isbn:0451450523',
      'httpsx://höst/a',
      'javascript:1',
    ]) {
      expect((copy(new URL(url)) as URL).href).toBe(new URL(url).href);
    }
  });

  test('include a symbol key, unless it is not enumerable', () => {
    expect(refusal({ a: { [Symbol('s')]: 1 } }).path).toBe('details.a["Symbol(s)"]');
    expect(refusal({ [Symbol('s')]: 1 }).path).toBe('details["Symbol(s)"]');
    expect(refusal({ [Symbol('s')]: 1 }).message).toContain(': a symbol key; ');
    const hidden = Object.defineProperty({ a: 1 }, Symbol('s'), { value: 1 });
    expect(copy(hidden)).toEqual({ a: 1 });
  });

  test('include an array hole, even a huge one, without delay', () => {
    // eslint-disable-next-line no-sparse-arrays -- the hole is the test
    expect(refusal({ list: [1, , 3] })).toMatchObject({
      path: 'details.list[1]',
      message: expect.stringContaining('an array hole') as string,
    });
    expect(refusal(new Array(2 ** 32 - 1)).path).toBe('details[0]');
    const tail = [1];
    tail.length = 2;
    expect(refusal(tail).path).toBe('details[1]');
  });

  test('include an object that only looks like one from another realm', () => {
    const bare = Object.create(null) as object;
    expect(refusal(Object.create(bare)).message).toContain('its own prototype');
    class Owner {
      hasOwnProperty(): boolean {
        return true;
      }
    }
    expect(refusal(new Owner()).message).toContain('an instance of Owner');
    const nameless = Object.create({ constructor: undefined }) as object;
    expect(refusal(nameless).message).toContain('its own prototype');
    const odd = Object.create({ constructor: { name: 5 } }) as object;
    expect(refusal(odd).message).toContain('its own prototype');
  });

  test('include a named array property', () => {
    const list = Object.assign([1, 2], { total: 2 });
    expect(refusal({ list }).path).toBe('details.list.total');
    expect(refusal({ list }).message).toContain(': a named array property; ');
  });

  test('include values that throw when they are read, with their path and the cause', () => {
    const thrown = new Error('no');
    const getter = {
      get now(): never {
        throw thrown;
      },
    };
    expect(refusal({ a: [getter] })).toMatchObject({ path: 'details.a[0].now', cause: thrown });
    expect(refusal(getter)).toMatchObject({ path: 'details.now', cause: thrown });
    expect(refusal(getter).message).toContain('details.now: reading it throws; ');
    expect('cause' in refusal(Symbol('s')), 'no cause where nothing was thrown').toBe(false);
    const trap = (): never => {
      throw thrown;
    };
    expect(refusal({ p: new Proxy({}, { ownKeys: trap }) })).toMatchObject({
      path: 'details.p',
      cause: thrown,
    });
    expect(refusal({ p: new Proxy({ x: 1 }, { get: trap }) }).path).toBe('details.p.x');
    expect(refusal({ p: new Proxy({}, { getPrototypeOf: trap }) }).path).toBe('details.p');
    const { proxy, revoke } = Proxy.revocable([1], {});
    revoke();
    expect(refusal({ p: proxy }).path).toBe('details.p');
    expect(refusal(proxy).path).toBe('details');
    const odd = Object.defineProperty(new Error('e'), 'message', { get: trap });
    expect(refusal([odd]).path).toBe('details[0]');
  });

  test('include objects that pretend to be of another class', () => {
    class Fake {
      get [Symbol.toStringTag](): string {
        return 'Date';
      }
    }
    expect(refusal(new Fake()).path).toBe('details');
    Object.defineProperty(Fake, 'name', { value: 'Date' });
    expect(refusal(new Fake()).path).toBe('details');
    expect(refusal(new Proxy(new Date(), {})).path).toBe('details');
    expect(refusal(new Proxy(new Map(), {})).path).toBe('details');
  });
});

describe('nesting', () => {
  const nested = (levels: number): unknown => {
    let value: unknown = 'core';
    for (let level = 0; level < levels; level++) value = level % 2 ? { in: value } : [value];
    return value;
  };

  test('of 100 levels is kept, and comes back from its text', () => {
    const codec = new DetailsCodec(undefined, undefined);
    const snapshot = codec.snapshot(nested(100) as Snapshot, () => {});
    expect(difference(codec.decode(codec.encode(snapshot)), nested(100))).toBeUndefined();
  });

  test('of 101 levels is refused', () => {
    expect(refusal(nested(101)).message).toContain('nested deeper than 100 levels');
  });

  test('of an endless proxy is refused', () => {
    const endless: object = new Proxy(
      {},
      {
        ownKeys: () => ['in'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
        get: (_, key) => (key === 'in' ? new Proxy(endless, {}) : undefined),
      },
    );
    expect(refusal(endless).message).toContain('nested deeper than 100 levels');
  });
});

describe('accepted details', () => {
  test('that are frozen come back unfrozen', () => {
    const details = Object.freeze({ a: Object.freeze([1, Object.freeze({ b: 2 })]) });
    const copied = copy(details) as { a: unknown[]; more?: number };
    expect(copied).toEqual(details);
    copied.more = 1;
    copied.a.push(1);
  });

  test('may have accessors, which become values and are read once if there is no other object', () => {
    let reads = 0;
    const details = {
      get n(): number {
        return ++reads;
      },
    };
    const copied = copy(details);
    expect(copied).toEqual({ n: 1 });
    expect(Object.getOwnPropertyDescriptor(copied, 'n')).toMatchObject({ value: 1 });
    expect(reads).toBe(1);
  });

  test('do not include what was added to the prototype of all objects', () => {
    const added = { value: { x: () => 1 }, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(Object.prototype, 'extend', added);
    let keys: string[];
    try {
      keys = Object.keys(copy({ a: { b: [1] } }) as object);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'extend');
    }
    expect(keys).toEqual(['a']);
  });

  test('do not include properties that are not enumerable', () => {
    const hidden = Object.defineProperty({ a: 1, o: {} }, 'b', { value: () => 1 });
    expect(copy(hidden)).toEqual({ a: 1, o: {} });
  });

  test('without a prototype come back as plain objects', () => {
    const bare = Object.assign(Object.create(null) as object, { a: { b: 1 } });
    const copied = copy(bare);
    expect(copied).toEqual({ a: { b: 1 } });
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype);
  });

  test('may be a proxy of plain data, which is read like the data', () => {
    expect(copy(new Proxy({ a: [1] }, {}))).toEqual({ a: [1] });
  });

  test('turn a Buffer into a separate Uint8Array', () => {
    const buffer = Buffer.from('abc');
    const copied = copy({ buffer }) as { buffer: Uint8Array };
    expect(Object.getPrototypeOf(copied.buffer)).toBe(Uint8Array.prototype);
    expect([...copied.buffer]).toEqual([97, 98, 99]);
    buffer.fill(0);
    expect([...copied.buffer]).toEqual([97, 98, 99]);
    expect(copied.buffer.buffer.byteLength).toBe(3);
  });

  test('keep only the part of a large buffer that a view shows', () => {
    const view = new Uint16Array(new ArrayBuffer(2 ** 16), 8, 2);
    const copied = copy(view) as Uint16Array;
    expect(copied).toEqual(new Uint16Array(2));
    expect(copied.buffer.byteLength).toBe(4);
  });

  test('keep the name and cause of an error changeable and not enumerable', () => {
    const error = copy(new TypeError('m', { cause: 1 })) as Error;
    expect(Object.getOwnPropertyDescriptor(error, 'name')).toEqual({
      value: 'TypeError',
      enumerable: false,
      writable: true,
      configurable: true,
    });
    expect(Object.getOwnPropertyDescriptor(error, 'cause')).toEqual({
      value: 1,
      enumerable: false,
      writable: true,
      configurable: true,
    });
  });

  test('keep the name, message and cause of an error, and nothing else', () => {
    class QuotaError extends TypeError {
      override readonly name = 'QuotaError';
      readonly limit = 5;
    }
    const copied = copy(new QuotaError('full', { cause: new Error('inner') })) as Error;
    expect(copied).toBeInstanceOf(Error);
    expect(String(copied)).toBe('QuotaError: full');
    expect(copied.cause).toMatchObject({ message: 'inner' });
    expect(copied).not.toHaveProperty('limit');
    expect(Object.keys(copied)).toEqual([]);
    expect(copy(new Error('e'))).not.toHaveProperty('cause');
    expect(copy(new Error('e', { cause: undefined }))).not.toHaveProperty('cause');
    expect(copy(new Error('e', { cause: null }))).toHaveProperty('cause', null);
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'treat a key %s as ordinary data',
    (key) => {
      const make = (): object =>
        JSON.parse(`{"${key}":{"polluted":1},"rows":[{"${key}":"Ferrari","${key}~":2}]}`) as object;
      for (const details of [make(), JSON.parse(`{"${key}":1}`) as object]) {
        const codec = new DetailsCodec(undefined, undefined);
        const snapshot = codec.snapshot(details, () => {});
        for (const back of [snapshot, codec.copy(snapshot), codec.decode(codec.encode(snapshot))]) {
          expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
          expect(JSON.stringify(back)).toBe(JSON.stringify(details));
          expect(difference(back, details)).toBeUndefined();
        }
      }
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('treat a DOMException of another realm as an error', () => {
    const foreign = Object.create(
      {
        get [Symbol.toStringTag]() {
          return 'DOMException';
        },
      },
      { name: { value: 'AbortError' }, message: { value: 'stopped' } },
    ) as object;
    for (const exception of [foreign, new DOMException('stopped', 'AbortError')]) {
      const copied = (copy({ exception }) as { exception: Error }).exception;
      expect(copied).toBeInstanceOf(Error);
      expect(String(copied)).toBe('AbortError: stopped');
    }
  });

  test('may come from another realm', () => {
    const foreign: unknown = runInNewContext(
      `({ list: [1], date: new Date(5), re: /a/g, map: new Map([[1, { x: 1 }]]), set: new Set([2]),
          bytes: new Uint8Array([3]), error: new TypeError('t') })`,
    );
    const codec = new DetailsCodec(undefined, undefined);
    const error = new Error('t');
    error.name = 'TypeError';
    const expected = {
      list: [1],
      date: new Date(5),
      re: /a/g,
      map: new Map([[1, { x: 1 }]]),
      set: new Set([2]),
      bytes: new Uint8Array([3]),
      error,
    };
    const snapshot = codec.snapshot(foreign as Snapshot, () => {});
    expect(difference(snapshot, expected)).toBeUndefined();
    expect(difference(codec.decode(codec.encode(snapshot)), expected)).toBeUndefined();
  });
});

describe('references to the same object', () => {
  const doubling = (levels: number): unknown => {
    let value: unknown = { leaf: true };
    for (let level = 0; level < levels; level++) value = { left: value, right: value };
    return value;
  };

  test('are copied separately', () => {
    const part = { n: 1 };
    const [first, second] = copy([part, part]) as [object, object];
    expect(first).toEqual(part);
    expect(second).toEqual(part);
    expect(first).not.toBe(second);
    expect(difference(copy(doubling(8)), doubling(8))).toBeUndefined();
  });

  test('that reach an object in 2^60 ways are quickly refused because of the size', () => {
    const codec = new DetailsCodec(undefined, undefined);
    const began = cpuMs();
    expect(() => codec.snapshot(doubling(60) as Snapshot, () => {})).toThrow(
      /^details: more than \d+ bytes, but maxHeartbeatDetailsBytes is 2097152;/,
    );
    expect(() => jsonDetails(doubling(60))).toThrow(
      /^details: more than \d+ bytes, but maxHeartbeatDetailsBytes is 2097152;/,
    );
    expect(cpuMs() - began).toBeLessThan(5_000);
  });
});
