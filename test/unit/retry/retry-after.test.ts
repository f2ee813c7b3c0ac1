import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApplicationFailure, retryAfter } from '../../../src/index.js';
import { Harness } from '../../support/harness.js';
import { delaysOf } from '../../support/outcomes.js';

const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);
const IN_ONE_HOUR = 'Mon, 01 Jun 2026 13:00:00 GMT';

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a value of Retry-After', () => {
  test.each([
    ['seconds', '120', 120_000],
    ['a part of a second', '0.5', 500],
    ['spaces around it', ' 120 ', 120_000],
    ['a date', IN_ONE_HOUR, 3_600_000],
    ['a date in the format of RFC 850', 'Monday, 01-Jun-26 13:00:00 GMT', 3_600_000],
    ['a date far away', 'Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW],
    ['several numbers', '1, 120, 30', 120_000],
    ['several dates', `Mon, 01 Jun 2026 12:00:01 GMT, ${IN_ONE_HOUR}`, 3_600_000],
    ['a number and a date', `5, ${IN_ONE_HOUR}`, 3_600_000],
    ['a number and garbage', '5, soon', 5_000],
  ])('with %s gives a delay', (_, value, delayMs) => {
    expect(retryAfter(value)).toBe(delayMs);
  });

  test.each([
    ['zero', '0'],
    ['a negative number', '-5'],
    ['a date in the past', 'Mon, 01 Jun 2026 11:00:00 GMT'],
    ['the date of now', 'Mon, 01 Jun 2026 12:00:00 GMT'],
    ['a number that is too large', '9'.repeat(400)],
    ['a number with a unit', '120s'],
    ['a number in another notation', '1e3'],
    ['words', 'in a while'],
    ['a date that cannot be', 'Mon, 99 Foo 2026 13:00:00 GMT'],
    ['a date of no zone', 'Mon Jun  1 13:00:00 2099'],
    ['a word and a year, which Date.parse would read', 'soon 2099'],
    ['a weekday and no date', 'Monday, at 13:00:00'],
    ['nothing', ''],
    ['commas', ',,'],
  ])('with %s gives no delay', (_, value) => {
    expect(retryAfter(value)).toBeUndefined();
  });

  test.each([undefined, null, {}, new Headers(), { headers: {} }])('in %o is missing', (from) => {
    expect(retryAfter(from as Headers)).toBeUndefined();
  });
});

describe('Retry-After is read', () => {
  const headers = { 'retry-after': '7' };
  test.each([
    ['a Response', new Response(null, { status: 429, headers })],
    ['Headers', new Headers(headers)],
    ['a response of node:http', { headers }],
    ['the headers of node:http', headers],
    ['headers that give a number', { get: () => 7 as never }],
    ['a Map', new Map(Object.entries(headers))],
  ])('from %s', (_, from) => {
    expect(retryAfter(from)).toBe(7_000);
  });

  test('from headers that came twice', () => {
    const twice = new Headers([
      ['Retry-After', '3'],
      ['Retry-After', '9'],
    ]);
    expect(retryAfter(twice)).toBe(9_000);
  });

  test("against the server's date, whose clock may differ from ours", () => {
    const date = 'Mon, 01 Jun 2026 09:59:00 GMT';
    const value = 'Mon, 01 Jun 2026 10:00:00 GMT';
    expect(retryAfter(value)).toBeUndefined();
    expect(retryAfter(new Headers({ date, 'retry-after': value }))).toBe(60_000);
    expect(retryAfter({ headers: { date: 'garbage', 'retry-after': IN_ONE_HOUR } })).toBe(
      3_600_000,
    );
  });
});

describe('max of retryAfter', () => {
  test.each([
    ['120', 60_000],
    ['30', 30_000],
    ['9'.repeat(400), 60_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 60_000],
    ['0', undefined],
  ])('limits the delay of %s', (value, delayMs) => {
    expect(retryAfter(value, { max: '1 minute' })).toBe(delayMs);
  });

  test('must be a duration', () => {
    expect(() => retryAfter('5', { max: 'soon' as never })).toThrow(
      /^retryAfter max: received "soon"; expected milliseconds/,
    );
  });
});

describe('nextRetryDelay', () => {
  test.each([
    ['a number of seconds', retryAfter('7'), 7_000],
    ['no header', retryAfter(null), 1_000],
    ['a negative number', -5, 1_000],
    ['NaN', NaN, 1_000],
    ['Infinity', Infinity, 1_000],
  ])('takes %s', async (_, nextRetryDelay, delayMs) => {
    const h = new Harness();
    const failure = ApplicationFailure.create({ message: 'later', nextRetryDelay });
    const run = h.watch(
      h.run(() => Promise.reject(failure), { retryPolicy: { maximumAttempts: 2 } }),
    );
    await h.advance(10_000);
    expect(delaysOf(h)).toEqual([delayMs, undefined]);
    expect(run.outcome).toMatchObject({ error: { cause: failure } });
    const ignored = h.logs.filter(({ message }) => message.includes('Ignored nextRetryDelay'));
    expect(ignored).toHaveLength(Object.is(delayMs, 1_000) && nextRetryDelay !== undefined ? 1 : 0);
  });
});

test.each([
  ['a number', 5, 'retryAfter: received 5; expected a response, its headers, or a text'],
  [
    'a response that was not awaited',
    Promise.resolve(new Response()),
    'retryAfter: received an instance of Promise; expected a response, its headers, or a text',
  ],
])('%s instead of a response is refused', (_, given, message) => {
  expect(() => retryAfter(given as never)).toThrow(new TypeError(message));
});
