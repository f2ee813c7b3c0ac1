/** Details as JSON, the form in which Temporal keeps them. */
import { describe, expect, test } from 'vitest';
import { HeartbeatDetailsError } from '../../../../src/index.js';
import { jsonDetails } from '../../../../src/heartbeat/details/json.js';

test('a copy equals what comes back from JSON', () => {
  const part = { n: 1 };
  const details = { a: [part, part, null, 'x', true, 0], gone: undefined, constructor: { x: 1 } };
  const copy = jsonDetails(details) as { a: unknown[] };
  expect(copy).toEqual(JSON.parse(JSON.stringify(details)));
  expect(Object.keys(copy)).toEqual(['a', 'constructor']);
  expect(copy.a[0]).not.toBe(copy.a[1]);
});

test('a key __proto__ is an own field', () => {
  const json = '{"__proto__":{"polluted":1}}';
  const copy = jsonDetails(JSON.parse(json));
  expect(JSON.stringify(copy)).toBe(json);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
});

describe('a value that JSON cannot hold is refused with its path', () => {
  const cycle: unknown[] = [];
  cycle.push({ cycle });

  test.each<[path: string, details: unknown, what: string]>([
    ['details.a[0]', { a: [NaN] }, 'number; on Temporal, details must be JSON'],
    ['details[0]', [undefined], 'undefined; on Temporal, details must be JSON'],
    ['details["a b"].c', { 'a b': { c: 1n } }, 'bigint; on Temporal, details must be JSON'],
    ['details.at', { at: new Date(0) }, 'an instance of Date; on Temporal, details must be JSON'],
    ['details', new Map(), 'an instance of Map; on Temporal, details must be JSON'],
    ['details[0].cycle', cycle, 'a cycle; heartbeat details must be data'],
    [
      'details',
      'x'.repeat(2 ** 21),
      'more than 2097155 bytes, but maxHeartbeatDetailsBytes is 2097152',
    ],
  ])('%s', (path, details, what) => {
    let refused: unknown;
    try {
      jsonDetails(details);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(HeartbeatDetailsError);
    expect(refused).toMatchObject({ path });
    expect((refused as Error).message).toContain(`${path}: ${what}`);
  });
});
