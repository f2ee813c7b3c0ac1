import { describe, expect, test } from 'vitest';
import { durationMs, parseDuration } from '../../../src/kernel/duration.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('durations', () => {
  test.each<[unknown, number]>([
    [0, 0],
    [1, 1],
    [1.5, 1.5],
    [Infinity, Infinity],
    [Number.MAX_VALUE, Number.MAX_VALUE],
    ['0s', 0],
    ['5ms', 5],
    ['5 msecs', 5],
    ['10 milliseconds', 10],
    ['10s', 10 * SECOND],
    ['10 s', 10 * SECOND],
    ['1 sec', SECOND],
    ['2 seconds', 2 * SECOND],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['1m', MINUTE],
    ['5 minutes', 5 * MINUTE],
    ['1.5h', 1.5 * HOUR],
    ['2 hrs', 2 * HOUR],
    ['1 day', DAY],
    ['2d', 2 * DAY],
    ['1w', 7 * DAY],
    ['2 weeks', 14 * DAY],
    ['1y', 365.25 * DAY],
    ['10S', 10 * SECOND],
    ['1 Hour', HOUR],
  ])('%j is %d ms', (given, ms) => {
    expect(durationMs(given, 'timeout')).toBe(ms);
    expect(durationMs(given, 'timeout'), 'the second time too').toBe(ms);
  });

  test.each<[unknown, string]>([
    ['', '""'],
    ['10', '"10"'],
    ['1.5', '"1.5"'],
    [' ', '" "'],
    ['s', '"s"'],
    ['ten seconds', '"ten seconds"'],
    ['10 parsecs', '"10 parsecs"'],
    ['-1s', '"-1s"'],
    ['- 1s', '"- 1s"'],
    ['10s ', '"10s "'],
    [' 10s', '" 10s"'],
    ['10s\n', '"10s\\n"'],
    ['1 0s', '"1 0s"'],
    ['1,5s', '"1,5s"'],
    ['1e3s', '"1e3s"'],
    ['0x10s', '"0x10s"'],
    ['10s 5s', '"10s 5s"'],
    ['Infinity', '"Infinity"'],
    ['Infinity s', '"Infinity s"'],
    ['NaN', '"NaN"'],
    [`${'9'.repeat(200)}s`, `"${'9'.repeat(57)}..."`],
    [-1, '-1'],
    [-0.001, '-0.001'],
    [-Infinity, '-Infinity'],
    [NaN, 'NaN'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [5n, '5n'],
    [{}, 'an object'],
    [[5], 'an array of 1'],
    [new Date(5), 'an instance of Date'],
    [Object('10s'), 'an instance of String'],
    [() => 5, 'a function'],
  ])('%o is refused and shown', (given, shown) => {
    expect(() => durationMs(given, 'heartbeatTimeout')).toThrow(
      new TypeError(
        `heartbeatTimeout: received ${shown}; expected milliseconds (0 or more), or a number ` +
          `with a unit such as '10s' or '5 minutes'`,
      ),
    );
  });

  test('parseDuration takes any string and uses the given name', () => {
    const fromOutside = (text: string): number => parseDuration(text, 'IMPORT_TIMEOUT');
    expect(fromOutside('2 minutes')).toBe(120_000);
    expect(parseDuration(1_500)).toBe(1_500);
    expect(() => fromOutside('2')).toThrow(
      new TypeError(
        `IMPORT_TIMEOUT: received "2"; expected milliseconds (0 or more), or a number with a ` +
          `unit such as '10s' or '5 minutes'`,
      ),
    );
    expect(() => parseDuration('soon')).toThrow(/^duration: received "soon"; /);
  });

  test('thousands of different strings are read correctly', () => {
    for (let n = 0; n < 2_000; n++) expect(durationMs(`${n}s`, 'timeout')).toBe(n * SECOND);
    expect(durationMs('1s', 'timeout')).toBe(SECOND);
    expect(() => durationMs('1 parsec', 'timeout')).toThrow(TypeError);
  });
});
