import { expect, test } from 'vitest';
import { percentOf, progressIn, Speed } from '../../../src/live/progress.js';

test('each whole percent is what a calculator says, and only all of it is 100 %', () => {
  for (let done = 0; done <= 100; done++) {
    expect(percentOf({ done, total: 100 })).toBe(`${done} %`);
    expect(percentOf({ done: done / 100, total: 1 })).toBe(`${done} %`);
  }
  expect(percentOf({ done: 1e12 - 1, total: 1e12 })).toBe('99 %');
  expect(percentOf({ done: 5 })).toBe('');
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

/** Reports one more at each of these seconds, and tells the rate at some later ones. */
function ratesAt(seconds: readonly number[], asked: readonly number[]): (number | undefined)[] {
  const speed = new Speed();
  const rates: (number | undefined)[] = [];
  const last = Math.max(...seconds, ...asked);
  for (let second = 0; second <= last; second++) {
    if (seconds.includes(second)) speed.note(seconds.indexOf(second), second * 1_000);
    if (asked.includes(second)) rates.push(speed.perSecond(second * 1_000));
  }
  return rates;
}

const from = (first: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, n) => first + n * step);

test('a stall has no rate, and the rate after it is that of the work after it', () => {
  const seconds = [...from(0, 30), ...from(300, 310)];
  expect(ratesAt(seconds, [30, 46, 299, 300, 301, 305])).toEqual([
    1,
    undefined,
    undefined,
    undefined,
    1,
    1,
  ]);
});

test('work that is slow at every step is no stall', () => {
  expect(ratesAt(from(0, 180, 60), [60, 90, 120, 180])).toEqual([1 / 60, 1 / 90, 1 / 60, 1 / 60]);
  expect(ratesAt([0, 1, 61, 121, 181], [121, 181])).toEqual([1 / 60, 1 / 60]);
});
