/** The errors of a handle for calls that it refuses: the full message and the fields. */
import { describe, expect, test } from 'vitest';
import {
  ActivityNotFoundError,
  ActivityStateError,
  type ActivityOptions,
  type RunState,
} from '../../src/index.js';
import type { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness, never } from '../support/harness.js';
import { failureOf } from '../support/outcomes.js';

function thrownBy(operation: () => void): Error {
  try {
    operation();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('nothing was thrown');
}

type Operation = (handle: ActivityHandle) => void;

const started = (h: Harness, options: ActivityOptions = {}): ActivityHandle =>
  h.start(never, { activityId: 'a', ...options });

/** An activity that is in that state. */
const IN: Record<RunState | 'a backoff', (h: Harness) => ActivityHandle | Promise<ActivityHandle>> =
  {
    SCHEDULED: (h) => started(h, { startDelay: '1m' }),
    STARTED: (h) => started(h),
    CANCEL_REQUESTED: (h) => {
      const handle = started(h);
      handle.cancel();
      return handle;
    },
    PAUSE_REQUESTED: (h) => {
      const handle = started(h);
      handle.pause();
      return handle;
    },
    PAUSED: (h) => {
      const handle = started(h, { startDelay: '1m' });
      handle.pause();
      return handle;
    },
    'a backoff': async (h) => {
      const handle = h.start(() => Promise.reject(new Error('no')), { activityId: 'a' });
      await h.turn();
      return handle;
    },
  };

/** What the message says after the state. */
const WHY: Readonly<Record<string, string>> = {
  unpause: '; pause it first',
  reportCancellation: '; cancel it first',
  'updateOptions({ startDelay })': '; its delay is over',
};

describe('an operation that the state does not allow', () => {
  const startDelay: Operation = (handle) => handle.updateOptions({ startDelay: '1s' });

  test.each<[operation: string, RunState, Operation]>([
    ['unpause', 'SCHEDULED', (handle) => handle.unpause()],
    ['unpause', 'STARTED', (handle) => handle.unpause()],
    ['pause', 'CANCEL_REQUESTED', (handle) => handle.pause()],
    ['reset', 'CANCEL_REQUESTED', (handle) => handle.reset()],
    ['updateOptions', 'CANCEL_REQUESTED', (handle) => handle.updateOptions({ priority: 1 })],
    ['reportCancellation', 'STARTED', (handle) => handle.reportCancellation()],
    ['reportCancellation', 'PAUSE_REQUESTED', (handle) => handle.reportCancellation()],
    ['updateOptions({ startDelay })', 'STARTED', startDelay],
    ['updateOptions({ startDelay })', 'PAUSE_REQUESTED', startDelay],
  ])('%s of an activity that is %s is refused', async (operation, runState, act) => {
    const handle = await IN[runState](new Harness());
    const error = thrownBy(() => act(handle));
    expect(error).toBeInstanceOf(ActivityStateError);
    expect(error.message).toBe(`${operation}: activity "a" is ${runState}${WHY[operation] ?? ''}`);
    expect(error).toMatchObject({ activityId: 'a', runState, operation });
    expect(handle.describe().runState).toBe(runState);
  });

  test('updateOptions refuses a start delay after the first attempt', async () => {
    const handle = await IN['a backoff'](new Harness());
    const error = thrownBy(() => startDelay(handle));
    expect(error.message).toBe(
      'updateOptions({ startDelay }): activity "a" is SCHEDULED; its delay is over',
    );
    expect(handle.describe()).toMatchObject({ attempt: 2, currentRetryInterval: 1_000 });
  });

  test.each<
    [status: string, ActivityOptions, end: (handle: ActivityHandle, h: Harness) => unknown]
  >([
    ['COMPLETED', {}, (handle) => handle.complete('done')],
    ['FAILED', { retryPolicy: { maximumAttempts: 1 } }, (handle) => handle.fail(new Error('no'))],
    ['TIMED_OUT', { scheduleToCloseTimeout: '1s' }, (_, h) => h.advance(1_000)],
    ['CANCELED', { startDelay: '1m' }, (handle) => handle.cancel()],
    ['TERMINATED', {}, (handle) => handle.terminate()],
  ])('terminate refuses an activity that has closed as %s', async (status, options, end) => {
    const h = new Harness();
    const handle = started(h, options);
    await end(handle, h);
    const error = thrownBy(() => handle.terminate('again'));
    expect(error).toBeInstanceOf(ActivityStateError);
    expect(error.message).toBe(`terminate: activity "a" is closed (${status})`);
    expect(error).toMatchObject({ activityId: 'a', runState: undefined, operation: 'terminate' });
    expect(handle.describe().status).toBe(status);
  });

  test('escapes the id in its message', () => {
    const handle = new Harness().start(never, { activityId: 'say "a"' });
    const { message } = thrownBy(() => handle.unpause());
    expect(message).toMatch(/^unpause: activity "say \\"a\\"" is STARTED; pause it first$/);
  });
});

describe('without a running attempt', () => {
  const speak: [operation: string, Operation][] = [
    ['fail', (handle) => handle.fail(new Error('no'))],
    ['heartbeat', (handle) => handle.heartbeat(1)],
    ['reportCancellation', (handle) => handle.reportCancellation()],
  ];

  test.each(
    (['SCHEDULED', 'PAUSED', 'a backoff'] as const).flatMap((state) =>
      speak.map(([operation, act]) => [operation, state, act] as const),
    ),
  )('%s in %s throws ActivityNotFoundError', async (_, state, act) => {
    const handle = await IN[state](new Harness());
    const error = thrownBy(() => act(handle));
    expect(error).toBeInstanceOf(ActivityNotFoundError);
    expect(error.message).toBe('No attempt of activity "a" is running');
    expect(error).toMatchObject({ activityId: 'a' });
  });

  test.each<[string, Operation]>([...speak, ['complete', (handle) => handle.complete(1)]])(
    '%s of a closed activity throws ActivityNotFoundError',
    (_, act) => {
      const handle = started(new Harness());
      handle.terminate();
      const error = thrownBy(() => act(handle));
      expect(error).toBeInstanceOf(ActivityNotFoundError);
      expect(error.message).toBe('Activity "a" has closed');
      expect(error).toMatchObject({ activityId: 'a' });
    },
  );
});

describe.each(['unpause', 'reset'] as const)('%s refuses', (operation) => {
  test.each<[string, unknown, message: string]>([
    ['null', null, `${operation}: received null; expected an object such as { jitter: '1s' }`],
    ['a number', 5, `${operation}: received 5; expected an object such as { jitter: '1s' }`],
    ['a text', '1s', `${operation}: received "1s"; expected an object such as { jitter: '1s' }`],
    [
      'a misspelt option',
      { jiter: 1 },
      `${operation} has no option "jiter"; did you mean "jitter"?`,
    ],
    [
      'an infinite jitter',
      { jitter: Infinity },
      'jitter: received Infinity; expected a finite duration',
    ],
    [
      'a jitter that is not a duration',
      { jitter: 'soon' },
      'jitter: received "soon"; expected milliseconds (0 or more), or a number with a unit such as ' +
        "'10s' or '5 minutes'",
    ],
  ])('%s, and changes nothing', async (_, options, message) => {
    const h = new Harness();
    const handle = await IN.PAUSED(h);
    const before = handle.describe();
    const error = thrownBy(() => handle[operation](options as object));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(message);
    expect(handle.describe()).toEqual(before);
    expect(h.names()).toEqual(['scheduled', 'paused']);
  });
});

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

test.each<[string, unknown]>([
  ['is not text', Object.create(null)],
  ['is a revoked proxy', revoked()],
  ['throws', Object.defineProperty(new Error('x'), 'message', { get: () => expect.unreachable() })],
])('terminate accepts a reason that %s', async (_, reason) => {
  const h = new Harness();
  const handle = h.start(never);
  const run = h.watch(handle.result());
  handle.terminate(reason);
  await h.turn();
  expect(handle.describe().status).toBe('TERMINATED');
  expect((failureOf(run).cause as Error).message).toBe('terminated');
});

test.each(['pause', 'reset'] as const)(
  'the refusal of %s during a requested reset says so',
  (name) => {
    const h = new Harness();
    const handle = h.start(never, { activityId: 'a' });
    void handle.result().catch(() => {});
    handle.reset();
    expect(() => {
      handle[name]();
    }).toThrow(`${name}: activity "a" is STARTED and will be reset`);
  },
);
