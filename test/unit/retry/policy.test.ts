import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import {
  DEFAULT_RETRY_POLICY,
  resolveRetryPolicy,
  type RetryPolicy,
} from '../../../src/retry/policy.js';
import { DEFAULT_POLICY } from '../../support/policy.js';

class Fatal extends Error {}

describe("a policy's defaults", () => {
  test("are Temporal's", () => {
    expect(resolveRetryPolicy(undefined)).toEqual(DEFAULT_POLICY);
    expect(resolveRetryPolicy({})).toEqual(DEFAULT_POLICY);
    expect(DEFAULT_RETRY_POLICY).toEqual(DEFAULT_POLICY);
    const open: RetryPolicy = {
      initialInterval: undefined,
      backoffCoefficient: undefined,
      maximumInterval: undefined,
      maximumAttempts: undefined,
      nonRetryableErrorTypes: undefined,
      jitter: undefined,
    };
    expect(resolveRetryPolicy(open)).toEqual(DEFAULT_POLICY);
  });

  test.each<[RetryPolicy, number, number]>([
    // policy, initial, maximum
    [{ initialInterval: '2s' }, 2_000, 200_000],
    [{ initialInterval: 50 }, 50, 5_000],
    [{ initialInterval: 0 }, 1_000, 100_000],
    [{ initialInterval: '0s', maximumInterval: 0 }, 1_000, 100_000],
    [{ maximumInterval: 500 }, 500, 500],
    [{ maximumInterval: '1s' }, 1_000, 1_000],
    [{ maximumInterval: '1m' }, 1_000, 60_000],
    [{ maximumInterval: 0 }, 1_000, 100_000],
    [{ maximumInterval: Infinity }, 1_000, Infinity],
    [{ initialInterval: 0, maximumInterval: 500 }, 500, 500],
    [{ initialInterval: '3s', maximumInterval: '3s' }, 3_000, 3_000],
    [{ initialInterval: 5, maximumInterval: Infinity }, 5, Infinity],
    [{ initialInterval: 0.5 }, 0.5, 50],
  ])('of %j start with %d ms and end with %d ms', (policy, initialMs, maximumMs) => {
    const { initialInterval, maximumInterval } = resolveRetryPolicy(policy);
    expect([initialInterval, maximumInterval]).toEqual([initialMs, maximumMs]);
  });

  test.each([
    [0, Infinity],
    [1, 1],
    [7, 7],
    [Infinity, Infinity],
  ])('read maximumAttempts, with and without progress, of %d as %d', (given, attempts) => {
    const policy = { maximumAttempts: given, maximumAttemptsWithoutProgress: given };
    expect(resolveRetryPolicy(policy)).toMatchObject({
      maximumAttempts: attempts,
      maximumAttemptsWithoutProgress: attempts,
    });
  });
});

describe('a policy is refused', () => {
  test.each<[unknown, string]>([
    [
      { initialInterval: 1_000, maximumInterval: 500 },
      'retryPolicy.maximumInterval: received 500; expected at least initialInterval (1000)',
    ],
    [
      { initialInterval: '1m', maximumInterval: '59s' },
      'retryPolicy.maximumInterval: received "59s"; expected at least initialInterval ("1m")',
    ],
    [
      { initialInterval: Infinity },
      'retryPolicy.initialInterval: received Infinity; expected a finite duration',
    ],
    [
      { backoffCoefficient: 0.5 },
      'retryPolicy.backoffCoefficient: received 0.5; expected a finite number, 1 or more',
    ],
    [
      { backoffCoefficient: Infinity },
      'retryPolicy.backoffCoefficient: received Infinity; expected a finite number, 1 or more',
    ],
    [
      { maximumAttempts: -1 },
      'retryPolicy.maximumAttempts: received -1; expected a whole number, or Infinity for no limit',
    ],
    [
      { maximumAttempts: 1.5 },
      'retryPolicy.maximumAttempts: received 1.5; expected a whole number, or Infinity for no limit',
    ],
    [
      { maximumAttempts: '5' },
      'retryPolicy.maximumAttempts: received "5"; expected a whole number, or Infinity for no limit',
    ],
    [
      { maximumAttemptsWithoutProgress: 1.5 },
      'retryPolicy.maximumAttemptsWithoutProgress: received 1.5; expected a whole number, or Infinity for no limit',
    ],
    [{ jitter: 1.1 }, 'retryPolicy.jitter: received 1.1; expected a number from 0 to 1'],
    [{ jitter: true }, 'retryPolicy.jitter: received true; expected a number from 0 to 1'],
    [
      { nonRetryableErrorTypes: 'Fatal' },
      'retryPolicy.nonRetryableErrorTypes: received "Fatal"; expected an array of names and error classes',
    ],
    [
      { nonRetryableErrorTypes: ['Fatal', 5] },
      'retryPolicy.nonRetryableErrorTypes[1]: received 5; expected a name or an error class',
    ],
    [
      { nonRetryableErrorTypes: [/Fatal/] },
      'retryPolicy.nonRetryableErrorTypes[0]: received an instance of RegExp; expected a name or an error class',
    ],
    [
      { nonRetryableErrorTypes: ['TemporalTimeout:heartbeat'] },
      'retryPolicy.nonRetryableErrorTypes[0]: received "TemporalTimeout:heartbeat"; expected TemporalTimeout:Heartbeat or TemporalTimeout:StartToClose',
    ],
    [
      { maximumAttempt: 3 },
      'retryPolicy has no option "maximumAttempt"; did you mean "maximumAttempts"?',
    ],
    [5, 'retryPolicy: received 5; expected an object such as { maximumAttempts: 5 }'],
    [null, 'retryPolicy: received null; expected an object such as { maximumAttempts: 5 }'],
  ])('for %j', (policy, message) => {
    expect(() => resolveRetryPolicy(policy as RetryPolicy)).toThrow(new TypeError(message));
  });

  test.each([
    ['retries', 'retryPolicy.maximumAttempts (the first one counts too)'],
    ['attempts', 'retryPolicy.maximumAttempts'],
    ['maxAttempts', 'retryPolicy.maximumAttempts'],
    ['factor', 'retryPolicy.backoffCoefficient'],
    ['minTimeout', 'retryPolicy.initialInterval'],
    ['maxTimeout', 'retryPolicy.maximumInterval'],
    ['delay', 'startDelay, or retryPolicy.initialInterval between attempts'],
    ['randomize', 'retryPolicy.jitter, from 0 to 1'],
    ['maxRetries', 'retryPolicy.maximumAttempts (the first one counts too)'],
    ['backoff', 'retryPolicy.initialInterval and backoffCoefficient'],
    ['maxRetryTime', 'scheduleToCloseTimeout, an option of the call'],
    ['shouldConsumeRetry', 'not available: every failed attempt counts'],
    ['unref', 'not available: open activities keep the process alive'],
    ['onRetry', 'retryPolicy.onFailedAttempt'],
  ])('for %s, a name of other libraries', (name, hint) => {
    expect(() => resolveRetryPolicy({ [name]: 3 })).toThrow(
      new TypeError(`retryPolicy has no option "${name}"; here it is ${hint}`),
    );
  });

  test('for an object that instanceof accepts but that is not a class, because it would match nothing', () => {
    const predicate = { [Symbol.hasInstance]: () => true };
    expect(() => resolveRetryPolicy({ nonRetryableErrorTypes: [predicate as never] })).toThrow(
      new TypeError(
        'retryPolicy.nonRetryableErrorTypes[0]: received an object; expected a name or an error class',
      ),
    );
  });

  test.each<[string, unknown]>([
    ['arrow function', (error: Error) => error.message === 'x'],
    [
      'function isFatal',
      function isFatal(error: Error) {
        return error.message === 'x';
      },
    ],
    ['async function', async function isFatal() {}],
    ['method', Object.getOwnPropertyDescriptor({ isFatal() {} }, 'isFatal')?.value],
    ['bound function', function isFatal() {}.bind(null)],
    ['built-in function', Math.max],
    ['mock of a test framework', vi.fn()],
    ['proxy', new Proxy(function isFatal() {}, {})],
    ['function without a prototype', Object.assign(function isFatal() {}, { prototype: null })],
    [
      'function that cannot be read',
      new Proxy(class Fatal extends Error {}, {
        get: () => {
          throw new Error('no');
        },
      }),
    ],
  ])('for the error type %s, which would never match', (_, type) => {
    expect(() => resolveRetryPolicy({ nonRetryableErrorTypes: [type as never] })).toThrow(
      /^retryPolicy\.nonRetryableErrorTypes\[0\]: received .*expected a name or an error class\. A predicate goes into retryPolicy\.shouldRetry/,
    );
  });

  test('for a hole in the list of error types', () => {
    // eslint-disable-next-line no-sparse-arrays -- the hole is the test
    const types = ['A', , 'B'] as string[];
    expect(() => resolveRetryPolicy({ nonRetryableErrorTypes: types })).toThrow(TypeError);
  });
});

/** Classes as compilers and people wrote them before `class`. */
function OldError(this: Error, message: string): void {
  this.message = message;
}
OldError.prototype = Object.create(Error.prototype) as object;
function WithMembers(): void {}
Object.assign(WithMembers.prototype as object, { code: 'FATAL' });

test.each<[string, unknown]>([
  ['a built-in error', TypeError],
  ['Error itself', Error],
  ['Error of another realm', runInNewContext('Error')],
  ['TypeError of another realm', runInNewContext('TypeError')],
  ['DOMException', DOMException],
  ['a class of errors', class extends TypeError {}],
  ['a class of anything', (0, eval)('(class {})')],
  ['a proxy of a class', new Proxy(class extends Error {}, {})],
  ['a function that inherits from Error', OldError],
  ['a function with members', WithMembers],
  ['Object', Object],
])('%s is accepted as an error type', (_, type) => {
  const { nonRetryableErrorTypes } = resolveRetryPolicy({
    nonRetryableErrorTypes: [type as never],
  });
  expect(nonRetryableErrorTypes).toEqual([type]);
});

test('the list of error types is read once', () => {
  const types: (string | typeof Fatal)[] = [Fatal];
  const policy = resolveRetryPolicy({ nonRetryableErrorTypes: types });
  types.push('Other');
  expect(policy.nonRetryableErrorTypes).toEqual([Fatal]);
});
