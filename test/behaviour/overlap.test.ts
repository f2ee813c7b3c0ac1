/**
 * `attemptOverlap`: whether a retry runs while the function of the timed-out attempt is running.
 */
import { describe, expect, test } from 'vitest';
import type { ActivityContext, ActivityOptions, Duration } from '../../src/index.js';
import { Harness } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

/** A heartbeat timeout of 1 s, a delay of 1 s, and work that no cancellation ends. */
function setUp(attemptOverlap: 'allow' | 'forbid' | Duration, slots = Infinity) {
  const h = new Harness({ maxConcurrentActivities: slots });
  const options = { attemptOverlap, heartbeatTimeout: '1s' } satisfies ActivityOptions;
  const busy = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      h.clock.setTimer(resolve, ms);
    });
  /** The first attempt is busy for that long; the second returns at once. */
  const slow =
    (ms: number) =>
    async (ctx: ActivityContext): Promise<string> => {
      if (ctx.info.attempt === 1) await busy(ms);
      return `attempt ${ctx.info.attempt}`;
    };
  return { h, options, busy, slow };
}

test('by default, the retry starts while the function of the timed-out attempt is still running', async () => {
  const { h, options, slow } = setUp('allow');
  const run = h.watch(h.run(slow(10_000), options));
  await h.advance(3_000);
  expect(run.outcome).toMatchObject({ value: 'attempt 2', at: 2_000 });
});

describe("with 'forbid'", () => {
  test('a function that continues after completeAsync is also waited for, without a slot', async () => {
    const { h, options, busy } = setUp('forbid', 1);
    void h.run(
      async (ctx) => {
        if (ctx.info.attempt > 1) return;
        try {
          ctx.completeAsync();
        } finally {
          await busy(10_000);
        }
      },
      { ...options, activityType: 'left open' },
    );
    const other = h.watch(h.run(() => busy(100)));
    await h.advance(20_000);
    expect(settledAt(other)).toBe(100);
    const started = h.of('started').filter(({ activityType }) => activityType === 'left open');
    expect(started.map(({ at }) => at)).toEqual([0, 10_000]);
    expect(h.engine.stats().running).toBe(0);
  });

  test('the retry waits until the function has settled and then starts at once', async () => {
    const { h, options, slow } = setUp('forbid');
    const run = h.watch(h.run(slow(10_000), options));
    await h.advance(20_000);
    expect(startsOf(h)).toEqual([0, 10_000]);
    expect(run.outcome).toMatchObject({ value: 'attempt 2' });
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'attemptAbandoned',
      'attemptSettled',
      'started',
      'completed',
    ]);
  });

  test('the retry waits for the rest of its delay if the function settles earlier', async () => {
    const { h, options, slow } = setUp('forbid');
    const run = h.watch(h.run(slow(1_500), options));
    await h.advance(20_000);
    expect(startsOf(h)).toEqual([0, 2_000]);
    expect(run.outcome).toMatchObject({ value: 'attempt 2' });
  });

  test('the wait has no limit of its own', async () => {
    const { h, options, slow } = setUp('forbid');
    void h.run(slow(86_400_000), options);
    await h.advance(86_000_000);
    expect(startsOf(h)).toEqual([0]);
    await h.advance(1_000_000);
    expect(startsOf(h)).toEqual([0, 86_400_000]);
  });

  test('scheduleToClose ends the wait and the activity', async () => {
    const { h, options, slow } = setUp('forbid');
    const run = h.watch(h.run(slow(10_000), { ...options, scheduleToCloseTimeout: '5s' }));
    await h.advance(20_000);
    expect(settledAt(run)).toBe(5_000);
    expect(failureOf(run)).toMatchObject({ attempt: 1, retryState: 'TIMEOUT' });
    expect(timeoutOf(run)).toMatchObject({
      timeoutType: 'SCHEDULE_TO_CLOSE',
      cause: { timeoutType: 'HEARTBEAT' },
    });
    expect(startsOf(h)).toEqual([0]);
  });

  test('an abort of the outside signal ends the wait and the activity', async () => {
    const { h, options, slow } = setUp('forbid');
    const controller = new AbortController();
    const run = h.watch(h.run(slow(10_000), { ...options, signal: controller.signal }));
    await h.advance(5_000);
    controller.abort();
    await h.advance(20_000);
    expect(settledAt(run)).toBe(5_000);
    expect(failureOf(run).cause).toMatchObject({ message: 'CANCELLED' });
    expect(startsOf(h)).toEqual([0]);
  });

  test('scheduleToStart does not count during the wait', async () => {
    const { h, options, slow } = setUp('forbid');
    const run = h.watch(h.run(slow(10_000), { ...options, scheduleToStartTimeout: '1s' }));
    await h.advance(20_000);
    expect(run.outcome).toMatchObject({ value: 'attempt 2', at: 10_000 });
  });

  test('the slot is kept during the wait and passed on when it ends', async () => {
    const { h, options, slow } = setUp('forbid', 1);
    void h.run(slow(10_000), options);
    const other = h.watch(h.run(() => 'other'));
    await h.advance(9_996);
    expect(other.outcome.state).toBe('pending');
    await h.advance(10_000);
    expect(other.outcome).toMatchObject({ value: 'other', at: 10_000 });
  });

  test('the slot is free for the rest of the delay once the function has settled', async () => {
    const { h, options, slow } = setUp('forbid', 1);
    void h.run(slow(1_500), options);
    const other = h.watch(h.run(() => 'other'));
    await h.advance(1_750);
    expect(other.outcome).toMatchObject({ value: 'other', at: 1_500 });
  });

  test('the slot is free when the activity is closed during the wait', async () => {
    const { h, options, slow } = setUp('forbid', 1);
    void h.run(slow(10_000), { ...options, scheduleToCloseTimeout: '5s' }).catch(() => {});
    const other = h.watch(h.run(() => 'other'));
    await h.advance(20_000);
    expect(other.outcome).toMatchObject({ value: 'other', at: 5_000 });
  });

  test('an attempt that threw is not waited for, because its function has settled', async () => {
    const { h, options } = setUp('forbid');
    void h.run((ctx) => {
      if (ctx.info.attempt === 1) throw new Error('no');
    }, options);
    await h.advance(5_000);
    expect(startsOf(h)).toEqual([0, 1_000]);
  });

  test('two attempts never run at the same time', async () => {
    const { h, options, busy } = setUp('forbid');
    let running = 0;
    let most = 0;
    const run = h.watch(
      h.run(
        async () => {
          most = Math.max(most, ++running);
          await busy(2_500);
          running--;
        },
        { ...options, retryPolicy: { maximumAttempts: 4 } },
      ),
    );
    await h.advance(60_000);
    expect(failureOf(run).attempt).toBe(4);
    expect(most).toBe(1);
  });
});

describe('with a maximum overlap', () => {
  test('the retry waits no longer than that', async () => {
    const { h, options, slow } = setUp('5s');
    const run = h.watch(h.run(slow(60_000), options));
    await h.advance(20_000);
    expect(startsOf(h)).toEqual([0, 6_000]); // the timeout was at 1 s
    expect(run.outcome).toMatchObject({ value: 'attempt 2', at: 6_000 });
  });

  test('the retry starts when the function settles earlier', async () => {
    const { h, options, slow } = setUp('5s');
    void h.run(slow(4_000), options);
    await h.advance(20_000);
    expect(startsOf(h)).toEqual([0, 4_000]);
  });

  test('the retry waits for its delay if that is longer', async () => {
    const { h, options, slow } = setUp('500ms');
    void h.run(slow(60_000), options);
    await h.advance(20_000);
    expect(startsOf(h)).toEqual([0, 2_000]);
  });

  test('the slot is kept until the wait is over and no longer', async () => {
    const { h, options, slow } = setUp('500ms', 1);
    void h.run(slow(60_000), options);
    const other = h.watch(h.run(() => 'other'));
    await h.advance(20_000);
    expect(other.outcome).toMatchObject({ value: 'other', at: 1_500 });
  });

  test('a function that settles after the wait does not start another attempt', async () => {
    const { h, options, busy } = setUp('2s');
    void h
      .run(
        async (ctx) => {
          await busy(ctx.info.attempt === 1 ? 3_500 : 900);
          if (ctx.info.attempt === 2) throw new Error('no');
        },
        { ...options, retryPolicy: { maximumAttempts: 3 } },
      )
      .catch(() => {});
    await h.advance(60_000);
    // Attempt 2 runs from 3 s to 3.9 s, past the end of the first; attempt 3 is 2 s after it.
    expect(startsOf(h)).toEqual([0, 3_000, 5_900]);
  });
});
