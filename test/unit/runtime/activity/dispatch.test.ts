/** When the next attempt begins, with the retry loop in the hands of the test. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../../src/kernel/deadlines.js';
import { RETRY, type RetrySubject } from '../../../../src/retry/loop.js';
import type { Attempt } from '../../../../src/runtime/attempt/attempt.js';
import { Dispatch, type Dispatched } from '../../../../src/runtime/activity/dispatch.js';
import { Scheduler, type Waiter } from '../../../../src/runtime/shared/slots.js';
import { turn, VirtualClock } from '../../../support/virtual-clock.js';

/** What has been retried: each is a loop that does nothing by itself. */
const loops = vi.hoisted((): RetrySubject[] => []);
vi.mock('../../../../src/retry/loop.js', async (original) => ({
  ...(await original<object>()),
  retry: (subject: RetrySubject) => void loops.push(subject),
}));
beforeEach(() => {
  loops.length = 0;
});

function setUp({ slots = Infinity, overlapWaitMs = 0 } = {}) {
  const clock = new VirtualClock();
  const limits = { slots, slotsPerKey: Infinity, startsPerSecond: Infinity };
  const scheduler = new Scheduler(limits, clock, new Deadlines(clock));
  /** For each attempt: since when it had waited, and when it began. */
  const begun: { dispatchedAt: number; now: number }[] = [];
  const rearm = vi.fn();
  const activity = {
    services: { clock, scheduler },
    options: { priority: 3, scheduleToStartTimeoutMs: 0, overlapWaitMs },
    beginAttempt: (dispatchedAt: number, now: number) => begun.push({ dispatchedAt, now }),
    rearm,
  };
  const dispatch = new Dispatch(activity as unknown as Dispatched);
  /** An attempt ends now, and is retried a second later. */
  const fail = (running = false): Attempt => {
    const ended = { holdsSlot: true, running } as unknown as Attempt;
    dispatch.again(ended, 1_000, clock.now());
    dispatch.goOn();
    return ended;
  };
  /** Another activity takes a slot. */
  const occupy = (): void => {
    const other = { priority: 1, concurrencyKey: undefined, begin() {} };
    scheduler.request(other as unknown as Waiter, clock.now());
  };
  return { clock, dispatch, begun, rearm, fail, occupy };
}

/** What a promise has come to. */
function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return Promise.race([settled, turn().then(() => 'pending')]);
}

/** The first attempt has failed at 0. */
function setUpFailed(options: Parameters<typeof setUp>[0] = {}) {
  const at = setUp(options);
  at.dispatch.first(0, 0);
  at.fail();
  at.begun.length = 0;
  return { ...at, loop: loops[0]! };
}

test('an attempt that begins at once leaves the deadlines to itself', () => {
  const { dispatch, begun, rearm } = setUp();
  dispatch.first(0, 0);
  expect(begun).toEqual([{ dispatchedAt: 0, now: 0 }]);
  expect(rearm).not.toHaveBeenCalled();
});

test('a pause while the store is read outlasts the reading', () => {
  const { dispatch, begun } = setUp();
  dispatch.pause(5);
  dispatch.first(0, 10);
  expect(dispatch.paused).toBe(true);
  expect(begun).toEqual([]);
  dispatch.unpause(0, 20);
  dispatch.proceed(20);
  expect(begun).toEqual([{ dispatchedAt: 20, now: 20 }]);
});

describe('the retry loop', () => {
  test('is told when the delay is over, and then asks for the attempt', async () => {
    const { dispatch, begun, loop, clock } = setUpFailed();
    expect(await outcomeOf(loop.backoff())).toBe('pending');
    clock.block(1_000);
    expect(dispatch.onDue(1_000)).toBe(true);
    expect(await outcomeOf(loop.backoff())).toEqual({ value: true });
    expect(begun).toEqual([]);
    void loop.nextAttempt();
    expect(begun).toEqual([{ dispatchedAt: 1_000, now: 1_000 }]);
  });

  test('is one for all attempts', async () => {
    const { dispatch, begun, loop, clock, fail } = setUpFailed();
    for (const at of [1_000, 2_000, 3_000]) {
      clock.block(1_000);
      dispatch.onDue(at);
      const attempt = loop.nextAttempt();
      expect(await outcomeOf(attempt)).toBe('pending');
      fail();
      expect(await outcomeOf(attempt)).toEqual({ error: RETRY });
      expect(await outcomeOf(loop.backoff())).toBe('pending');
    }
    expect(begun.map(({ now }) => now)).toEqual([1_000, 2_000, 3_000]);
    expect(loops).toEqual([loop]);
  });

  test('ends with an activity that closes in the delay', async () => {
    const { dispatch, loop } = setUpFailed();
    dispatch.close();
    expect(await outcomeOf(loop.backoff())).toEqual({ value: false });
  });

  test('ends with an activity that closes before the loop has asked', async () => {
    const { dispatch, begun, loop } = setUpFailed();
    dispatch.onDue(1_000);
    dispatch.close();
    expect(await outcomeOf(loop.nextAttempt())).toEqual({ value: undefined });
    expect(begun).toEqual([]);
  });

  test('ends with an activity that closes in an attempt', async () => {
    const { dispatch, loop } = setUpFailed();
    dispatch.onDue(1_000);
    const attempt = loop.nextAttempt();
    dispatch.close();
    expect(await outcomeOf(attempt)).toEqual({ value: undefined });
  });
});

describe('between the end of the delay and the attempt', () => {
  test('a pause holds the attempt back until it is over', () => {
    const { dispatch, begun, loop } = setUpFailed();
    dispatch.onDue(1_000);
    dispatch.pause(1_000);
    void loop.nextAttempt();
    expect(begun).toEqual([]);
    dispatch.unpause(0, 5_000);
    dispatch.proceed(5_000);
    expect(begun).toEqual([{ dispatchedAt: 5_000, now: 5_000 }]);
  });

  test('a reset may put the attempt off', () => {
    const { dispatch, begun, loop } = setUpFailed();
    dispatch.onDue(1_000);
    dispatch.reschedule(5_000);
    void loop.nextAttempt();
    expect(dispatch.onDue(4_999)).toBe(false);
    expect(begun).toEqual([]);
    expect(dispatch.onDue(5_000)).toBe(true);
    expect(begun).toEqual([{ dispatchedAt: 5_000, now: 5_000 }]);
  });
});

describe('delayed is', () => {
  type SetUp = ReturnType<typeof setUp>;
  /** The store has been read at 0; the first attempt fails then. */
  const failed = (at: SetUp): void => {
    at.dispatch.first(0, 0);
    at.fail();
  };
  const delayOver = (at: SetUp): void => {
    failed(at);
    at.dispatch.onDue(1_000);
  };
  const asked = (at: SetUp): void => {
    delayOver(at);
    void loops[0]!.nextAttempt();
  };
  const cases: [boolean, number | undefined, string, (at: SetUp) => void][] = [
    [false, undefined, 'while the store is read', () => {}],
    [true, 500, 'in the start delay', ({ dispatch }) => dispatch.first(500, 0)],
    [false, undefined, 'in the first attempt', ({ dispatch }) => dispatch.first(0, 0)],
    [true, 1_000, 'in the backoff', failed],
    [
      true,
      undefined,
      'in a pause in the backoff',
      (at) => {
        failed(at);
        at.dispatch.pause(500);
      },
    ],
    [false, undefined, 'after the backoff, before the retry loop has asked', delayOver],
    [
      false,
      undefined,
      'in the wait for a slot',
      (at) => {
        failed(at);
        at.occupy();
        at.dispatch.onDue(1_000);
        void loops[0]!.nextAttempt();
        expect(at.dispatch.waiting).toBe(true);
      },
    ],
    [
      false,
      undefined,
      'in a pause in the wait for a slot',
      (at) => {
        failed(at);
        at.occupy();
        at.dispatch.onDue(1_000);
        void loops[0]!.nextAttempt();
        at.dispatch.pause(1_500);
      },
    ],
    [false, undefined, 'in the second attempt', asked],
    [
      false,
      undefined,
      'at the end',
      (at) => {
        failed(at);
        at.dispatch.close();
      },
    ],
  ];

  test.each(cases)('%s, and until %s, %s', (delayed, until, _, reach) => {
    const at = setUp({ slots: 1 });
    reach(at);
    expect(at.dispatch.isDelayed(400)).toBe(delayed);
    expect(at.dispatch.delayedUntil).toBe(until);
  });
});

test('a delay is over in a pause too', () => {
  const { dispatch, fail } = setUp({});
  dispatch.first(0, 0);
  fail();
  dispatch.pause(500);
  expect([999, 1_000].map((now) => dispatch.isDelayed(now))).toEqual([true, false]);
});

test('a pause does not change when the delay was over, while a function is waited for', () => {
  const { dispatch, begun, fail, clock } = setUp({ overlapWaitMs: Infinity });
  dispatch.first(0, 0);
  const ended = fail(true);
  dispatch.pause(500);
  dispatch.unpause(0, 5_000);
  dispatch.proceed(5_000);
  expect(dispatch.waitsFor).toBe(ended);
  expect(dispatch.delayedUntil).toBe(1_000);

  clock.block(6_000);
  dispatch.settled(ended, 6_000);
  void loops[0]!.nextAttempt();
  expect(begun.map(({ now }) => now)).toEqual([0, 6_000]);
});
