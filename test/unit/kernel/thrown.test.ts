import { describe, expect, test } from 'vitest';
import { ActivityFailure, ApplicationFailure } from '../../../src/kernel/failures.js';
import { ensureError, isError, isNamed, messageOf, said } from '../../../src/kernel/thrown.js';

const anActivityFailure = new ActivityFailure('a', {
  activityId: 'id',
  activityType: 'type',
  attempt: 1,
});

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

describe('ensureError', () => {
  test('returns every Error as it is', () => {
    for (const error of [new Error('x'), new TypeError('x'), anActivityFailure]) {
      expect(ensureError(error)).toBe(error);
    }
  });

  test.each([
    [undefined, 'An activity threw undefined, not an Error'],
    ['no "way"', 'An activity threw "no \\"way\\"", not an Error'],
    [{ a: 1 }, 'An activity threw {"a":1}, not an Error'],
    [
      { error: { reason: 'late' }, rows: [1, 2] },
      'An activity threw {"error":{"reason":"late"},"rows":[1,2]}, not an Error',
    ],
    [
      { message: 'not found', code: 404, body: 'b' },
      'An activity threw an object with "not found", code 404, not an Error',
    ],
    [{ message: 'not found' }, 'An activity threw an object with "not found", not an Error'],
    [{ code: 'E_LATE' }, 'An activity threw an object with code "E_LATE", not an Error'],
    [{ message: '', code: {} }, 'An activity threw {"message":"","code":{}}, not an Error'],
    [{}, 'An activity threw an object, not an Error'],
    [new Map([[1, 2]]), 'An activity threw an instance of Map, not an Error'],
    [[1, 2], 'An activity threw [1,2], not an Error'],
    [{ big: 1n }, 'An activity threw {"big":"1n"}, not an Error'],
    [cyclic, 'An activity threw an object, not an Error'],
    [() => 1, 'An activity threw a function, not an Error'],
    [
      { text: 'a'.repeat(5_000) },
      `An activity threw {"text":"${'a'.repeat(97)}..."}, not an Error`,
    ],
    [
      { message: 'one\ntwo\u001b[31m' },
      'An activity threw an object with "one\\ntwo\\u001b[31m", not an Error',
    ],
    [Object.create(null), 'An activity threw an object, not an Error'],
    ['a'.repeat(5_000), `An activity threw "${'a'.repeat(997)}...", not an Error`],
    [Symbol('s'), 'An activity threw Symbol(s), not an Error'],
  ])('wraps %o', (thrown, message) => {
    const error = ensureError(thrown);
    expect(error).toBeInstanceOf(ApplicationFailure);
    expect(error).toMatchObject({ message, details: [thrown], nonRetryable: false });
  });
});

test('ensureError describes an unreadable value as an object', () => {
  expect(ensureError(revoked).message).toBe('An activity threw an object, not an Error');
});

test('ensureError describes an object with ten thousand values without writing them all', () => {
  let read = 0;
  const rows = Array.from({ length: 10_000 }, () => ({
    toJSON: () => ++read,
  }));
  expect(ensureError({ rows }).message.length).toBeLessThan(300);
});

/** Like an implementation of another realm: jsdom's, or the one outside Jest's sandbox. */
class ForeignDOMException {
  readonly message = 'stop';
  readonly #name = 'AbortError';
  get name(): string {
    return this.#name;
  }
  get [Symbol.toStringTag](): string {
    return 'DOMException';
  }
}

test('ensureError accepts a DOMException of another realm as an error', () => {
  const foreign = new ForeignDOMException();
  expect(isError(foreign)).toBe(true);
  expect(ensureError(foreign)).toBe(foreign);
});

class Unnamed extends Error {}
class Field extends Error {
  override name = 'FieldName';
}
class Getter extends Error {
  override get name(): string {
    return 'GetterName';
  }
}
class OnPrototype extends Error {}
OnPrototype.prototype.name = 'PrototypeName';
class Inherits extends OnPrototype {}

describe('the name that a message shows also matches the error', () => {
  test.each<[string, Error]>([
    ['Error', new Error('m')],
    ['TypeError', new TypeError('m')],
    ['AbortError', new DOMException('m', 'AbortError')],
    ['TimeoutError', new DOMException('m', 'TimeoutError')],
    ['DataCloneError', new DOMException('m', 'DataCloneError')],
    ['Unnamed', new Unnamed('m')],
    ['FieldName', new Field('m')],
    ['GetterName', new Getter('m')],
    ['PrototypeName', new OnPrototype('m')],
    ['PrototypeName', new Inherits('m')],
    ['Own', Object.assign(new Unnamed('m'), { name: 'Own' })],
    ['Error', Object.assign(new Unnamed('m'), { name: 'Error' })],
    ['Error', Object.assign(new Error('m'), { name: '' })],
    ['Error', Object.assign(new Error('m'), { name: 5 })],
    ['ActivityFailure', anActivityFailure],
  ])('%s', (name, error) => {
    expect(said(error)).toBe(`${name}: ${error.message}`);
    expect(isNamed(error, name)).toBe(true);
  });

  test('and so does the name of its class, but not of a base class', () => {
    expect(isNamed(new Field('m'), 'Field')).toBe(true);
    expect(isNamed(new Inherits('m'), 'Inherits')).toBe(true);
    expect(isNamed(new DOMException('m', 'AbortError'), 'DOMException')).toBe(true);
    expect(isNamed(new Unnamed('m'), 'Error')).toBe(false);
  });

  test('but an ApplicationFailure with a type matches only the type', () => {
    const failure = ApplicationFailure.retryable('m', 'CardError');
    expect(isNamed(failure, 'CardError')).toBe(true);
    expect(isNamed(failure, 'ApplicationFailure')).toBe(false);
  });
});

describe("users' text in messages", () => {
  test('is on one line, without control characters', () => {
    const error = new Error('one\r\ntwo\t\u001b[31m\u009b\u2028\u202e');
    expect(said(error)).toBe('Error: one\\r\\ntwo\\t\\u001b[31m\\u009b\\u2028\\u202e');
  });

  test('is short', () => {
    const error = Object.assign(new Error('x'.repeat(1_000_000)), { name: 'N'.repeat(1_000_000) });
    expect(said(error).length).toBeLessThan(1_200);
    expect(messageOf('x'.repeat(1_000_000)).length).toBeLessThan(1_200);
  });
});
