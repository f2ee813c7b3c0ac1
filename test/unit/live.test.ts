import { expect, test } from 'vitest';
import { progressIn, Speed } from '../../src/live/progress.js';
import { count, lapse, rate } from '../../src/live/words.js';

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
])('%d ms is %s', (ms, words) => {
  expect(lapse(ms)).toBe(words);
});

test('counts and rates are short', () => {
  expect([0, 3.14159, 999, 1_000, 1_234_567.8].map(count)).toEqual([
    '0',
    '3.14',
    '999',
    '1,000',
    '1,234,568',
  ]);
  expect([1_200, 1, 0.5, 0.001].map(rate)).toEqual(['1,200/s', '1/s', '30/min', '3.6/h']);
});

test('{ done, total, label } is progress, and other details are not', () => {
  expect(progressIn({ done: 3, total: 10, label: 'x', other: 1 })).toEqual({
    done: 3,
    total: 10,
    label: 'x',
  });
  expect(progressIn({ done: 3, total: -1, label: 5 })).toEqual({
    done: 3,
    total: undefined,
    label: undefined,
  });
  for (const other of [
    undefined,
    null,
    5,
    'x',
    [1],
    {},
    { done: '3' },
    { done: NaN },
    { done: -1 },
  ]) {
    expect(progressIn(other)).toBeUndefined();
  }
});

test('a rate needs half a second, and falls while nothing is done', () => {
  const speed = new Speed();
  speed.note(0, 0);
  speed.note(40, 400);
  expect(speed.perSecond(400)).toBeUndefined();
  speed.note(100, 1_000);
  expect(speed.perSecond(1_000)).toBe(100);
  expect(speed.perSecond(2_000)).toBe(50);
});

test('a rate is about the last 15 seconds', () => {
  const speed = new Speed();
  for (let second = 0; second <= 60; second++)
    speed.note(second < 30 ? second : 30 + (second - 30) * 10, second * 1_000);
  expect(speed.perSecond(60_000)).toBeCloseTo(10, 0);
});

test('an attempt that begins again begins a new rate', () => {
  const speed = new Speed();
  speed.note(0, 0);
  speed.note(1_000, 1_000);
  speed.note(10, 2_000);
  expect(speed.perSecond(2_000)).toBeUndefined();
  speed.note(20, 3_000);
  expect(speed.perSecond(3_000)).toBe(10);
});
