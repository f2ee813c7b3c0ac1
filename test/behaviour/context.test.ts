/** The members of the context that are about stopping, and what they leave behind. */
import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import {
  CancelledFailure,
  TimeoutFailure,
  type ActivityContext,
  type Duration,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections, timeoutOf } from '../support/outcomes.js';
import { DEFAULT_POLICY } from '../support/policy.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A running activity, its context, and the controller that aborts it. */
function running() {
  const h = new Harness();
  const controller = new AbortController();
  let ctx!: ActivityContext<number>;
  let finish!: () => void;
  const run = h.watch(
    h.run(
      (given: ActivityContext<number>) => {
        ctx = given;
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { signal: controller.signal },
    ),
  );
  return { h, run, ctx, controller, finish };
}

test('every member of a context is bound', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(async ({ heartbeat, sleep, signal, info, log }) => {
      heartbeat(1);
      await sleep(10);
      log.info('here');
      return [signal.aborted, info.attempt];
    }),
  );
  await h.advance(20);
  expect(run.outcome).toMatchObject({ value: [false, 1] });
  expect(h.logs).toMatchObject([{ level: 'info', message: 'here', attributes: { attempt: 1 } }]);
});

test('signal, cancelled, info and the methods of a context are always the same objects', () => {
  const { ctx } = running();
  expect(ctx.signal).toBe(ctx.signal);
  expect(ctx.cancelled).toBe(ctx.cancelled);
  expect(ctx.info).toBe(ctx.info);
  expect(ctx.heartbeat).toBe(ctx.heartbeat);
  expect(ctx.sleep).toBe(ctx.sleep);
});

describe('ctx.signal', () => {
  test('has a CancelledFailure as its reason, whose cause is the timeout', async () => {
    const h = new Harness();
    let signal!: AbortSignal;
    const run = h.watch(
      h.run(
        (ctx) => {
          signal = ctx.signal;
          return never();
        },
        { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
      ),
    );
    await h.advance(1_000);
    const reason = signal.reason as CancelledFailure;
    expect(reason).toBeInstanceOf(CancelledFailure);
    expect(reason.message).toBe('TIMED_OUT');
    expect(reason.cause).toBeInstanceOf(TimeoutFailure);
    expect(reason.cause).toBe(timeoutOf(run));
  });

  test('is new for each attempt', async () => {
    const h = new Harness();
    const signals: AbortSignal[] = [];
    h.run(
      (ctx) => {
        signals.push(ctx.signal);
        return never();
      },
      { heartbeatTimeout: '1s' },
    ).catch(() => {});
    await h.advance(2_500);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  test('does not abort when the activity succeeds or throws', async () => {
    const h = new Harness();
    const signals: AbortSignal[] = [];
    void h.run((ctx) => {
      signals.push(ctx.signal);
      if (ctx.info.attempt === 1) throw new Error('no');
    });
    await h.advance(5_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });

  test('does not abort when the outside signal aborts after the end', async () => {
    const { h, ctx, controller, finish } = running();
    finish();
    await h.turn();
    controller.abort();
    expect(ctx.signal.aborted).toBe(false);
    expect(ctx.cancellationDetails).toBeUndefined();
  });

  test('has no listeners from the runtime', async () => {
    const { h, ctx } = running();
    void ctx.cancelled;
    ctx.sleep('1h').catch(() => {});
    await h.turn();
    expect(getEventListeners(ctx.signal, 'abort')).toEqual([]);
  });
});

describe('ctx.cancelled', () => {
  test('rejects with the reason of the signal', async () => {
    const { ctx, controller } = running();
    const { cancelled } = ctx;
    controller.abort();
    await expect(cancelled).rejects.toBe(ctx.signal.reason);
  });

  test('is never an unhandled rejection, whether read before or after the abort', async () => {
    const unhandled = collectUnhandledRejections();
    const before = running();
    void before.ctx.cancelled;
    before.controller.abort();
    const after = running();
    after.controller.abort();
    void after.ctx.cancelled;
    await before.h.turn();
    await after.h.turn();
    expect(unhandled.stop()).toEqual([]);
  });
});

describe('ctx.cancellationDetails', () => {
  test('is frozen and does not change', () => {
    const { ctx, controller } = running();
    controller.abort();
    expect(Object.isFrozen(ctx.cancellationDetails)).toBe(true);
    expect(ctx.cancellationDetails).toEqual(ctx.cancellationDetails);
  });

  test('shows only the first reason', async () => {
    const h = new Harness();
    const controller = new AbortController();
    let ctx!: ActivityContext;
    h.run(
      (given) => {
        ctx = given;
        return never();
      },
      { signal: controller.signal, startToCloseTimeout: '2s' },
    ).catch(() => {});
    controller.abort();
    const first = ctx.cancellationDetails;
    await h.advance(5_000);
    expect(h.of('failed')).toMatchObject([{ status: 'TIMED_OUT' }]);
    expect(ctx.cancellationDetails).toEqual(first);
  });

  test('is set even if the signal was never read', () => {
    const { ctx, controller } = running();
    expect(ctx.cancellationDetails).toBeUndefined();
    controller.abort();
    expect(ctx.cancellationDetails?.cancelRequested).toBe(true);
  });
});

describe('ctx.sleep', () => {
  test('waits for the given time', async () => {
    const { h, ctx } = running();
    const sleep = h.watch(ctx.sleep('10s'));
    await h.advance(9_999);
    expect(sleep.outcome.state).toBe('pending');
    await h.advance(1);
    expect(sleep.outcome).toMatchObject({ state: 'resolved', at: 10_000 });
  });

  test("rejects at once with the signal's reason when the attempt is aborted", async () => {
    const { h, ctx, controller } = running();
    const sleep = h.watch(ctx.sleep('10s'));
    await h.advance(1_000);
    controller.abort();
    await h.turn();
    expect(sleep.outcome).toMatchObject({ state: 'rejected', at: 1_000 });
    expect((sleep.outcome as { error: unknown }).error).toBe(ctx.signal.reason);
  });

  test('rejects at once if the attempt is already aborted', async () => {
    const { ctx, controller } = running();
    controller.abort();
    await expect(ctx.sleep('10s')).rejects.toBe(ctx.signal.reason);
  });

  test('leaves no timer behind after an abort', async () => {
    const { h, ctx, controller } = running();
    await h.advance(50);
    const before = h.clock.pending;
    for (let index = 0; index < 10; index++) ctx.sleep('1h').catch(() => {});
    expect(h.clock.pending, 'one for all of them').toBe(before + 1);
    controller.abort();
    expect(h.clock.pending).toBe(before);
  });

  test('has nothing left to clear at a later abort', async () => {
    const { h, ctx, controller } = running();
    let cleared = 0;
    const setTimer = h.clock.setTimer.bind(h.clock);
    vi.spyOn(h.clock, 'setTimer').mockImplementation((callback, delayMs) => {
      const timer = setTimer(callback, delayMs);
      return {
        live: true,
        clear() {
          cleared++;
          timer.clear();
        },
      };
    });
    for (let index = 0; index < 10; index++) {
      const sleep = ctx.sleep(10);
      await h.advance(10);
      await sleep;
    }
    cleared = 0;
    controller.abort();
    expect(cleared).toBe(0);
  });

  test('leaves no timer behind when its activity has ended, as after a lost race', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => Promise.race([ctx.sleep('1h'), Promise.resolve('work')])));
    await h.advance(50);
    expect(run.outcome).toMatchObject({ value: 'work' });
    expect(h.clock.pending).toBe(0);
  });

  test('leaves no timer behind when its attempt has thrown', async () => {
    const h = new Harness();
    h.run(
      (ctx) => {
        ctx.sleep('1h').catch(() => {});
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 1 } },
    ).catch(() => {});
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test('never settles if its attempt has returned', async () => {
    const { h, ctx, finish } = running();
    const sleep = h.watch(ctx.sleep('1s'));
    finish();
    await h.advance(60_000);
    expect(sleep.outcome).toEqual({ state: 'pending' });
  });

  test('sets no timer after its attempt has returned', async () => {
    const { h, ctx, finish } = running();
    finish();
    await h.turn();
    ctx.sleep('1h').catch(() => {});
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test.each<[string, unknown]>([
    ['NaN', NaN],
    ['a negative number', -1],
    ['a number without a unit', '10'],
    ['nothing', undefined],
  ])('rejects %s with a TypeError and does not throw', async (_, duration) => {
    const { ctx } = running();
    const slept = ctx.sleep(duration as Duration);
    await expect(slept).rejects.toThrow(TypeError);
    await expect(slept).rejects.toThrow(/^ctx\.sleep: received /);
  });

  test('of 0 resolves', async () => {
    const { h, ctx } = running();
    const sleep = h.watch(ctx.sleep(0));
    await h.advance(0);
    expect(sleep.outcome.state).toBe('resolved');
  });
});

describe('ctx.heartbeatDetails', () => {
  test('are undefined in a first attempt', () => {
    const { ctx } = running();
    expect([ctx.heartbeatDetails, ctx.hasHeartbeatDetails]).toEqual([undefined, false]);
  });

  test('stay those of earlier attempts, whatever this one heartbeats', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx: ActivityContext<number>) => {
        ctx.heartbeat(ctx.info.attempt);
        if (ctx.info.attempt === 1) throw new Error('no');
        return ctx.heartbeatDetails;
      }),
    );
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ value: 1 });
  });

  test('are a fresh copy for each attempt', async () => {
    const h = new Harness();
    const seen: { done: string[] }[] = [];
    h.run(
      (ctx: ActivityContext<{ done: string[] }>) => {
        if (ctx.info.attempt === 1) ctx.heartbeat({ done: ['a'] });
        else {
          seen.push(structuredClone(ctx.heartbeatDetails!));
          ctx.heartbeatDetails!.done.push('by hand');
        }
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 3 } },
    ).catch(() => {});
    await h.advance(10_000);
    expect(seen).toEqual([{ done: ['a'] }, { done: ['a'] }]);
  });

  test('are the same object each time within one attempt', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run((ctx: ActivityContext<object>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails === ctx.heartbeatDetails;
        ctx.heartbeat({});
        throw new Error('no');
      }),
    );
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ value: true });
  });
});

test('ctx.info has the attempt, the times and the policy', async () => {
  const h = new Harness();
  const infos: unknown[] = [];
  void h.run(
    function importRows(ctx) {
      infos.push(ctx.info);
      if (ctx.info.attempt === 1) throw new Error('no');
    },
    { activityId: 'i', heartbeatTimeout: '10s', startDelay: '1s', priority: 2 },
  );
  await h.advance(10_000);
  const common = {
    activityId: 'i',
    activityType: 'importRows',
    scheduledTimestampMs: VirtualClock.EPOCH,
    heartbeatTimeoutMs: 10_000,
    startToCloseTimeoutMs: undefined,
    scheduleToCloseTimeoutMs: undefined,
    retryPolicy: DEFAULT_POLICY,
    priority: 2,
  };
  expect(infos).toEqual(
    [1, 2].map((attempt) => ({
      ...common,
      attempt,
      currentAttemptScheduledTimestampMs: VirtualClock.EPOCH + attempt * 1_000,
      startedTimestampMs: VirtualClock.EPOCH + attempt * 1_000,
    })),
  );
});
