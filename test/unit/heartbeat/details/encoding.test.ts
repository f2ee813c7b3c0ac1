import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { HeartbeatDetailsError } from '../../../../src/index.js';
import { DetailsCodec, type Snapshot } from '../../../../src/heartbeat/details/codec.js';
import type { DetailsSerializer } from '../../../../src/heartbeat/details/encoding.js';
import { difference } from '../../../support/details.js';

class Job {
  readonly id: number;
  readonly payload: unknown;

  constructor(id: number, payload: unknown) {
    this.id = id;
    this.payload = payload;
  }

  get label(): string {
    return `job ${this.id}`;
  }
}

class Money {
  readonly #cents: bigint;
  constructor(cents: bigint) {
    this.#cents = cents;
  }

  get cents(): bigint {
    return this.#cents;
  }
}

class QuotaError extends Error {
  limit = 0;
}

class Lookup extends Map<string, number> {
  comment = '';
}

function registered(dedupe = true): SuperJSON {
  const serializer = new SuperJSON({ dedupe });
  serializer.registerClass(Job);
  serializer.registerCustom<Money, string>(
    {
      isApplicable: (value): value is Money => value instanceof Money,
      serialize: (money) => String(money.cents),
      deserialize: (text) => new Money(BigInt(text)),
    },
    'money',
  );
  serializer.registerCustom<QuotaError, { message: string; limit: number }>(
    {
      isApplicable: (value): value is QuotaError => value instanceof QuotaError,
      serialize: ({ message, limit }) => ({ message, limit }),
      deserialize: ({ message, limit }) => Object.assign(new QuotaError(message), { limit }),
    },
    'quota',
  );
  serializer.registerCustom<Lookup, { entries: [string, number][]; comment: string }>(
    {
      isApplicable: (value): value is Lookup => value instanceof Lookup,
      serialize: (lookup) => ({ entries: [...lookup], comment: lookup.comment }),
      deserialize: ({ entries, comment }) => Object.assign(new Lookup(entries), { comment }),
    },
    'lookup',
  );
  return serializer;
}

/** Through a copy in memory, and through text as a store keeps it. */
const ways: readonly (readonly [
  string,
  (details: Snapshot, serializer?: DetailsSerializer) => unknown,
])[] = [
  [
    'in memory',
    (details, serializer = registered()) => {
      const codec = new DetailsCodec(serializer, undefined);
      return codec.copy(codec.snapshot(details, () => {}));
    },
  ],
  [
    'as text',
    (details, serializer = registered()) => {
      const codec = new DetailsCodec(serializer, undefined);
      return codec.decode(codec.encode(codec.snapshot(details, () => {})));
    },
  ],
];

describe.each(ways)('registered classes, %s', (_, through) => {
  test('an instance comes back as an instance, its fields copied', () => {
    const payload = { rows: [1] };
    const job = new Job(7, payload);
    const back = through({ jobs: [job] }) as { jobs: Job[] };
    payload.rows.push(2);
    expect(back.jobs[0]).toBeInstanceOf(Job);
    expect(back.jobs[0]).not.toBe(job);
    expect(back.jobs[0]).toEqual(new Job(7, { rows: [1] }));
    expect(back.jobs[0]!.label).toBe('job 7');
  });

  test('an instance may be the whole of the details', () => {
    expect(through(new Job(1, null))).toEqual(new Job(1, null));
    expect((through(new Money(5n)) as Money).cents).toBe(5n);
  });

  test('a custom transformation is used, and makes a new value each time', () => {
    const money = new Money(12n);
    const back = through({ money }) as { money: Money };
    expect(back.money).toBeInstanceOf(Money);
    expect(back.money).not.toBe(money);
    expect(back.money.cents).toBe(12n);
  });

  test('a registered class that extends Error is more than an error', () => {
    const back = through({ error: Object.assign(new QuotaError('full'), { limit: 5 }) });
    const { error } = back as { error: QuotaError };
    expect(error).toBeInstanceOf(QuotaError);
    expect(error.limit).toBe(5);
  });

  test('a registered class that extends Map is more than a map', () => {
    const lookup = Object.assign(new Lookup([['a', 1]]), { comment: 'c' });
    const back = through({ lookup }) as { lookup: Lookup };
    expect(back.lookup).toBeInstanceOf(Lookup);
    expect(back.lookup.get('a')).toBe(1);
    expect(back.lookup.comment).toBe('c');
  });

  test('what is allowed outside an instance is as good inside one', () => {
    const payload = (): unknown => ({
      floats: new Float64Array([NaN, -0, 1.5]),
      map: new Map<unknown, unknown>([[{ k: 1 }, -0]]),
      set: new Set([NaN]),
      error: new RangeError('r', { cause: { at: new Date(5) } }),
      missing: undefined,
      '@@systole': 'map',
      'a.b': /x/g,
      url: new URL('https://example.com/'),
    });
    const back = through({ job: new Job(1, payload()) }) as { job: Job };
    expect(back.job).toBeInstanceOf(Job);
    expect(difference(back.job.payload, payload())).toBeUndefined();
  });

  test('an object reached from inside an instance and from outside stays one object', () => {
    const shared = { n: 1 };
    const back = through({ job: new Job(1, shared), shared }) as { job: Job; shared: object };
    expect(back.job.payload).toBe(back.shared);
  });

  test('an instance reached twice stays one instance', () => {
    const job = new Job(1, null);
    const money = new Money(1n);
    const back = through({ a: job, b: job, c: money, d: [money], e: new Set([job]) }) as {
      a: Job;
      b: Job;
      c: Money;
      d: Money[];
      e: Set<Job>;
    };
    expect(back.a).toBe(back.b);
    expect(back.c).toBe(back.d[0]);
    expect([...back.e][0]).toBe(back.a);
  });

  test('a cycle through an instance is kept', () => {
    const root: Record<string, unknown> = {};
    root.job = new Job(1, root);
    const back = through(root) as { job: Job };
    expect(back.job.payload).toBe(back);
  });

  test('an instance may hold an instance', () => {
    const back = through(new Job(1, new Job(2, [new Money(3n)]))) as Job;
    const inner = back.payload as Job;
    expect(inner).toBeInstanceOf(Job);
    expect((inner.payload as Money[])[0]!.cents).toBe(3n);
  });

  test('what is not allowed is refused inside an instance, with its path', () => {
    expect(() => through({ jobs: [new Job(1, { cb: () => 1 })] })).toThrow(
      /^details\.jobs\[0\]\.payload\.cb: function/,
    );
  });
});

test('a class that is not registered stays refused beside those that are', () => {
  class Other {
    readonly id = 1;
  }
  const codec = new DetailsCodec(registered(), undefined);
  expect(() => codec.snapshot({ o: new Other() }, () => {})).toThrow(
    /^details\.o: an instance of Other/,
  );
});

test('a transformation that throws is a refusal with its path', () => {
  const serializer = new SuperJSON();
  serializer.registerCustom<Money, string>(
    {
      isApplicable: (value): value is Money => value instanceof Money,
      serialize: () => {
        throw new Error('no');
      },
      deserialize: () => new Money(0n),
    },
    'money',
  );
  const codec = new DetailsCodec(serializer, undefined);
  expect(() => codec.snapshot({ m: new Money(1n) }, () => {})).toThrow(
    new HeartbeatDetailsError(
      'details.m: an instance of Money; heartbeat details must be data that can be copied and ' +
        "stored: pass its fields, or register its class on the runtime's serializer",
      { path: 'details.m' },
    ),
  );
});

test('a class registered for its fields, whose instances are more than those, is refused', () => {
  const serializer = new SuperJSON();
  serializer.registerClass(QuotaError);
  serializer.registerClass(Lookup);
  const codec = new DetailsCodec(serializer, undefined);
  for (const value of [new QuotaError('full'), new Lookup([['a', 1]])]) {
    expect(() => codec.snapshot({ value }, () => {})).toThrow(
      `details.value: an instance of ${value.constructor.name}, more than its fields (see registerCustom);`,
    );
  }
});

test('registerCustom is asked before a Buffer is a Uint8Array, and a list of its own an array', () => {
  class Rows extends Array<number> {}
  const serializer = new SuperJSON();
  serializer.registerCustom<Buffer, string>(
    {
      isApplicable: (value): value is Buffer => Buffer.isBuffer(value),
      serialize: (buffer) => buffer.toString('base64'),
      deserialize: (text) => Buffer.from(text, 'base64'),
    },
    'Buffer',
  );
  serializer.registerCustom<Rows, number[]>(
    {
      isApplicable: (value): value is Rows => value instanceof Rows,
      serialize: (rows) => Array.from(rows),
      deserialize: (numbers) => {
        const rows = new Rows();
        rows.push(...numbers);
        return rows;
      },
    },
    'Rows',
  );
  const codec = new DetailsCodec(serializer, undefined);
  const details = { buffer: Buffer.from('abc'), rows: new Rows(1, 2), plain: new Uint8Array(2) };
  const snapshot = codec.snapshot(details, () => {});
  for (const copy of [codec.copy(snapshot), codec.decode(codec.encode(snapshot))]) {
    const { buffer, rows, plain } = copy as typeof details;
    expect(Buffer.isBuffer(buffer) && buffer.toString()).toBe('abc');
    expect(rows).toBeInstanceOf(Rows);
    expect([...rows]).toEqual([1, 2]);
    expect(plain.constructor).toBe(Uint8Array);
  }
});

describe('text', () => {
  const codec = new DetailsCodec(undefined, undefined);

  test('plain details are the plain JSON of superjson', () => {
    expect(codec.encode({ line: 5 })).toBe('{"json":{"line":5}}');
    expect(codec.decode('{"json":{"line":5}}')).toEqual({ line: 5 });
    expect(codec.decode('{"json":null}')).toBeNull();
  });

  const tagged = (rest: string): string => `{"json":{"@@systole":${rest}}}`;
  const view = (of: string): string => tagged(`"view","of":"${of}","value":[]`);

  test.each([
    ['null', 'without json'],
    ['5', 'without json'],
    ['"text"', 'without json'],
    ['[]', 'without json'],
    ['{}', 'without json'],
    ['{"line":5}', 'without json'],
    ['{"json":1,"meta":5}', 'of its meta'],
    ['{"json":1,"meta":null}', 'of its meta'],
    ['{"json":null,"meta":{"values":["undefined"]}}', 'undefined'],
    ['{"json":{"a":{"__proto__":{"polluted":1}}}}', 'with a key __proto__'],
    ['{"json":1,"meta":{"values":{"__proto__":1}}}', 'with a key __proto__'],
    [tagged('"no such tag","value":[]'), 'of a tag no such tag'],
    [tagged('null'), 'of a tag null'],
    [tagged('"same"'), 'of a reference to nothing'],
    [tagged('"same","value":0'), 'of a reference to nothing'],
    ['{"json":[{"@@systole":"same","value":1}]}', 'of a reference to nothing'],
    ['{"json":[{"@@systole":"same","value":"length"}]}', 'of a reference to nothing'],
    ['{"json":[{"@@systole":"same","value":"__proto__"}]}', 'of a reference to nothing'],
    [tagged('"map"'), 'without a list'],
    [tagged('"map","value":[1]'), 'without a list'],
    [tagged('"map","value":["ab"]'), 'without a list'],
    [tagged('"error"'), 'of a tag error'],
    [tagged('"error","value":5'), 'of a tag error'],
    [tagged('"set","value":5'), 'without a list'],
    [tagged('"set","value":{"length":1}'), 'without a list'],
    [tagged('"object"'), 'without fields'],
    [tagged('"object","value":null'), 'without fields'],
    [tagged('"object","value":5'), 'without fields'],
    [tagged('"instance","of":{},"value":"ab"'), 'without fields'],
    [tagged('"instance","of":5,"value":{}'), 'of a tag instance'],
    [tagged('"instance","value":{}'), 'of a tag instance'],
    [tagged('"view","value":[]'), 'of a tag view'],
    [tagged('"view","of":"Uint8Array"'), 'without a list'],
    [tagged('"view","of":"Uint8Array","value":5'), 'without a list'],
    [view('Function'), 'of a tag view'],
    [view('SharedArrayBuffer'), 'of a tag view'],
    [view('BigInt64Array'), 'of a tag view'],
    [view('Uint9Array'), 'of a tag view'],
    [view('MyUint8Array'), 'of a tag view'],
    [view('Uint8ArrayOfMine'), 'of a tag view'],
    [view('MyFloat64Array'), 'of a tag view'],
    [view('Float64ArrayOfMine'), 'of a tag view'],
  ])('%s is not the text of details: %s', (text, why) => {
    expect(() => codec.decode(text)).toThrow(new TypeError(`not heartbeat details: ${why}`));
  });

  test.each<[string, string, RegExp | ErrorConstructor]>([
    ['nothing', '', SyntaxError],
    ['no JSON', 'nonsense', SyntaxError],
    ['half of it', '{', SyntaxError],
    [
      'an unknown type',
      '{"json":{"a":1},"meta":{"values":{"a":["no such type"]}}}',
      /no such type/,
    ],
    ['an unknown symbol', '{"json":{"a":1},"meta":{"values":{"a":[["symbol","s"]]}}}', /symbol/],
    [
      'an unknown class',
      '{"json":{"a":{}},"meta":{"values":{"a":[["class","Job"]]}}}',
      /class 'Job'/,
    ],
    ['no date', '{"json":"no date","meta":{"values":["Date"]}}', /^details: an invalid Date/],
    ['101 levels', `{"json":${'['.repeat(101)}${']'.repeat(101)}}`, /nested deeper than 100/],
    [
      '50000 levels',
      `{"json":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      /call stack|nested deeper/,
    ],
  ])('%s is not the text of details', (_, text, error) => {
    expect(() => codec.decode(text)).toThrow(error);
  });

  test.each([
    '{"json":{"__proto__":{"polluted":1}}}',
    '{"json":{"a":{"__proto__":{"polluted":1}}}}',
    '{"json":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"json":{"@@systole":"object","value":{"__proto__":{"polluted":1}}}}',
    '{"json":{"@@systole":"map","value":[["a",{"__proto__":{"polluted":1}}]]}}',
    '{"json":{},"meta":{"values":{"__proto__":{"polluted":["Date"]}}}}',
    '{"json":{},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
    '{"json":{},"meta":{"values":{"constructor":{"prototype":{"polluted":["Date"]}}}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["__proto__.polluted"]}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["constructor.prototype.polluted"]}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":[["__proto__.polluted"]]}}',
    '{"json":{"polluted":1,"a":[]},"meta":{"referentialEqualities":{"polluted":["a.__proto__.polluted"]}}}',
  ])('no text pollutes a prototype: %s', (text) => {
    let details: unknown;
    try {
      details = codec.decode(text);
    } catch {
      // refused is as good
    }
    for (const sample of [{}, [], () => 1, new Map(), details]) {
      expect((sample as { polluted?: unknown } | undefined)?.polluted).toBeUndefined();
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('an object of a user with the key of our tag is not taken for one of ours', () => {
    for (const value of [
      'map',
      'set',
      'view',
      'error',
      'object',
      5,
      null,
      { '@@systole': 'map' },
    ]) {
      const details = { '@@systole': value, value: [[1, 2]], view: 'Uint8Array' };
      expect(difference(codec.decode(codec.encode(details)), details)).toBeUndefined();
    }
  });
});

test('any serializer with two methods will do', () => {
  const plain: DetailsSerializer = {
    serialize: (json) => ({ json }),
    deserialize: ({ json }) => json,
  };
  const codec = new DetailsCodec(plain, undefined);
  const details = { line: 5, rows: new Map([['a', new Set([1])]]) };
  expect(codec.decode(codec.encode(codec.snapshot(details, () => {})))).toEqual(details);
});
