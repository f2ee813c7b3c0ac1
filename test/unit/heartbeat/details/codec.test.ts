import { SuperJSON } from 'superjson';
import { describe, expect, test, vi } from 'vitest';
import { HeartbeatDetailsError, type ActivityContext } from '../../../../src/index.js';
import { DetailsCodec, type Snapshot } from '../../../../src/heartbeat/details/codec.js';
import type { DetailsSerializer } from '../../../../src/heartbeat/details/encoding.js';
import { Harness, never } from '../../../support/harness.js';

const KIB = 1024;
const MIB = KIB * KIB;

/** The size that is counted: UTF-8 bytes of the text. */
const overhead = '{"json":""}'.length;
const ofBytes = (bytes: number): string => 'x'.repeat(bytes - overhead);

/** Sizes that a snapshot warned about. Throws what the snapshot throws. */
function warnings(details: unknown, maxBytes?: number, serializer?: DetailsSerializer): number[] {
  const sizes: number[] = [];
  new DetailsCodec(serializer, maxBytes).snapshot(details as Snapshot, (bytes) => {
    sizes.push(bytes);
  });
  return sizes;
}

describe('the size of details', () => {
  test('up to 256 KiB causes no warning, and above it the warning has the size', () => {
    expect(warnings(ofBytes(256 * KIB))).toEqual([]);
    expect(warnings(ofBytes(256 * KIB + 1))).toEqual([256 * KIB + 1]);
  });

  test('up to 2 MiB is accepted, and above it the error names the limit and the option', () => {
    expect(warnings(ofBytes(2 * MIB))).toEqual([2 * MIB]);
    expect(() => warnings(ofBytes(2 * MIB + 1))).toThrow(
      new HeartbeatDetailsError(
        'details: 2097153 bytes, but maxHeartbeatDetailsBytes is 2097152; keep a ' +
          'cursor, not the data',
        { path: 'details' },
      ),
    );
  });

  test('has a limit that can be lower or higher', () => {
    expect(warnings(ofBytes(100), 100)).toEqual([]);
    expect(() => warnings(ofBytes(101), 100)).toThrow(HeartbeatDetailsError);
    expect(warnings(ofBytes(3 * MIB), 4 * MIB)).toEqual([3 * MIB]);
    expect(warnings(ofBytes(3 * MIB), Infinity)).toEqual([3 * MIB]);
  });

  test.each([
    // characters, bytes: over the limit, so the text is not even written
    [97, '108'],
    [98, 'more than 101'],
    [3 * MIB, 'more than 3145731'],
  ])(
    'of a string of %d characters is reported as %s bytes, over a limit of 100',
    (length, bytes) => {
      expect(() => warnings('x'.repeat(length), 100)).toThrow(
        new HeartbeatDetailsError(
          `details: ${bytes} bytes, but maxHeartbeatDetailsBytes is 100; keep a ` +
            'cursor, not the data',
          { path: 'details' },
        ),
      );
    },
  );

  test('is known without a TextEncoder, which jsdom lacks', () => {
    vi.stubGlobal('TextEncoder', undefined);
    try {
      expect(warnings('€'.repeat(100 * KIB))).toEqual([3 * 100 * KIB + overhead]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('is known without encoding details that can only be small', () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      expect(warnings({ line: 5, name: 'x'.repeat(1_000), rows: [[1], [2]] })).toEqual([]);
      expect(stringify).not.toHaveBeenCalled();
      expect(warnings(ofBytes(257 * KIB))).toEqual([257 * KIB]);
      expect(stringify).toHaveBeenCalledTimes(1);
    } finally {
      stringify.mockRestore();
    }
  });

  test('includes everything that is written around the details', () => {
    const snapshot = (limit: number): unknown =>
      new DetailsCodec(undefined, limit).snapshot('\u0001'.repeat(100), () => {});
    expect(() => snapshot(610)).toThrow(
      /^details: 611 bytes, but maxHeartbeatDetailsBytes is 610;/,
    );
    expect(snapshot(611)).toBe('\u0001'.repeat(100));
  });

  test('can be limited so low that even numbers are refused', () => {
    expect(() => warnings({ n: 1 }, 5)).toThrow(HeartbeatDetailsError);
  });

  test('counts bytes, not characters, and escapes too', () => {
    expect(() => warnings('€'.repeat(MIB))).toThrow(/3145739 bytes/);
    expect(() => warnings('\u0001'.repeat(MIB / 2))).toThrow(/3145739 bytes/);
    expect(warnings('\ud800'.repeat(50 * KIB))).toEqual([6 * 50 * KIB + overhead]);
  });

  class Doc {
    readonly text: string;
    constructor(text: string) {
      this.text = text;
    }
  }
  const custom = new SuperJSON();
  custom.registerCustom<Doc, string>(
    {
      isApplicable: (value): value is Doc => value instanceof Doc,
      serialize: ({ text }) => text,
      deserialize: (text) => new Doc(text),
    },
    'doc',
  );
  const asClass = new SuperJSON();
  asClass.registerClass(Doc);

  const long = 'x'.repeat(64 * KIB);
  const one = {};
  const big: [string, unknown, DetailsSerializer?][] = [
    ['a string', long],
    ['a key', { [long]: 1 }],
    ['a nested key', { a: { [long]: { b: {} } } }],
    ['a string in an array', [long]],
    ['a map key', new Map([[long, 1]])],
    ['a set item', new Set([long])],
    ['an error message', new Error(long)],
    ['an error name', Object.assign(new Error('e'), { name: long })],
    ['a cause', new Error('e', { cause: long })],
    ['a URL', new URL(`https://example.com/${long}`)],
    ['a RegExp', new RegExp(long)],
    ['a bigint', 16n ** BigInt(64 * KIB)],
    ['a Uint8Array', new Uint8Array(32 * KIB).fill(200)],
    ['a Float32Array', new Float32Array(8 * KIB).fill(-1.1754943508222875e-38)],
    ['an array of small numbers', Array<number>(32 * KIB).fill(1)],
    ['an array of undefined', Array<undefined>(8 * KIB).fill(undefined)],
    ['an array of empty objects', Array.from({ length: 24 * KIB }, () => ({}))],
    ['an array of dates', Array.from({ length: 2 * KIB }, () => new Date(0))],
    ['an array of references to one object', Array<object>(24 * KIB).fill(one)],
    ['an instance of a registered class', new Doc(long), asClass],
    ['an instance with a custom transformation', [new Doc(long)], custom],
  ];
  for (const [what, details, serializer] of big) {
    test(`counts ${what}`, () => {
      expect(() => warnings(details, 64 * KIB, serializer)).toThrow(HeartbeatDetailsError);
    });
  }
});

/** A running attempt, its context taken out of it. */
function running(
  options: ConstructorParameters<typeof Harness>[0] = {},
  call: object = {},
): { harness: Harness; ctx: ActivityContext; resumed: () => unknown } {
  const harness = new Harness(options);
  let ctx!: ActivityContext;
  let resumed: unknown = 'not yet';
  const work = (context: ActivityContext): unknown => {
    if (context.info.attempt > 1) {
      resumed = context.hasHeartbeatDetails ? context.heartbeatDetails : 'none';
      return undefined;
    }
    ctx = context;
    return never();
  };
  harness.watch(
    harness.run(work, { heartbeatTimeout: 1_000, heartbeatThrottleInterval: 0, ...call }),
  );
  return { harness, ctx, resumed: () => resumed };
}

describe('heartbeat()', () => {
  test('without details, or with undefined, keeps the last ones and reports nothing', async () => {
    const { harness, ctx, resumed } = running();
    ctx.heartbeat(1);
    ctx.heartbeat();
    ctx.heartbeat(undefined);
    expect(harness.of('heartbeat').map(({ details }) => details)).toEqual([1]);
    await harness.advance(2_500);
    expect(resumed()).toBe(1);
  });

  test('with null replaces the last ones by null', async () => {
    const { harness, ctx, resumed } = running();
    ctx.heartbeat(1);
    ctx.heartbeat(null);
    expect(harness.of('heartbeat').map(({ details }) => details)).toEqual([1, null]);
    await harness.advance(2_500);
    expect(resumed()).toBeNull();
  });

  test('alone reports that the attempt is alive and leaves no details', async () => {
    const { harness, ctx, resumed } = running();
    await harness.advance(900);
    ctx.heartbeat();
    await harness.advance(900);
    expect(harness.of('attemptFailed')).toEqual([]);
    await harness.advance(2_500);
    expect(resumed()).toBe('none');
  });

  test('takes false, 0, the empty string and NaN as details', async () => {
    for (const details of [false, 0, '', NaN, -0, 0n]) {
      const { harness, ctx, resumed } = running();
      ctx.heartbeat(details);
      await harness.advance(2_500);
      expect(resumed()).toBe(details);
    }
  });

  test.each([
    ['unsupported', () => 1],
    ['too large', 'x'.repeat(2 * MIB)],
  ])(
    'with details that cannot be copied (%s) keeps the earlier ones and counts as alive',
    async (_, bad) => {
      const { harness, ctx, resumed } = running();
      ctx.heartbeat({ line: 1 });
      await harness.advance(900);
      expect(() => ctx.heartbeat(bad)).toThrow(HeartbeatDetailsError);
      await harness.advance(900);
      expect(harness.of('attemptFailed')).toEqual([]);
      expect(harness.of('heartbeat').map(({ details }) => details)).toEqual([{ line: 1 }]);
      await harness.advance(2_500);
      expect(harness.of('attemptFailed')[0]!.failure).toMatchObject({
        lastHeartbeatDetails: { line: 1 },
      });
      expect(resumed()).toEqual({ line: 1 });
    },
  );

  test('with details that cannot be copied fails the activity for good if it does not catch the error', async () => {
    const harness = new Harness();
    const ran = harness.watch(
      harness.run((ctx) => {
        ctx.heartbeat({ rows: [{ cb: () => 1 }] });
      }),
    );
    await harness.advance(10_000);
    expect(ran.outcome).toMatchObject({
      state: 'rejected',
      error: {
        retryState: 'NON_RETRYABLE_FAILURE',
        attempt: 1,
        cause: { name: 'HeartbeatDetailsError', path: 'details.rows[0].cb' },
      },
    });
  });

  test('with details that cannot be copied does no harm if the activity catches the error', async () => {
    const harness = new Harness();
    const ran = harness.run((ctx) => {
      expect(() => ctx.heartbeat(Symbol('s'))).toThrow(HeartbeatDetailsError);
      return 'done';
    });
    await expect(ran).resolves.toBe('done');
  });

  test('after the end of the attempt does nothing, even with bad details', async () => {
    const { harness, ctx } = running();
    await harness.advance(1_004);
    expect(harness.of('attemptFailed')).toHaveLength(1);
    ctx.heartbeat(1);
    ctx.heartbeat(() => 1);
    expect(harness.of('heartbeat')).toEqual([]);
  });

  test('with large details warns once per activity', () => {
    const { harness, ctx } = running();
    for (let n = 0; n < 3; n++) ctx.heartbeat({ n, text: 'x'.repeat(300 * KIB) });
    const said = harness.logs.filter(({ message }) => message.includes('bytes'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ level: 'warn', attributes: { attempt: 1 } });
    expect(harness.of('heartbeat')).toHaveLength(3);
  });

  test('obeys maxHeartbeatDetailsBytes of the runtime', () => {
    const { ctx } = running({ maxHeartbeatDetailsBytes: 100 });
    ctx.heartbeat('x'.repeat(80));
    expect(() => ctx.heartbeat('x'.repeat(100))).toThrow(/maxHeartbeatDetailsBytes is 100;/);
  });

  test("keeps instances of the classes of the runtime's serializer for the retry", async () => {
    class Cursor {
      readonly line: number;
      constructor(line: number) {
        this.line = line;
      }
    }
    const serializer = new SuperJSON();
    serializer.registerClass(Cursor);
    const { harness, ctx, resumed } = running({ serializer });
    const cursor = new Cursor(5);
    ctx.heartbeat(cursor);
    await harness.advance(2_500);
    expect(resumed()).toBeInstanceOf(Cursor);
    expect(resumed()).toEqual(new Cursor(5));
    expect(resumed()).not.toBe(cursor);
  });

  test('accepts a getter that heartbeats itself', async () => {
    const { harness, ctx, resumed } = running();
    ctx.heartbeat({
      get line(): number {
        ctx.heartbeat('from inside');
        return 1;
      },
    });
    await harness.advance(2_500);
    expect(resumed()).toEqual({ line: 1 });
  });

  test('keeps details through attempts that never heartbeat', async () => {
    const harness = new Harness();
    const seen: unknown[] = [];
    harness.watch(
      harness.run((ctx) => {
        seen.push(ctx.heartbeatDetails);
        if (ctx.info.attempt === 1) ctx.heartbeat('first');
        if (ctx.info.attempt < 4) throw new Error('again');
      }),
    );
    await harness.advance(10_000);
    expect(seen).toEqual([undefined, 'first', 'first', 'first']);
  });
});

describe('a serializer that fails after the heartbeat', () => {
  class Place {
    line = 1;
  }

  test('is called once for each instance, so the report is complete', () => {
    const places = new SuperJSON();
    places.registerClass(Place);
    let asked = 0;
    const serializer: DetailsSerializer = {
      serialize: (value) => {
        if (++asked > 1) throw new Error('cannot write');
        return places.serialize(value);
      },
      deserialize: (payload) => places.deserialize(payload as never),
    };
    const codec = new DetailsCodec(serializer, undefined);
    const snapshot = codec.snapshot({ place: new Place() }, () => {});
    const text = codec.encode(snapshot);
    expect(codec.encode(snapshot)).toBe(text);
    expect(asked).toBe(1);
    expect(new DetailsCodec(places, undefined).decode(text)).toEqual({ place: new Place() });
  });

  test('does not affect what a transformation returned at the heartbeat', () => {
    class Doc {
      readonly data = { line: 1 };
    }
    const docs = new SuperJSON();
    docs.registerCustom<Doc, { line: number }>(
      {
        isApplicable: (value): value is Doc => value instanceof Doc,
        serialize: ({ data }) => data,
        deserialize: (data) => Object.assign(new Doc(), { data }),
      },
      'doc',
    );
    const codec = new DetailsCodec(docs, undefined);
    const doc = new Doc();
    const snapshot = codec.snapshot({ doc }, () => {});
    doc.data.line = 2;
    for (const back of [codec.copy(snapshot), codec.decode(codec.encode(snapshot))]) {
      expect(back).toEqual({ doc: new Doc() });
    }
  });
});
