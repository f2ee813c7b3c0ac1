/** What counts as having stopped, and where a function learns that it should. */
import { describe, expect, test, vi } from 'vitest';
import {
  CancelledFailure,
  isCancellation,
  type ActivityContext,
  type ActivityHandle,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { failureOf, settledAt } from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };

/** The errors that libraries make of the reason of a signal. */
const FORMS: readonly (readonly [string, (reason: unknown) => unknown])[] = [
  ['the reason itself', (reason) => reason],
  ['a CancelledFailure', () => new CancelledFailure('CANCELLED')],
  ['an AbortError', () => new DOMException('aborted', 'AbortError')],
  ['a CanceledError', () => Object.assign(new Error('canceled'), { name: 'CanceledError' })],
  ['the code ABORT_ERR', () => Object.assign(new Error('stopped'), { code: 'ABORT_ERR' })],
  ['the code ERR_CANCELED', () => Object.assign(new Error('stopped'), { code: 'ERR_CANCELED' })],
  ['a cause', (reason) => new Error('a', { cause: new Error('b', { cause: reason }) })],
  ['an AggregateError', (reason) => new AggregateError([new Error('no'), reason])],
  [
    'a SuppressedError',
    (reason) =>
      Object.assign(new Error('x'), { name: 'SuppressedError', error: 1, suppressed: reason }),
  ],
];

const STOPS = ['cancel', 'pause', 'reset', 'shutdown'] as const;
type Stop = (typeof STOPS)[number];

function ask(h: Harness, handle: ActivityHandle, stop: Stop): void {
  if (stop === 'shutdown') void h.engine.shutdown();
  else handle[stop]();
}

/**
 * An activity on its last attempt, whose function is told to stop at once and answers in this way.
 */
function answering(h: Harness, answer: (reason: unknown) => unknown) {
  let attempts = 0;
  return h.start(
    async (ctx: ActivityContext) => {
      if (++attempts > 1) return 'again';
      await ctx.cancelled.catch(() => {});
      throw answer(ctx.signal.reason);
    },
    {
      retryPolicy: ONCE,
      cancellationDelivery: 'immediate',
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    },
  );
}

describe.each(STOPS)('on the last attempt, after %s', (stop) => {
  test.each(FORMS)('throwing %s accepts the request', async (_, answer) => {
    const h = new Harness();
    const handle = answering(h, answer);
    const run = h.watch(handle.result());
    ask(h, handle, stop);
    await h.advance(100);
    expect(h.of('failed').map(({ status }) => status)).toEqual(
      stop === 'cancel' || stop === 'shutdown' ? ['CANCELED'] : [],
    );
    if (stop === 'pause') {
      expect(handle.describe()).toMatchObject({ status: 'PAUSED', attempt: 2 });
    } else if (stop === 'reset') expect(run.outcome).toMatchObject({ value: 'again' });
    else expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  });
});

test.each(FORMS)('without a request, %s is an ordinary failure', async (_, answer) => {
  const h = new Harness();
  const run = h.watch(
    h.run(
      () => {
        throw answer(new CancelledFailure('CANCELLED'));
      },
      { retryPolicy: ONCE },
    ),
  );
  await h.turn();
  expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
});

test('isCancellation accepts the same errors inside the function as the runtime', async () => {
  const h = new Harness();
  const seen: boolean[] = [];
  for (const [, answer] of FORMS) {
    const handle = answering(h, (reason) => {
      const thrown = answer(reason);
      seen.push(isCancellation(thrown));
      return thrown;
    });
    handle.result().catch(() => {});
    handle.cancel();
  }
  await h.turn();
  expect(seen).toEqual(FORMS.map(() => true));
});

describe('ctx.shutdownSignal', () => {
  /** An activity on its last attempt that stops in the grace period of a shutdown. */
  async function stopped(work: (ctx: ActivityContext, h: Harness) => unknown) {
    const h = new Harness();
    const handle = h.start(
      async (ctx: ActivityContext) => {
        await h.work(100);
        await work(ctx, h);
      },
      { retryPolicy: ONCE },
    );
    const run = h.watch(handle.result());
    const over = h.watch(h.engine.shutdown({ gracePeriod: '10s' }));
    await h.advance(100);
    await h.turn();
    expect(settledAt(over)).toBe(100);
    return { h, failure: failureOf(run) };
  }

  test.each<[string, (ctx: ActivityContext) => unknown]>([
    ['throwIfAborted', (ctx) => ctx.shutdownSignal.throwIfAborted()],
    ['its reason', (ctx) => Promise.reject(ctx.shutdownSignal.reason as Error)],
    ...FORMS.map(
      ([name, answer]) =>
        [
          `${name} of it`,
          (ctx: ActivityContext) => {
            throw answer(ctx.shutdownSignal.reason);
          },
        ] as [string, (ctx: ActivityContext) => unknown],
    ),
  ])('%s on the last attempt accepts the shutdown', async (_, work) => {
    const { h, failure } = await stopped(work);
    expect(h.of('failed')).toMatchObject([{ status: 'CANCELED' }]);
    expect(failure).toMatchObject({ retryState: undefined, cause: { message: 'WORKER_SHUTDOWN' } });
    expect(failure.cause).toBeInstanceOf(CancelledFailure);
    expect(h.of('attemptFailed')).toEqual([]);
  });

  test('has a CancelledFailure as its reason, like ctx.signal', async () => {
    let reason: unknown;
    const { failure } = await stopped((ctx) => {
      reason = ctx.shutdownSignal.reason;
      ctx.shutdownSignal.throwIfAborted();
    });
    expect(reason).toBeInstanceOf(CancelledFailure);
    expect(failure.cause).toBe(reason);
  });

  test('that stops one branch of a function ends the waits of the others', async () => {
    const branch = vi.fn();
    const { h } = await stopped((ctx) => {
      ctx.sleep('1 day').catch(branch);
      ctx.shutdownSignal.throwIfAborted();
    });
    expect(branch).toHaveBeenCalledWith(expect.any(CancelledFailure));
    await h.advance(50);
    expect(h.clock.pending).toBe(0);
  });

  test.each<[string, (ctx: ActivityContext) => unknown]>([
    ['an ordinary error', (ctx) => Promise.reject(new Error(`${ctx.shutdownSignal.aborted}`))],
    [
      'an AbortError without having read the signal',
      () => Promise.reject(new DOMException('mine', 'AbortError')),
    ],
  ])('is not accepted by throwing %s', async (_, work) => {
    const { h, failure } = await stopped(work);
    expect(h.of('failed')).toMatchObject([{ status: 'FAILED' }]);
    expect(failure.retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  });

  test('that was read before any shutdown does not turn an AbortError into an acceptance', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        (ctx) => {
          if (!ctx.shutdownSignal.aborted) throw new DOMException('mine', 'AbortError');
        },
        { retryPolicy: ONCE },
      ),
    );
    await h.turn();
    expect(failureOf(run).retryState).toBe('MAXIMUM_ATTEMPTS_REACHED');
  });
});

const REASONS = { cancel: 'CANCELLED', pause: 'PAUSED', reset: 'RESET' } as const;
type Asked = keyof typeof REASONS;
const ASKED = Object.keys(REASONS) as Asked[];

type Wait = (ctx: ActivityContext) => Promise<unknown>;
const WAITS: readonly (readonly [string, Wait])[] = [
  ['sleep', (ctx) => ctx.sleep('1h')],
  ['keepAlive', (ctx) => ctx.keepAlive(never(), { every: '1h' })],
];

describe.each(WAITS)('ctx.%s', (_, wait) => {
  /** No heartbeat can deliver anything here. */
  const withoutHeartbeats = (): Harness => new Harness({ interceptors: [{ heartbeat: () => {} }] });

  test.each(ASKED)('receives a %s that comes during the wait at once', async (asked) => {
    const h = withoutHeartbeats();
    let ctx!: ActivityContext;
    const heard = vi.fn();
    const handle = h.start((given) => {
      ctx = given;
      return wait(given).catch(heard).then(never);
    });
    handle.result().catch(() => {});
    await h.advance(1_000);
    handle[asked]();
    expect(ctx.signal.reason).toMatchObject({ message: REASONS[asked] });
    await h.turn();
    expect(heard).toHaveBeenCalledWith(ctx.signal.reason);
  });

  test.each(ASKED)('receives a %s that came before at its beginning', async (asked) => {
    const h = withoutHeartbeats();
    let ctx!: ActivityContext;
    const heard = vi.fn();
    const handle = h.start(async (given) => {
      ctx = given;
      await h.work(1_000);
      await wait(given).catch(heard);
      await never();
    });
    handle.result().catch(() => {});
    handle[asked]();
    await h.advance(999);
    expect(ctx.signal.aborted).toBe(false);
    await h.advance(1);
    expect(ctx.signal.reason).toMatchObject({ message: REASONS[asked] });
    expect(heard).toHaveBeenCalledWith(ctx.signal.reason);
  });

  test('does not receive a cancel with ABANDON', async () => {
    const h = withoutHeartbeats();
    let ctx!: ActivityContext;
    const handle = h.start(
      (given) => {
        ctx = given;
        return wait(given);
      },
      { cancellationType: 'ABANDON' },
    );
    handle.result().catch(() => {});
    handle.cancel();
    await h.advance(1_000);
    expect(ctx.signal.aborted).toBe(false);
  });

  test('no longer counts as a wait once it is over', async () => {
    const h = withoutHeartbeats();
    let ctx!: ActivityContext;
    const handle = h.start(async (given) => {
      ctx = given;
      await given.sleep(10);
      await given.keepAlive(h.work(10));
      await never();
    });
    handle.result().catch(() => {});
    await h.advance(100);
    handle.cancel();
    expect(ctx.signal.aborted).toBe(false);
  });
});

test('ctx.keepAlive does not call its work if the function should stop', async () => {
  const h = new Harness();
  const work = vi.fn(never);
  const handle = h.start(async (ctx) => {
    await h.work(10);
    await ctx.keepAlive(work);
  });
  handle.result().catch(() => {});
  handle.cancel();
  await h.advance(100);
  expect(work).not.toHaveBeenCalled();
  expect(handle.describe().status).toBe('CANCELED');
});

test('a cancellation that ctx.sleep receives keeps details that were held back', async () => {
  const h = new Harness();
  const handle = h.start(async (ctx: ActivityContext<number>) => {
    ctx.heartbeat(1);
    ctx.heartbeat(2);
    await ctx.sleep('1h');
  });
  handle.result().catch(() => {});
  handle.cancel();
  await h.turn();
  expect(handle.describe()).toMatchObject({ status: 'CANCELED', heartbeatDetails: 2 });
});
