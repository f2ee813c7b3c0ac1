import { describe, expect, test } from 'vitest';
import type * as errors from '../../../src/kernel/errors.js';
import type * as failures from '../../../src/kernel/failures.js';
import * as here from '../../../src/index.js';
import { Harness } from '../../support/harness.js';

/** The same source again, like a second installed copy. */
const elsewhere = {
  // @ts-expect-error -- the query makes it another module; TypeScript knows of none
  ...((await import('../../../src/kernel/failures.js?second-copy')) as typeof failures),
  // @ts-expect-error -- the same
  ...((await import('../../../src/kernel/errors.js?second-copy')) as typeof errors),
};

type Failures = Pick<
  typeof here,
  | 'ActivityFailure'
  | 'ApplicationFailure'
  | 'TimeoutFailure'
  | 'CancelledFailure'
  | 'HeartbeatDetailsError'
  | 'HeartbeatStoreError'
  | 'ActivityAlreadyStartedError'
>;

const cause = new Error('inner');

/** One of each class. */
function make(from: Failures): Record<keyof Failures, Error> {
  return {
    ActivityFailure: new from.ActivityFailure('a', {
      activityId: 'id',
      activityType: 'type',
      attempt: 2,
      retryState: 'TIMEOUT',
      cause,
    }),
    ApplicationFailure: new from.ApplicationFailure('a', { cause }),
    TimeoutFailure: new from.TimeoutFailure('a', { timeoutType: 'HEARTBEAT', cause }),
    CancelledFailure: new from.CancelledFailure('CANCELLED', { cause }),
    HeartbeatDetailsError: new from.HeartbeatDetailsError('a', { path: 'details', cause }),
    HeartbeatStoreError: new from.HeartbeatStoreError('a', { cause }),
    ActivityAlreadyStartedError: new from.ActivityAlreadyStartedError('a', {
      activityId: 'id',
      cause,
    }),
  };
}

const names = Object.keys(make(here)) as (keyof Failures)[];

describe.each(names)('%s', (name) => {
  const failure = make(here)[name];

  test('is an Error with its name, message, stack and cause', () => {
    expect(failure).toBeInstanceOf(Error);
    expect(failure.name).toBe(name);
    expect(String(failure)).toBe(`${name}: ${failure.message}`);
    expect(failure.stack).toMatch(new RegExp(`^${name}: ${failure.message}\\n`));
    expect(failure.cause).toBe(cause);
    expect(Object.keys(failure)).not.toContain('name');
    expect(Object.keys(failure)).not.toContain('cause');
    expect(Object.prototype.toString.call(failure)).toBe('[object Error]');
  });

  test('is an instance of its class in both directions across two copies', () => {
    expect(elsewhere[name]).not.toBe(here[name]);
    const other = make(elsewhere)[name];
    expect(failure).toBeInstanceOf(here[name]);
    expect(failure).toBeInstanceOf(elsewhere[name]);
    expect(other).toBeInstanceOf(here[name]);
    expect(other).toBeInstanceOf(elsewhere[name]);
  });

  test('is an instance of no other class', () => {
    const other = make(elsewhere)[name];
    for (const each of names.filter((candidate) => candidate !== name)) {
      expect(failure).not.toBeInstanceOf(here[each]);
      expect(other).not.toBeInstanceOf(here[each]);
    }
  });

  test('has a class that takes no other value for its instance', () => {
    for (const value of [
      undefined,
      null,
      5,
      'x',
      {},
      [],
      new Error('x'),
      () => 1,
      Object.create(null),
    ]) {
      expect((value as unknown) instanceof here[name]).toBe(false);
    }
  });

  test('without a cause has no cause property', () => {
    const bare = new here.ApplicationFailure('a');
    expect(Object.hasOwn(bare, 'cause')).toBe(false);
    expect(Object.hasOwn(new here.ApplicationFailure('a', { cause: undefined }), 'cause')).toBe(
      true,
    );
  });
});

describe('classes that users derive', () => {
  class Quota extends here.ApplicationFailure {
    readonly limit: number;
    constructor(limit: number) {
      super(`over ${limit}`, { type: 'Quota', nonRetryable: true });
      this.limit = limit;
    }
  }
  class Harder extends Quota {}
  class Sibling extends here.ApplicationFailure {}

  test('have instances of themselves and of their base classes, here and in the other copy', () => {
    const failure = new Harder(5);
    for (const each of [
      Harder,
      Quota,
      here.ApplicationFailure,
      elsewhere.ApplicationFailure,
      Error,
    ]) {
      expect(failure).toBeInstanceOf(each);
    }
    expect(failure).not.toBeInstanceOf(Sibling);
    expect(new Sibling('s')).not.toBeInstanceOf(Quota);
    expect(new here.ApplicationFailure('a')).not.toBeInstanceOf(Quota);
    expect(new elsewhere.ApplicationFailure('a')).not.toBeInstanceOf(Quota);
  });

  test('keep the name of their base class unless they have their own', () => {
    expect(new Quota(5).name).toBe('ApplicationFailure');
  });

  /** How people name their errors. */
  const named: readonly (readonly [string, () => Error])[] = [
    [
      'in the constructor',
      () => {
        class Named extends here.ApplicationFailure {
          constructor() {
            super('n', { nonRetryable: true });
            (this as { name: string }).name = 'Named';
          }
        }
        return new Named();
      },
    ],
    [
      'by a field',
      () => {
        class Named extends here.ApplicationFailure {
          // @ts-expect-error -- JavaScript does not know that the name is fixed
          override readonly name = 'Named';
        }
        return new Named('n', { nonRetryable: true });
      },
    ],
    [
      'by an accessor',
      () => {
        class Named extends here.ApplicationFailure {
          // @ts-expect-error -- JavaScript does not know that the name is fixed
          override get name(): string {
            return 'Named';
          }
        }
        return new Named('n', { nonRetryable: true });
      },
    ],
    [
      'on the prototype',
      () => {
        class Named extends here.ApplicationFailure {}
        Object.defineProperty(Named.prototype, 'name', { value: 'Named' });
        return new Named('n', { nonRetryable: true });
      },
    ],
    [
      'after they are made',
      () => {
        const failure = here.ApplicationFailure.nonRetryable('n');
        return Object.defineProperty(failure, 'name', { value: 'Named' });
      },
    ],
  ];

  test.each(named)('may be named %s and keep their kind', async (_, create) => {
    const failure = create();
    expect(failure.name).toBe('Named');
    expect(String(failure)).toBe('Named: n');
    expect(failure).toBeInstanceOf(here.ApplicationFailure);
    expect(failure).toBeInstanceOf(elsewhere.ApplicationFailure);
    const harness = new Harness();
    const ran = harness.watch(harness.run(() => Promise.reject(failure)));
    await harness.turn();
    expect(ran.outcome).toMatchObject({
      state: 'rejected',
      error: { retryState: 'NON_RETRYABLE_FAILURE', cause: failure },
    });
  });
});

describe('ApplicationFailure', () => {
  test('has defaults for missing fields', () => {
    expect(new here.ApplicationFailure()).toMatchObject({
      message: '',
      type: undefined,
      nonRetryable: false,
      details: [],
      nextRetryDelay: undefined,
      category: undefined,
    });
  });

  test('create takes an object with all fields', () => {
    const failure = here.ApplicationFailure.create({
      message: 'm',
      type: 'T',
      nonRetryable: true,
      details: [1],
      nextRetryDelay: '5s',
      category: 'BENIGN',
      cause,
    });
    expect(failure).toMatchObject({
      message: 'm',
      type: 'T',
      nonRetryable: true,
      details: [1],
      nextRetryDelay: '5s',
      category: 'BENIGN',
    });
    expect(failure.cause).toBe(cause);
    expect(here.ApplicationFailure.create({}).type).toBeUndefined();
  });

  test('retryable and nonRetryable take the message, type and details', () => {
    expect(here.ApplicationFailure.retryable('m', 'T', 1, 2)).toMatchObject({
      message: 'm',
      type: 'T',
      nonRetryable: false,
      details: [1, 2],
    });
    expect(here.ApplicationFailure.nonRetryable('m')).toMatchObject({
      message: 'm',
      type: 'Error',
      nonRetryable: true,
      details: [],
    });
    expect(here.ApplicationFailure.retryable().message).toBe('');
  });

  test.each([-1, NaN, Infinity, '5', 'soon', null, {}])(
    'accepts a nextRetryDelay of %o, so that the error it reports is not lost',
    (nextRetryDelay) => {
      const failure = new here.ApplicationFailure('m', {
        nextRetryDelay: nextRetryDelay as number,
      });
      expect(failure).toMatchObject({ message: 'm', nextRetryDelay });
    },
  );

  test.each(['create', 'retryable', 'nonRetryable'] as const)(
    'gets the stack of the caller from %s',
    (name) => {
      const make = (): Error =>
        (here.ApplicationFailure[name] as (given: never) => Error)({} as never);
      expect(make().stack).toMatch(/^ApplicationFailure.*\n +at make /);
    },
  );
});

test('TimeoutFailure has the details and the time of a blocked event loop', () => {
  const failure = new here.TimeoutFailure('t', {
    timeoutType: 'HEARTBEAT',
    lastHeartbeatDetails: { line: 5 },
    eventLoopBlockedMs: 7,
  });
  expect(failure).toMatchObject({
    timeoutType: 'HEARTBEAT',
    lastHeartbeatDetails: { line: 5 },
    eventLoopBlockedMs: 7,
  });
  expect(new here.TimeoutFailure('t', { timeoutType: 'HEARTBEAT' }).eventLoopBlockedMs).toBe(0);
});

describe('what kind of error it is', () => {
  const inActivity = (reason: unknown): Error =>
    new here.ActivityFailure('a', {
      activityId: 'id',
      activityType: 'type',
      attempt: 1,
      cause: reason,
    });
  const cancelled = new here.CancelledFailure('CANCELLED');
  const timeout = new here.TimeoutFailure('t', { timeoutType: 'HEARTBEAT' });

  test('isCancellation looks inside ActivityFailure', () => {
    expect(here.isCancellation(cancelled)).toBe(true);
    expect(here.isCancellation(inActivity(cancelled))).toBe(true);
    expect(here.isCancellation(make(elsewhere).CancelledFailure)).toBe(true);
    expect(here.isCancellation(inActivity(make(elsewhere).CancelledFailure))).toBe(true);
    for (const other of [timeout, inActivity(timeout), null, undefined, 'CANCELLED', {}]) {
      expect(here.isCancellation(other)).toBe(false);
    }
  });

  test('isTimeout looks inside ActivityFailure too, for any type or one', () => {
    for (const error of [timeout, inActivity(timeout), make(elsewhere).TimeoutFailure]) {
      expect(here.isTimeout(error)).toBe(true);
      expect(here.isTimeout(error, 'HEARTBEAT')).toBe(true);
      expect(here.isTimeout(error, 'START_TO_CLOSE')).toBe(false);
    }
    for (const other of [
      cancelled,
      inActivity(cancelled),
      new Error('x', { cause: timeout }),
      null,
      undefined,
      5,
    ]) {
      expect(here.isTimeout(other)).toBe(false);
    }
  });
});

test('an ActivityFailure says what happened, with the message of its cause', async () => {
  const harness = new Harness();
  const ran = harness.watch(
    harness.run(
      function importRows() {
        throw new RangeError('row 5');
      },
      { retryPolicy: { maximumAttempts: 1 } },
    ),
  );
  await harness.turn();
  expect(ran.outcome).toMatchObject({
    error: {
      message:
        'Activity importRows failed at attempt 1 (MAXIMUM_ATTEMPTS_REACHED): RangeError: row 5',
    },
  });
});
