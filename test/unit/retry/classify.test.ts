import { describe, expect, test } from 'vitest';
import {
  ApplicationFailure,
  CancelledFailure,
  HeartbeatDetailsError,
  TimeoutFailure,
} from '../../../src/index.js';
import type { DeadlineType } from '../../../src/kernel/failures.js';
import { classify, type FailedAttempt } from '../../../src/retry/classify.js';
import { resolveRetryPolicy, type RetryPolicy } from '../../../src/retry/policy.js';

function failed(
  failure: Error,
  policy: RetryPolicy = {},
  rest: Partial<FailedAttempt> = {},
): ReturnType<typeof classify> {
  return classify({
    failure,
    timedOut: undefined,
    policy: resolveRetryPolicy(policy),
    attempt: 1,
    attemptsWithoutProgress: 1,
    cancelRequested: false,
    remainingMs: Infinity,
    random: () => 0,
    ...rest,
  });
}

const again = (delayMs = 1_000): unknown => ({ retry: true, delayMs });
const stop = (retryState: string): unknown => ({ retry: false, retryState });

const timeout = (timeoutType: DeadlineType): TimeoutFailure =>
  new TimeoutFailure('t', { timeoutType });

/** A deadline ended the attempt. */
const timedOut = (
  timeoutType: DeadlineType,
  policy: RetryPolicy = {},
  rest: Partial<FailedAttempt> = {},
): ReturnType<typeof classify> =>
  failed(timeout(timeoutType), policy, { timedOut: timeoutType, ...rest });

class QuotaError extends Error {}
class NamedError extends Error {
  override readonly name = 'Renamed';
}
class Deep extends QuotaError {}

describe('the kind of error', () => {
  test.each<[string, Error]>([
    ['Error', new Error('x')],
    ['TypeError', new TypeError('x')],
    ['a class of the user', new QuotaError('x')],
    ['an AbortError', new DOMException('x', 'AbortError')],
    ['a CancelledFailure that was not delivered', new CancelledFailure('CANCELLED')],
    ['ApplicationFailure', new ApplicationFailure('x')],
    ['ApplicationFailure.retryable', ApplicationFailure.retryable('x')],
    ['a benign one', new ApplicationFailure('x', { category: 'BENIGN' })],
    ['a heartbeat timeout that was thrown', timeout('HEARTBEAT')],
    ['a scheduleToStart timeout that was thrown', timeout('SCHEDULE_TO_START')],
    ['a scheduleToClose timeout that was thrown', timeout('SCHEDULE_TO_CLOSE')],
    [
      'an error caused by one that is not',
      new Error('x', { cause: ApplicationFailure.nonRetryable('x') }),
    ],
  ])('%s is retried', (_, failure) => {
    expect(failed(failure)).toEqual(again());
  });

  test.each<[string, Error, string]>([
    ['a nonRetryable failure', ApplicationFailure.nonRetryable('x'), 'NON_RETRYABLE_FAILURE'],
    [
      'a details error',
      new HeartbeatDetailsError('x', { path: 'details' }),
      'NON_RETRYABLE_FAILURE',
    ],
  ])('%s is not retried', (_, failure, retryState) => {
    expect(failed(failure)).toEqual(stop(retryState));
  });

  test.each<DeadlineType>(['HEARTBEAT', 'START_TO_CLOSE', 'PROGRESS'])(
    'the timeout %s is retried',
    (type) => {
      expect(timedOut(type)).toEqual(again());
    },
  );

  test.each<DeadlineType>(['SCHEDULE_TO_START', 'SCHEDULE_TO_CLOSE'])(
    'the timeout %s is not retried',
    (type) => {
      expect(timedOut(type)).toEqual(stop('TIMEOUT'));
    },
  );
});

describe('nonRetryableErrorTypes', () => {
  const failure = (type?: string): ApplicationFailure => new ApplicationFailure('x', { type });

  test.each<[string, RetryPolicy['nonRetryableErrorTypes'], Error, boolean]>([
    ['a class matches its instances', [QuotaError], new QuotaError('x'), true],
    ['a class matches instances of derived classes', [QuotaError], new Deep('x'), true],
    ['a class does not match others', [QuotaError], new TypeError('x'), false],
    ['Error, the class, matches every Error', [Error], new TypeError('x'), true],
    ['ApplicationFailure, the class, matches', [ApplicationFailure], failure('A'), true],
    ['TimeoutFailure, the class, matches', [TimeoutFailure], timeout('HEARTBEAT'), true],
    ['a name matches the type', ['A'], failure('A'), true],
    ['a name matches the type exactly', ['a'], failure('A'), false],
    ['a name does not match a part of the type', ['A'], failure('AB'), false],
    ['an empty name matches an empty type', [''], failure(''), true],
    ['a name does not match the message', ['x'], failure('A'), false],
    ['with a type the constructor does not count', ['ApplicationFailure'], failure('A'), false],
    ['without a type the constructor counts', ['ApplicationFailure'], failure(), true],
    ['the type of retryable() is Error', ['Error'], ApplicationFailure.retryable('x'), true],
    ["a name matches the constructor's", ['QuotaError'], new QuotaError('x'), true],
    ['but not that of a base class', ['QuotaError'], new Deep('x'), false],
    ['Error, the name, matches plain errors', ['Error'], new Error('x'), true],
    ['but not others', ['Error'], new TypeError('x'), false],
    ['a name matches an own name', ['Renamed'], new NamedError('x'), true],
    ["and the constructor's of the same error", ['NamedError'], new NamedError('x'), true],
    [
      'a name matches that of a DOMException',
      ['AbortError'],
      new DOMException('x', 'AbortError'),
      true,
    ],
    ['and so does its class', [DOMException], new DOMException('x', 'AbortError'), true],
    ['but not another name', ['TimeoutError'], new DOMException('x', 'AbortError'), false],
    ['a name set later matches', ['Late'], Object.assign(new Error('x'), { name: 'Late' }), true],
    [
      'an own name matches without a constructor too',
      ['Late'],
      Object.assign(new Error('x'), { constructor: undefined, name: 'Late' }),
      true,
    ],
    [
      'the cause does not count',
      ['QuotaError'],
      new Error('x', { cause: new QuotaError() }),
      false,
    ],
    [
      'a type may say so too',
      ['TemporalTimeout:Heartbeat'],
      failure('TemporalTimeout:Heartbeat'),
      true,
    ],
    ['any of several', ['A', 'B', QuotaError], new QuotaError('x'), true],
    ['none of several', ['A', 'B', QuotaError], new Error('x'), false],
  ])('%s', (_, nonRetryableErrorTypes, error, matched) => {
    expect(failed(error, { nonRetryableErrorTypes })).toEqual(
      matched ? stop('NON_RETRYABLE_FAILURE') : again(),
    );
  });

  test.each<[string, DeadlineType, boolean]>([
    ['TemporalTimeout:Heartbeat', 'HEARTBEAT', true],
    ['TemporalTimeout:Heartbeat', 'START_TO_CLOSE', false],
    ['TemporalTimeout:Heartbeat', 'PROGRESS', false],
    ['TemporalTimeout:StartToClose', 'START_TO_CLOSE', true],
    ['TemporalTimeout:StartToClose', 'HEARTBEAT', false],
    ['TemporalTimeout:StartToClose', 'PROGRESS', false],
    ['TimeoutFailure', 'HEARTBEAT', true],
  ])('with %s match the timeout %s: %s', (name, type, matched) => {
    expect(timedOut(type, { nonRetryableErrorTypes: [name] })).toEqual(
      matched ? stop('NON_RETRYABLE_FAILURE') : again(),
    );
  });

  test('an unreadable error matches nothing', () => {
    const trap = (): never => {
      throw new Error('trap');
    };
    const odd = [
      Object.defineProperty(new Error('x'), 'name', { get: trap }),
      Object.defineProperty(new Error('x'), 'constructor', { get: trap }),
      Object.assign(new Error('x'), { constructor: undefined }),
      Object.assign(new Error('x'), { constructor: null }),
    ];
    for (const error of odd) {
      expect(failed(error, { nonRetryableErrorTypes: ['A', QuotaError] })).toEqual(again());
    }
  });
});

describe('the order of the checks', () => {
  const everything: [Error, RetryPolicy, Partial<FailedAttempt>] = [
    ApplicationFailure.nonRetryable('x'),
    { maximumAttempts: 1 },
    { cancelRequested: true, remainingMs: 0 },
  ];

  test('a requested cancellation comes first', () => {
    expect(failed(...everything)).toEqual(stop('CANCEL_REQUESTED'));
    expect(timedOut('SCHEDULE_TO_CLOSE', {}, { cancelRequested: true })).toEqual(
      stop('CANCEL_REQUESTED'),
    );
  });

  test('the schedule timeouts come before attempts and time', () => {
    expect(timedOut('SCHEDULE_TO_CLOSE', { maximumAttempts: 1 })).toEqual(stop('TIMEOUT'));
  });

  test('the kind of error comes before attempts and time', () => {
    expect(failed(everything[0], everything[1], { remainingMs: 0 })).toEqual(
      stop('NON_RETRYABLE_FAILURE'),
    );
  });

  test('attempts come before time', () => {
    expect(failed(new Error('x'), { maximumAttempts: 1 }, { remainingMs: 0 })).toEqual(
      stop('MAXIMUM_ATTEMPTS_REACHED'),
    );
  });

  test('time comes last', () => {
    expect(failed(new Error('x'), {}, { remainingMs: 0 })).toEqual(stop('TIMEOUT'));
  });
});

test.each([
  [1, 1, false],
  [2, 1, true],
  [2, 2, false],
  [2, 3, false],
  [Infinity, 1e9, true],
  [0, 1e9, true],
])(
  'with %d attempts allowed, a failure of attempt %d is retried: %s',
  (maximumAttempts, attempt, retry) => {
    expect(failed(new Error('x'), { maximumAttempts }, { attempt }).retry).toBe(retry);
  },
);

test.each([
  [1_000.001, true],
  [1_000, false],
  [999, false],
  [-5, false],
])('a failure with a delay of one second and %d ms left is retried: %s', (remainingMs, retry) => {
  expect(failed(new Error('x'), {}, { remainingMs }).retry).toBe(retry);
});

describe('nextRetryDelay', () => {
  const wants = (nextRetryDelay: ApplicationFailure['nextRetryDelay']): Error =>
    new ApplicationFailure('x', { nextRetryDelay });

  test('replaces the delay and the maximum', () => {
    expect(failed(wants('10 minutes'))).toEqual(again(600_000));
    expect(failed(wants(5), {}, { attempt: 50 })).toEqual(again(5));
    expect(failed(wants('1h'), { maximumInterval: '1m' })).toEqual(again(3_600_000));
  });

  test('may be 0', () => {
    expect(failed(wants(0))).toEqual(again(0));
  });

  test('has no jitter', () => {
    expect(failed(wants('10s'), { jitter: 1 }, { random: () => 0.5 })).toEqual(again(10_000));
  });

  test('changes nothing about whether there is a retry', () => {
    expect(failed(wants(0), { maximumAttempts: 1 })).toEqual(stop('MAXIMUM_ATTEMPTS_REACHED'));
    expect(failed(wants('1h'), {}, { remainingMs: 1_000 })).toEqual(stop('TIMEOUT'));
    const never = new ApplicationFailure('x', { nextRetryDelay: 0, nonRetryable: true });
    expect(failed(never)).toEqual(stop('NON_RETRYABLE_FAILURE'));
  });

  test('of an error that is not an ApplicationFailure is ignored', () => {
    expect(failed(Object.assign(new Error('x'), { nextRetryDelay: 5 }))).toEqual(again());
  });

  test.each([-1, NaN, Infinity, '5', 'soon', null, {}])(
    'of %o leaves the delay to the policy',
    (nextRetryDelay) => {
      expect(failed(wants(nextRetryDelay as number))).toEqual(again());
      const set = Object.assign(new ApplicationFailure('x'), { nextRetryDelay });
      expect(failed(set, { nonRetryableErrorTypes: [TypeError] })).toEqual(again());
    },
  );
});
