import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import { HeartbeatDetailsError } from '../../../../src/index.js';
import { DetailsCodec, type Snapshot } from '../../../../src/heartbeat/details/codec.js';
import type { DetailsSerializer } from '../../../../src/heartbeat/details/encoding.js';
import { difference } from '../../../support/details.js';
import { cpuMs } from '../../../support/cpu.js';

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

/** Through a copy in memory, and through text, as in a store. */
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
  test('an instance comes back as an instance with copied fields', () => {
    const payload = { rows: [1] };
    const job = new Job(7, payload);
    const back = through({ jobs: [job] }) as { jobs: Job[] };
    payload.rows.push(2);
    expect(back.jobs[0]).toBeInstanceOf(Job);
    expect(back.jobs[0]).not.toBe(job);
    expect(back.jobs[0]).toEqual(new Job(7, { rows: [1] }));
    expect(back.jobs[0]!.label).toBe('job 7');
  });

  test('an instance may be the details themselves', () => {
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

  test('everything that is allowed outside an instance is allowed inside one', () => {
    const payload = (): unknown => ({
      floats: new Float64Array([NaN, -0, 1.5]),
      map: new Map<unknown, unknown>([[{ k: 1 }, -0]]),
      set: new Set([NaN]),
      error: new RangeError('r', { cause: { at: new Date(5) } }),
      missing: undefined,
      constructor: { prototype: { ['__proto__']: 'own' } },
      bigints: [5n, 5n, -(2n ** 70n)],
      'a.b\\': /x/g,
      url: new URL('https://example.com/'),
    });
    const back = through({ job: new Job(1, payload()) }) as { job: Job };
    expect(back.job).toBeInstanceOf(Job);
    expect(difference(back.job.payload, payload())).toBeUndefined();
  });

  test('an instance that occurs twice is copied twice', () => {
    const job = new Job(1, { n: 1 });
    const money = new Money(1n);
    const back = through({ a: job, b: [job], c: money, d: new Map([[money, job]]) }) as {
      a: Job;
      b: Job[];
    };
    expect(back.a).toEqual(back.b[0]);
    expect(back.a).not.toBe(back.b[0]);
    expect(back.a.payload).not.toBe(back.b[0]!.payload);
  });

  test('a cycle through an instance is refused with its path', () => {
    const root: Record<string, unknown> = {};
    root['job'] = new Job(1, [root]);
    expect(() => through(root)).toThrow(/^details\.job\.payload\[0\]: a cycle; /);
  });

  test('an instance may hold an instance', () => {
    const back = through(new Job(1, new Job(2, [new Money(3n)]))) as Job;
    const inner = back.payload as Job;
    expect(inner).toBeInstanceOf(Job);
    expect((inner.payload as Money[])[0]!.cents).toBe(3n);
  });

  test('fields are defined without calling a setter of the class', () => {
    class Setting {
      called = 0;
      set danger(_: unknown) {
        this.called++;
      }
    }
    const serializer = new SuperJSON();
    serializer.registerClass(Setting);
    const setting = new Setting();
    Object.defineProperty(setting, 'danger', { value: 'own', enumerable: true });
    const back = through({ setting }, serializer) as { setting: Setting };
    expect(back.setting).toBeInstanceOf(Setting);
    expect(back.setting.called).toBe(0);
    expect(Object.entries(back.setting)).toEqual([
      ['called', 0],
      ['danger', 'own'],
    ]);
  });

  test('only properties that were allowed at the registration are kept', () => {
    const serializer = new SuperJSON();
    serializer.registerClass(Job, { allowProps: ['id'] });
    const back = through({ job: new Job(1, 'secret') }, serializer) as { job: Job };
    expect(back.job).toBeInstanceOf(Job);
    expect(Object.entries(back.job)).toEqual([['id', 1]]);
  });

  test('values that are not allowed are refused inside an instance, with their path', () => {
    expect(() => through({ jobs: [new Job(1, { cb: () => 1 })] })).toThrow(
      /^details\.jobs\[0\]\.payload\.cb: function/,
    );
  });
});

test('a class that is not registered is still refused next to registered ones', () => {
  class Other {
    readonly id = 1;
  }
  const codec = new DetailsCodec(registered(), undefined);
  expect(() => codec.snapshot({ o: new Other() }, () => {})).toThrow(
    /^details\.o: an instance of Other/,
  );
});

test('a transformation that throws is refused with its path', () => {
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
      'details.m: an instance of Money; heartbeat details must be data that can be ' +
        "copied: pass its fields, or register its class on the runtime's serializer",
      { path: 'details.m' },
    ),
  );
});

test('a class that is registered for its fields is refused if its instances have more than fields', () => {
  const serializer = new SuperJSON();
  serializer.registerClass(QuotaError);
  serializer.registerClass(Lookup);
  const codec = new DetailsCodec(serializer, undefined);
  for (const value of [new QuotaError('full'), new Lookup([['a', 1]])]) {
    expect(() => codec.snapshot({ value }, () => {})).toThrow(
      `details.value: an instance of ${value.constructor.name}, which needs registerCustom;`,
    );
  }
});

test('registerCustom has priority over the handling of a Buffer and of a derived array', () => {
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

describe('the text of details', () => {
  const codec = new DetailsCodec(undefined, undefined);

  test("is superjson's plain JSON for plain data", () => {
    expect(codec.encode({ line: 5 })).toBe('{"json":{"line":5}}');
    expect(codec.decode('{"json":{"line":5}}')).toEqual({ line: 5 });
    expect(codec.decode('{"json":null}')).toBeNull();
  });

  const noted = (json: string, values: string): string =>
    `{"json":${json},"meta":{"values":${values},"v":1}}`;

  test.each<[text: string, why: string]>([
    ['null', 'no json'],
    ['5', 'no json'],
    ['"text"', 'no json'],
    ['[]', 'no json'],
    ['{}', 'no json'],
    ['{"line":5}', 'no json'],
    ['{"json":1,"meta":5}', 'unknown meta'],
    ['{"json":1,"meta":null}', 'unknown meta'],
    ['{"json":1,"meta":{}}', 'unknown meta'],
    ['{"json":"1","meta":{"values":["Date"]}}', 'unknown meta'],
    ['{"json":"1","meta":{"values":["Date"],"v":0}}', 'unknown meta'],
    ['{"json":{"a":[],"b":[]},"meta":{"referentialEqualities":{"a":["b"]},"v":1}}', 'unknown meta'],
    [
      '{"json":[1],"meta":{"values":["set"],"referentialEqualities":[["0"]],"v":1}}',
      'unknown meta',
    ],
    [noted('null', '["undefined"]'), 'undefined'],
    [noted('1', '[null]'), 'an unknown note "null"'],
    [noted('1', '["Date"]'), 'an unknown note "Date"'],
    [noted('["1"]', '["Date"]'), 'an unknown note "Date"'],
    [noted('"a"', '["no such type"]'), 'an unknown note "no such type"'],
    [noted('"a"', '[["symbol","s"]]'), 'an unknown note "symbol,s"'],
    [noted('[]', '[["typed-array","Uint8Array"]]'), 'an unknown note "typed-array,Uint8Array"'],
    [
      noted('4294967295', '[["typed-array","Uint8Array"]]'),
      'an unknown note "typed-array,Uint8Array"',
    ],
    [noted('{"length":1e9}', '["set"]'), 'an unknown note "set"'],
    [noted('{"length":1e9}', '[["custom","~view"]]'), 'an unknown note "custom,~view"'],
    [noted('"ab"', '["map"]'), 'an unknown note "map"'],
    [noted('{}', '[["class","Job"]]'), 'an unknown note "class,Job"'],
    [noted('{}', '[["custom","money"]]'), 'an unknown note "custom,money"'],
    [noted('{"a":"1"}', '{"b":["Date"]}'), 'a note on nothing'],
    [noted('{"a":"1"}', '{"toString":["Date"]}'), 'a note on nothing'],
    [noted('{"a":"1"}', '{"__proto__.polluted":["Date"]}'), 'a note on nothing'],
    [noted('{"a":"1"}', '{"\\\\a":["Date"]}'), 'a note on nothing'],
    [noted('{"a":["1"]}', '{"a":["set"],"a.0":["Date"]}'), 'a note on nothing'],
    [noted('{"a":{}}', '{"a":{"b":["Date"]}}'), 'a bad note'],
    [
      noted(
        '{"a":{"b":{}}}',
        '{"a":[["custom","~keys"],{"b":[["custom","~keys"]]}],"a.b":[["custom","~keys"]]}',
      ),
      'an unknown note "custom,~keys"',
    ],
    [noted(JSON.stringify(`/${'\\p{L}'.repeat(21)}/u`), '["regexp"]'), 'an unknown note "regexp"'],
    [noted('"http://\u4e00/"', '["URL"]'), 'an unknown note "URL"'],
    [noted('"http:\u4e00"', '["URL"]'), 'an unknown note "URL"'],
    [noted('"http://%E4%B8%80/"', '["URL"]'), 'an unknown note "URL"'],
    [noted('"HTTP://a/"', '["URL"]'), 'an unknown note "URL"'],
  ])('is not %s: %s', (text, why) => {
    expect(() => codec.decode(text)).toThrow(`not heartbeat details: ${why}`);
  });

  test.each<[string, string, RegExp | ErrorConstructor]>([
    ['nothing', '', SyntaxError],
    ['no JSON', 'nonsense', SyntaxError],
    ['half of it', '{', SyntaxError],
    ['text that is not hexadecimal', noted('"xyz"', '[["custom","~bigint"]]'), SyntaxError],
    ['a value that is not a pair', noted('["ab"]', '["map"]'), TypeError],
    [
      'an unknown view',
      noted('["Function",1]', '[["custom","~view"]]'),
      /not heartbeat details: Function/,
    ],
    ['half a number', noted('["Int16Array",1]', '[["custom","~view"]]'), RangeError],
    ['an invalid regular expression', noted('"/(/"', '["regexp"]'), SyntaxError],
    ['no URL', noted('"a"', '["URL"]'), /Invalid URL|host/],
    ['an invalid date', noted('"no date"', '["Date"]'), /^details: an invalid Date/],
    ['a missing payload', noted('{}', '[["custom","~instance"]]'), /no json/],
    ['101 levels', `{"json":${'['.repeat(101)}${']'.repeat(101)}}`, /nested deeper than 100/],
    [
      '50000 levels',
      `{"json":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      /call stack|nested deeper/,
    ],
    [
      'more than the limit',
      `{"json":"${'x'.repeat(2 ** 21)}"}`,
      /^details: 2097163 bytes, but maxHeartbeatDetailsBytes is 2097152/,
    ],
  ])('is not %s', (_, text, error) => {
    expect(() => codec.decode(text)).toThrow(error);
  });

  test('may contain an array-like, a reference or a set at no cost', () => {
    const began = cpuMs();
    const doubling = Array.from(
      { length: 40 },
      (_, level) => `"${'a.'.repeat(level)}a":["${'a.'.repeat(level)}b"]`,
    );
    for (const text of [
      noted('4294967295', '[["typed-array","Uint8Array"]]'),
      noted('{"length":4294967295}', '[["typed-array","Float64Array"]]'),
      noted('{"length":4294967295}', '["set"]'),
      `{"json":{},"meta":{"referentialEqualities":{${doubling.join(',')}}}}`,
      noted(
        `{"a":[${'1,'.repeat(20_000)}1]}`,
        `{"a":["set"],${Array.from({ length: 20_000 }, (_, i) => `"a.${i}":["number"]`).join(',')}}`,
      ),
      noted(JSON.stringify(`/${'\\p{RGI_Emoji}'.repeat(20_000)}/v`), '["regexp"]'),
      noted(
        JSON.stringify(
          `http://${Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('')}/`,
        ),
        '["URL"]',
      ),
    ]) {
      expect(() => codec.decode(text)).toThrow();
    }
    expect(cpuMs() - began).toBeLessThan(2_000);
  });

  test.each([
    '{"json":{"__proto__":{"polluted":1}}}',
    '{"json":{"a":{"__proto__":{"polluted":1}}}}',
    '{"json":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"json":{"__proto__~":{"polluted":1}},"meta":{"values":[["custom","~keys"]],"v":1}}',
    '{"json":{"constructor":{"prototype":{"polluted":"1"}}},"meta":{"values":{"constructor.prototype.polluted":["bigint"]},"v":1}}',
    '{"json":{"a":{}},"meta":{"values":{"a.__proto__.polluted":["undefined"]},"v":1}}',
    '{"json":{},"meta":{"values":{"__proto__":{"polluted":["Date"]}}}}',
    '{"json":{},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
    '{"json":{},"meta":{"values":{"constructor":{"prototype":{"polluted":["Date"]}}}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["__proto__.polluted"]}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":{"a":["constructor.prototype.polluted"]}}}',
    '{"json":{"a":1},"meta":{"referentialEqualities":[["__proto__.polluted"]]}}',
    '{"json":{"polluted":1,"a":[]},"meta":{"referentialEqualities":{"polluted":["a.__proto__.polluted"]}}}',
  ])('never pollutes a prototype: %s', (text) => {
    let details: unknown;
    try {
      details = codec.decode(text);
    } catch {
      // refused is as good
    }
    for (const sample of [{}, [], () => 1, new Map(), Object, details]) {
      expect((sample as { polluted?: unknown } | undefined)?.polluted).toBeUndefined();
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

test('the text of details can come from any serializer with serialize and deserialize', () => {
  const plain: DetailsSerializer = {
    serialize: (json) => ({ json }),
    deserialize: ({ json }) => json,
  };
  const codec = new DetailsCodec(plain, undefined);
  const details = { line: 5, rows: new Map([['a', new Set([1])]]) };
  expect(codec.decode(codec.encode(codec.snapshot(details, () => {})))).toEqual(details);
});
