import { expect, test } from 'vitest';
import { count, lapse, rate } from '../../../src/live/words.js';

test.each([
  [0, '0.0 s'],
  [340, '0.3 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [90_000_000, '1 d 1 h'],
  [-5, '0.0 s'],
  [999 * 86_400_000, '999 d'],
  [1e300, 'over 1,000 d'],
  [Infinity, 'over 1,000 d'],
])('a time of %d ms is shown as %s', (ms, words) => {
  expect(lapse(ms)).toBe(words);
});

test('counts and rates are shown in few characters', () => {
  expect([0, 3.14159, 999, 1_000, 1_234_567.8].map(count)).toEqual([
    '0',
    '3.14',
    '999',
    '1,000',
    '1,234,568',
  ]);
  expect([1_200, 1, 0.5, 0.001, 1e-9].map(rate)).toEqual([
    '1,200/s',
    '1/s',
    '30/min',
    '3.6/h',
    'under 0.01/h',
  ]);
});
