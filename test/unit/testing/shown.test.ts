import { expect, test } from 'vitest';
import { shown } from '../../../src/testing/shown.js';

test('a value with a cycle is shown up to the cycle', () => {
  const value: { me?: unknown; twice?: unknown } = {};
  value.me = [value];
  const part = { n: 1 };
  value.twice = [part, part];
  expect(shown(value)).toBe('{"me":[(a cycle)],"twice":[{"n":1},{"n":1}]}');
});
