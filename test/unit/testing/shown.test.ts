import { expect, test } from 'vitest';
import { shown } from '../../../src/testing/shown.js';

test('a value that holds itself is shown up to there', () => {
  const value: { me?: unknown; twice?: unknown } = {};
  value.me = [value];
  const part = { n: 1 };
  value.twice = [part, part];
  expect(shown(value)).toBe('{"me":[(a cycle)],"twice":[{"n":1},{"n":1}]}');
});
