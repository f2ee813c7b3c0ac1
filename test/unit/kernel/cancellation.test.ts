/** Which errors mean that something stopped because it was told to. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { isCancellation } from '../../../src/kernel/cancellation.js';
import { ActivityFailure, CancelledFailure, TimeoutFailure } from '../../../src/kernel/failures.js';
import { cpuMs } from '../../support/cpu.js';

const abort = new DOMException('This operation was aborted', 'AbortError');

const named = (name: string): Error => Object.assign(new Error('stopped'), { name });
const coded = (code: unknown): Error => Object.assign(new Error('stopped'), { code });

class APIUserAbortError extends Error {}

/** The helper of compilers for engines without SuppressedError. */
const suppressed = (error: unknown, suppressedError: unknown): Error =>
  Object.assign(named('SuppressedError'), { error, suppressed: suppressedError });

const holding = (errors: unknown): Error => Object.assign(new Error('x'), { errors });

const timedOut = (cause: unknown): TimeoutFailure =>
  new TimeoutFailure('t', { timeoutType: 'HEARTBEAT', cause });

const failed = (cause: unknown): ActivityFailure =>
  new ActivityFailure('a', { activityId: 'id', activityType: 'type', attempt: 1, cause });

function chain(length: number, last: unknown): unknown {
  let error = last;
  for (let depth = 0; depth < length; depth++) error = new Error('x', { cause: error });
  return error;
}

describe('a cancellation is', () => {
  test.each<[string, unknown]>([
    ['a CancelledFailure', new CancelledFailure('PAUSED')],
    ['one with its own name', Object.assign(new CancelledFailure('PAUSED'), { name: 'Mine' })],
    ['the cause of an ActivityFailure', failed(new CancelledFailure('CANCELLED'))],
    ['a DOMException AbortError', abort],
    ['one of another realm', runInNewContext("Object.assign(new Error(), { name: 'AbortError' })")],
    ['an object that is not an Error', { name: 'AbortError' }],
    ['a name on the prototype', Object.create({ name: 'AbortError' })],
    ['AbortError', named('AbortError')],
    ['CanceledError', named('CanceledError')],
    ['CancelledError', named('CancelledError')],
    ['APIUserAbortError', named('APIUserAbortError')],
    ['a class of that name that sets no name', new APIUserAbortError()],
    ['a failure of Temporal', named('CancelledFailure')],
    ['an interruption of Effect', new Error('All fibers interrupted without error')],
    ["OpenAI's, with a minified class", new Error('Request was aborted.')],
    ['code ABORT_ERR', coded('ABORT_ERR')],
    ['code ERR_CANCELED', coded('ERR_CANCELED')],
    ['a cause', new Error('x', { cause: abort })],
    [
      'a cause of a cause',
      new Error('x', { cause: new Error('y', { cause: coded('ABORT_ERR') }) }),
    ],
    ['a cause below 20,000 others', chain(20_000, abort)],
    ['one of several errors', new AggregateError([new Error('no'), abort])],
    ['one of several, deeper', new AggregateError([new AggregateError([chain(3, abort)])])],
    ['a suppressed error', suppressed(new Error('close'), abort)],
    ['an error that suppresses another', suppressed(abort, new Error('work'))],
  ])('%s', (_, error) => {
    expect(isCancellation(error)).toBe(true);
  });
});

describe('not a cancellation is', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'AbortError'],
    ['a symbol', Symbol('AbortError')],
    ['a function of that name', function AbortError() {}],
    ['an error', new TypeError('fetch failed')],
    ['a timeout of AbortSignal', new DOMException('timed out', 'TimeoutError')],
    ['a number for a code', coded(20)],
    ['a timeout, whatever the attempt before it ended with', timedOut(abort)],
    ['an ActivityFailure of such a timeout', failed(timedOut(new CancelledFailure('CANCELLED')))],
    ['the body of an answer', Object.assign(new Error('400'), { error: { name: 'AbortError' } })],
    ['errors that are not an array', holding({ 0: abort, length: 1 })],
  ])('%s', (_, error) => {
    expect(isCancellation(error)).toBe(false);
  });
});

const refuse = (): never => {
  throw new Error('not to be read');
};

function unreadable(...fields: string[]): Error {
  const error = new Error('own', { cause: abort });
  for (const field of fields) Object.defineProperty(error, field, { get: refuse });
  return error;
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function cyclic(): Error {
  const first = new Error('first');
  const last = new Error('last', { cause: new AggregateError([first]) });
  return Object.assign(first, { cause: last });
}

const long: unknown[] = [];
long.length = 4_000_000_000;

/** Each of its properties is another one of its kind. */
const endless = (): unknown =>
  new Proxy({}, { get: (_, key) => (key === 'errors' ? [] : endless()) });

describe('an error that cannot be read', () => {
  test.each(['name', 'code', 'constructor', 'errors'])(
    'is a cancellation even if its %s throws, if its cause is one',
    (field) => {
      expect(isCancellation(unreadable(field))).toBe(true);
    },
  );

  test.each<[string, unknown]>([
    ['whose every property throws', unreadable('name', 'code', 'constructor', 'errors', 'cause')],
    ['that is a revoked proxy', revoked(new Error('x'))],
    [
      'that is a proxy which throws',
      new Proxy(new Error('x'), { get: refuse, getPrototypeOf: refuse }),
    ],
    ['whose errors are a revoked proxy', holding(revoked([]))],
    ['whose causes form a cycle', cyclic()],
    ['whose causes are endless', endless()],
    ['with a million errors', new AggregateError(Array.from({ length: 1_000_000 }, () => 0))],
    ['with a long array of nothing', holding(long)],
    ['with many of them', new AggregateError(Array.from({ length: 30_000 }, () => holding(long)))],
    ['below 100,000 causes', chain(100_000, abort)],
  ])('%s is quickly known not to be a cancellation', (_, error) => {
    const before = cpuMs();
    expect(isCancellation(error)).toBe(false);
    expect(cpuMs() - before).toBeLessThan(1_000);
  });
});
