/** The lower bound for the size of details, because most details are never encoded. */
import { describe, expect, test } from 'vitest';
import { copyDetails } from '../../../../src/heartbeat/details/copy.js';
import { DetailsEncoding } from '../../../../src/heartbeat/details/encoding.js';
import { mostBytes, utf8Bytes } from '../../../../src/heartbeat/details/size.js';

const MANY = 500;
const LONG = 'x'.repeat(2_000);
const many = (make: (index: number) => unknown): unknown[] =>
  Array.from({ length: MANY }, (_, index) => make(index));
const fields = (make: (index: number) => unknown): object =>
  Object.fromEntries(many(make).map((value, index) => [`key number ${index}`, value]));

/** Details whose size comes from one thing. */
const shapes: [what: string, details: unknown][] = [
  ['a string', LONG],
  ['a string of escapes', '\u0001'.repeat(500)],
  ['a flat object of strings', fields(() => LONG)],
  ['a flat object of short strings', fields(() => '')],
  ['a flat object of long numbers', fields(() => -1.7976931348623157e308)],
  ['a flat object of booleans', fields((index) => index % 2 === 0)],
  ['a flat object of null', fields(() => null)],
  ['a flat object of undefined', fields(() => undefined)],
  ['a flat object of NaN', fields(() => NaN)],
  ['a flat object of -0', fields(() => -0)],
  ['a flat object of Infinity', fields(() => -Infinity)],
  ['a flat object of bigints', fields((index) => 10n ** BigInt(index))],
  ['a flat object of long keys', { [LONG]: 1, [`${LONG}1`]: 2 }],
  ['an array of strings', many(() => LONG)],
  ['an array of short strings', many(() => '')],
  ['an array of long numbers', many(() => -1.7976931348623157e308)],
  ['an array of digits', many(() => 1)],
  ['an array of false', many(() => false)],
  ['an array of undefined', many(() => undefined)],
  ['an array of -0', many(() => -0)],
  ['an array of bigints', many((index) => -(10n ** BigInt(index)))],
  ['an array of empty objects', many(() => ({}))],
  ['an array of empty arrays', many(() => [])],
  ['nested objects', { a: fields(() => ({ b: 1 })) }],
  ['nested objects with long keys', { a: { [LONG]: { [LONG]: [1] } } }],
  ['undefined below long keys', { a: { [LONG]: { [`${LONG}2`]: [undefined, undefined] } } }],
  ['dates below long keys', { a: { [LONG]: { [`${LONG}2`]: [new Date(0), new Date(1)] } } }],
  ['undefined in an array of arrays', [many(() => undefined), many(() => [undefined])]],
  ['a map', new Map(many((index) => [`key ${index}`, index]) as [string, number][])],
  ['a map of maps', new Map(many((index) => [index, new Map([[1, 2]])]) as [number, object][])],
  ['a set', new Set(many((index) => `item ${index}`))],
  ['a set of dates', new Set(many((index) => new Date(index)))],
  ['URLs', many((index) => new URL(`https://example.com/${index}/${LONG}`))],
  ['regular expressions', many(() => new RegExp(LONG, 'gu'))],
  ['errors', many((index) => new Error(`${LONG} ${index}`, { cause: index }))],
  ['errors with long names', many(() => Object.assign(new Error(''), { name: LONG }))],
  ['bytes', new Uint8Array(2_000).fill(200)],
  ['one-digit bytes', new Uint8Array(2_000)],
  ['16-bit numbers', new Int16Array(2_000).fill(-32_768)],
  ['32-bit numbers', new Uint32Array(2_000).fill(4_294_967_295)],
  ['floats', new Float64Array(2_000).fill(-1.7976931348623157e308)],
  ['small floats', new Float32Array(2_000).fill(1)],
  ['one object many times', Array<object>(MANY).fill({ a: 1 })],
  [
    'one object in many fields',
    {
      a: fields(
        (
          (one) => () =>
            one
        )({ b: 1 }),
      ),
    },
  ],
];

const encoding = new DetailsEncoding(undefined);

describe.each(shapes)('the size of %s', (_, details) => {
  const { value, size } = copyDetails(details);
  const bytes = new TextEncoder().encode(encoding.encode(value)).length;

  test('is between the bounds', () => {
    expect(bytes).toBeLessThanOrEqual(mostBytes(size));
    expect(bytes).toBeGreaterThanOrEqual(size);
  });
});

test.each<[what: string, unit: unknown, size: number]>([
  ['a string', 'abcde', 5 + 3],
  ['a number', 12, 2],
  ['a number of more than 32 bits', 2 ** 31, 4],
  ['a fraction', 0.5, 4],
  ['a number that JSON lacks', NaN, 8],
  ['-0', -0, 8],
  ['true', true, 5],
  ['null', null, 5],
  ['undefined', undefined, 8],
  ['a bigint', 255n, 2 + 8],
  ['a flat object', { abc: 'de', f: 1 }, 1 + (6 + 5) + (4 + 2)],
  ['undefined in a flat object', { abc: undefined }, 1 + 6 + (8 + 3)],
  ['a nested object', { abc: { d: 1 } }, 1 + 6 + 1 + 4 + 2],
  ['undefined in an array', [[undefined]], 1 + 1 + (8 + 4)],
  ['undefined below a key', { abc: [undefined] }, 1 + 6 + 1 + (8 + 4 + 2)],
  ['a date', [new Date(0)], 1 + 1 + (8 + 2)],
  ['undefined in a set below a key', { abc: new Set([undefined]) }, 1 + 6 + 1 + (8 + 4) + (8 + 2)],
  ['numbers of two bytes', Int16Array.of(1, 2, 3), 1 + 8 + 12],
])('the size of %s has the expected lower bound', (_, unit, size) => {
  expect(copyDetails(unit).size).toBe(size);
});

test.each(['', 'abc', '\u0080é', '€', '👩‍👩‍👧', 'a€👧b', '\u07ff\u0800\uffff'])(
  'the UTF-8 bytes of %j are those of a TextEncoder',
  (text) => {
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
  },
);

describe('details that are certainly too large', () => {
  const LIMIT = 1_000;

  test.each<[what: string, item: () => unknown]>([
    ['strings', () => ({ a: ['x'.repeat(100)] })],
    ['keys', () => ({ ['x'.repeat(100)]: {} })],
    ['objects', () => [{}, [], {}]],
    ['numbers', () => [1, 2, 3]],
    ['bytes', () => new Uint8Array(100)],
  ])('stop the walk early: %s', (_, item) => {
    let read = 0;
    const items = Array.from({ length: 5_000 }, () =>
      Object.defineProperty({}, 'item', {
        enumerable: true,
        get() {
          read++;
          return item();
        },
      }),
    );
    expect(() => copyDetails(items, undefined, LIMIT)).toThrow(
      /^details: more than 1\d{3} bytes, /,
    );
    expect(read).toBeLessThan(200);
    expect(read * 250).toBeGreaterThan(LIMIT);
  });

  test('are copied whole if they are just within the limit', () => {
    const details = { a: [{}, 'x'.repeat(500), {}] };
    const { size } = copyDetails(details);
    expect(copyDetails(details, undefined, size).value).toEqual(details);
  });
});
