/** What counts as progress: details that differ from the ones before. */
import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../../../src/heartbeat/details/codec.js';
import { sameDetails } from '../../../../src/heartbeat/details/same.js';

const named = (name: string): Error => Object.assign(new Error('e'), { name });

const shared = (value: unknown): object => [value, value];

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}

/** Values by kind. No two are the same, but each equals another one made in the same way. */
const kinds: Record<string, (() => unknown)[]> = {
  primitives: [
    () => 1,
    () => 2,
    () => '1',
    () => true,
    () => false,
    () => null,
    () => undefined,
    () => 0,
    () => -0,
    () => NaN,
    () => 1n,
    () => '',
  ],
  objects: [
    () => ({}),
    () => ({ a: 1 }),
    () => ({ a: 2 }),
    () => ({ b: 1 }),
    () => ({ a: 1, b: 1 }),
    () => ({ a: undefined }),
    () => ({ b: undefined }),
    () => ({ a: null }),
    () => ({ a: {} }),
    () => ({ a: { b: 1 } }),
    () => ({ a: { b: 2 } }),
    () => Object.create(null) as object,
    () => new Point(1),
    () => new Point(2),
    () => ({ x: 1 }),
    () => null,
    () => 1,
  ],
  arrays: [
    () => [],
    () => [1],
    () => [2],
    () => [1, 2],
    () => [2, 1],
    () => [1, 2, 3],
    () => [[1], 2],
    () => [[2], 2],
    () => [undefined],
    () => ({ 0: 1 }),
    () => [{ a: 1 }],
    () => [{ a: 2 }],
  ],
  maps: [
    () => new Map(),
    () => new Map([[1, 2]]),
    () => new Map([[1, 3]]),
    () => new Map([[2, 2]]),
    () =>
      new Map([
        [1, 2],
        [3, 4],
      ]),
    () =>
      new Map([
        [3, 4],
        [1, 2],
      ]),
    () => new Map([[{ a: 1 }, 1]]),
    () => new Map([[{ a: 2 }, 1]]),
    () => new Set(),
    () => new Set([1]),
    () => new Set([2]),
    () => new Set([1, 2]),
    () => new Set([[1]]),
    () => new Set([[2]]),
  ],
  views: [
    () => new Uint8Array(),
    () => Uint8Array.of(1),
    () => Uint8Array.of(2),
    () => Uint8Array.of(1, 2),
    () => Int8Array.of(1),
    () => Float64Array.of(1),
    () => Float64Array.of(1.5),
    () => Float64Array.of(NaN),
    () => [1],
  ],
  'the rest': [
    () => new Date(0),
    () => new Date(1),
    () => new URL('https://example.com/a'),
    () => new URL('https://example.com/b'),
    () => /a/,
    () => /b/,
    () => /a/g,
    () => /b/g,
  ],
  errors: [
    () => new Error('a'),
    () => new Error('b'),
    () => new TypeError('a'),
    () => named('A'),
    () => named('B'),
    () => new Error('a', { cause: 1 }),
    () => new Error('a', { cause: 2 }),
    () => new Error('a', { cause: { b: 1 } }),
    () => new Error('a', { cause: new Error('a') }),
    () => new Error('a', { cause: new Error('b') }),
    () => Object.assign(new Error('a'), { code: 1 }),
    () => Object.assign(new Error('a'), { code: 2 }),
  ],
  'values that are met twice': [() => shared({ a: 1 }), () => shared({ a: 2 }), () => shared([])],
};

describe.each(Object.entries(kinds))('%s', (_, makers) => {
  test('equal others that are made in the same way', () => {
    for (const make of makers) {
      expect(sameDetails(make() as Snapshot, make() as Snapshot), String(make)).toBe(true);
    }
  });

  test('do not equal any other details', () => {
    for (const a of makers) {
      for (const b of makers) {
        if (a === b) continue;
        expect(sameDetails(a() as Snapshot, b() as Snapshot), `${String(a)}, ${String(b)}`).toBe(
          false,
        );
      }
    }
  });
});

test('one object used for two parts does not equal one with different parts', () => {
  const part = { a: 1 };
  expect(sameDetails([part, part], [{ a: 1 }, { a: 1 }])).toBe(true);
  expect(sameDetails([part, part], [{ a: 1 }, { a: 2 }])).toBe(false);
});
