import { expect, test } from 'vitest';
import { briefly, shown } from '../../../src/timeline/shown.js';

test('a value with a cycle is shown up to the cycle', () => {
  const value: { me?: unknown; twice?: unknown } = {};
  value.me = [value];
  const part = { n: 1 };
  value.twice = [part, part];
  expect(shown(value)).toBe('{"me":[(a cycle)],"twice":[{"n":1},{"n":1}]}');
});

test('the beginning of a large value is written without reading the rest', () => {
  let reads = 0;
  const rows = Array.from({ length: 10_000 }, (_, row) => ({
    get row() {
      reads++;
      return row;
    },
  }));
  expect(briefly({ rows }, 60)).toMatch(/^\{"rows":\[\{"row":0\},\{"row":1\},.*\.\.\.$/);
  expect(reads).toBeLessThan(20);
  expect(briefly('x'.repeat(1_000), 20)).toHaveLength(20);
});
