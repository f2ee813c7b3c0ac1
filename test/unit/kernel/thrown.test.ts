import { describe, expect, test } from 'vitest';
import { ActivityFailure, ApplicationFailure } from '../../../src/kernel/failures.js';
import { ensureError } from '../../../src/kernel/thrown.js';

const anActivityFailure = new ActivityFailure('a', {
  activityId: 'id',
  activityType: 'type',
  attempt: 1,
});

describe('ensureError', () => {
  test('lets every Error pass as it is', () => {
    for (const error of [new Error('x'), new TypeError('x'), anActivityFailure]) {
      expect(ensureError(error)).toBe(error);
    }
  });

  test.each([
    [undefined, 'An activity threw undefined, not an Error'],
    ['no "way"', 'An activity threw "no \\"way\\"", not an Error'],
    [{ a: 1 }, 'An activity threw [object Object], not an Error'],
    [Object.create(null), 'An activity threw an object, not an Error'],
    ['a'.repeat(5_000), `An activity threw "${'a'.repeat(997)}...", not an Error`],
    [Symbol('s'), 'An activity threw Symbol(s), not an Error'],
  ])('wraps %o', (thrown, message) => {
    const error = ensureError(thrown);
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(error).toMatchObject({ message, details: [thrown], nonRetryable: false });
  });
});
