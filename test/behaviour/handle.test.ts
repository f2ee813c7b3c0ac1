/** `handle.result()` and `handle.settled()`. */
import { describe, expect, test } from 'vitest';
import { ApplicationFailure, type ActivityContext } from '../../src/index.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections, failureOf, startsOf } from '../support/outcomes.js';

const failing = (): never => {
  throw ApplicationFailure.nonRetryable('no');
};

describe('result()', () => {
  test('has the same outcome for every caller, before the end and after it', async () => {
    const h = new Harness();
    const result = { rows: 7 };
    const handle = h.start((ctx) => ctx.sleep('1s').then(() => result));
    const early = Array.from({ length: 100 }, () => handle.result());
    await h.advance(1_000);
    for (const each of [...early, handle.result()]) expect(await each).toBe(result);
  });

  test('rejects with the same error for every caller', async () => {
    const h = new Harness();
    const handle = h.start(failing);
    const first = h.watch(handle.result());
    const second = h.watch(handle.result());
    await h.turn();
    const late = h.watch(handle.result());
    await h.turn();
    expect(failureOf(first).cause).toMatchObject({ message: 'no' });
    expect(failureOf(second)).toBe(failureOf(first));
    expect(failureOf(late)).toBe(failureOf(first));
  });

  test.each<[string, (h: Harness) => unknown]>([
    ['failed', (h) => h.start(failing)],
    ['been cancelled', (h) => h.start(never).cancel()],
    ['been terminated', (h) => h.start(never).terminate()],
    ['timed out', (h) => h.start(never, { scheduleToCloseTimeout: '1s' })],
    ['not been scheduled', (h) => h.start(never, { signal: AbortSignal.abort() })],
    ['been shut down', (h) => [h.start(never, { startDelay: '1m' }), h.engine.shutdown()]],
    [
      'failed after other calls have joined it',
      (h) => {
        const join = { activityId: 'x', idConflictPolicy: 'USE_EXISTING' } as const;
        const { signal } = new AbortController();
        h.start(failing, join);
        h.start(failing, join);
        h.start(failing, { ...join, signal });
      },
    ],
    [
      'failed after it was found by its id',
      (h) => {
        h.start(failing, { activityId: 'x' });
        const execution = h.engine.find('x');
        return new ActivityHandle(execution, execution.result);
      },
    ],
  ])(
    'that is never called causes no unhandled rejection when the activity has %s',
    async (_, act) => {
      const unhandled = collectUnhandledRejections();
      const h = new Harness();
      act(h);
      await h.advance(2_000);
      await h.turn();
      expect(unhandled.stop()).toEqual([]);
    },
  );
});

/** Its first attempt has timed out at 10 s, and its second has run since 11 s; both still do. */
async function abandonedOnce(h: Harness) {
  const contexts: ActivityContext[] = [];
  const ends: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = [];
  const handle = h.start(
    (ctx) => {
      contexts.push(ctx);
      return new Promise<string>((resolve, reject) => ends.push({ resolve, reject }));
    },
    {
      startToCloseTimeout: '10s',
      retryPolicy: { maximumAttempts: 2 },
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    },
  );
  await h.advance(12_000);
  expect(startsOf(h)).toEqual([0, 11_000]);
  return { handle, contexts, ends, settled: h.watch(handle.settled()) };
}

type Abandoned = Awaited<ReturnType<typeof abandonedOnce>>;

const endings: [
  ending: string,
  status: string,
  end: (all: Abandoned, h: Harness) => unknown,
  /** Attempts whose functions are still running after the end. */
  running: number[],
][] = [
  ['completed', 'COMPLETED', ({ ends }) => ends[1]!.resolve('done'), [1]],
  ['been completed from outside', 'COMPLETED', ({ handle }) => handle.complete('outside'), [1, 2]],
  ['failed', 'FAILED', ({ ends }) => ends[1]!.reject(new Error('no')), [1]],
  ['been failed from outside', 'FAILED', ({ handle }) => handle.fail(new Error('no')), [1, 2]],
  ['timed out', 'TIMED_OUT', (_, h) => h.advance(9_000), [1, 2]],
  [
    'been cancelled',
    'CANCELED',
    ({ handle, contexts, ends }) => {
      handle.cancel();
      contexts[1]!.heartbeat();
      ends[1]!.reject(contexts[1]!.signal.reason);
    },
    [1],
  ],
  [
    'been cancelled, as somebody outside reports',
    'CANCELED',
    ({ handle }) => {
      handle.cancel();
      handle.reportCancellation();
    },
    [1, 2],
  ],
  ['been terminated', 'TERMINATED', ({ handle }) => handle.terminate(), [1, 2]],
  [
    'been shut down',
    'CANCELED',
    (_, h) => {
      void h.engine.shutdown({ abandonAfter: '1s' });
      return h.advance(1_000);
    },
    [1, 2],
  ],
];

describe('settled()', () => {
  test.each(endings)(
    'waits for every abandoned function when the activity has %s',
    async (_, status, end, running) => {
      const h = new Harness();
      const all = await abandonedOnce(h);
      await end(all, h);
      await h.turn();
      expect(all.handle.describe().status).toBe(status);
      const askedLate = h.watch(all.handle.settled());
      // The last one first, so that any one can settle while the others are waited for.
      for (const attempt of running.toReversed()) {
        expect(all.settled.outcome.state).toBe('pending');
        expect(askedLate.outcome.state).toBe('pending');
        all.ends[attempt - 1]!.reject(new Error('late'));
        await h.turn();
      }
      expect(all.settled.outcome.state).toBe('resolved');
      expect(askedLate.outcome.state).toBe('resolved');
      expect(h.of('attemptSettled').map(({ attempt }) => attempt)).toEqual(running.toReversed());
      expect(h.of('attemptAbandoned').map(({ attempt }) => attempt)).toEqual(running);
      expect(all.handle.describe().abandonedAttempts).toBe(running.length);
    },
  );

  test('waits for the end of the activity, even if none of its functions runs', async () => {
    const h = new Harness();
    const handle = h.start((ctx) => {
      if (ctx.info.attempt < 3) throw new Error('no');
    });
    const settled = h.watch(handle.settled());
    await h.advance(60_000);
    expect(startsOf(h)).toEqual([0, 1_000, 3_000]);
    expect(settled.outcome).toMatchObject({ state: 'resolved', at: 3_000 });
  });

  test('waits for a function whose caller was rejected at its cancellation', async () => {
    const h = new Harness();
    let finish!: () => void;
    const handle = h.start(() => new Promise<void>((resolve) => (finish = resolve)));
    handle.cancel();
    const result = h.watch(handle.result());
    const settled = h.watch(handle.settled());
    await h.advance(60_000);
    expect(result.outcome.state).toBe('rejected');
    expect(settled.outcome.state).toBe('pending');
    finish();
    await h.turn();
    expect(settled.outcome.state).toBe('resolved');
  });

  test('waits for the outcome of an attempt that was left open', async () => {
    const h = new Harness();
    const handle = h.start((ctx): string => ctx.completeAsync());
    const settled = h.watch(handle.settled());
    await h.advance(60_000);
    expect(settled.outcome.state).toBe('pending');
    handle.complete('outside');
    await h.turn();
    expect(settled.outcome.state).toBe('resolved');
  });

  test('waits for a function that continues after leaving its attempt open', async () => {
    const h = new Harness();
    const handle = h.start(async (ctx): Promise<string> => {
      const work = new Promise<void>((resolve) => h.clock.setTimer(resolve, 5_000));
      expect(() => ctx.completeAsync()).toThrow();
      await work;
      return 'ignored';
    });
    const settled = h.watch(handle.settled());
    await h.turn();
    handle.complete('outside');
    await h.advance(60_000);
    expect(settled.outcome).toMatchObject({ state: 'resolved', at: 5_000 });
  });

  test.each<[string, (h: Harness) => ActivityHandle]>([
    ['was never scheduled', (h) => h.start(never, { signal: AbortSignal.abort() })],
    [
      'was never started',
      (h) => {
        const handle = h.start(never, { startDelay: '1m' });
        handle.cancel();
        return handle;
      },
    ],
  ])('resolves at once when the activity %s', async (_, start) => {
    const h = new Harness();
    const settled = h.watch(start(h).settled());
    await h.turn();
    expect(settled.outcome.state).toBe('resolved');
  });

  test('resolves for every caller, even long after the end', async () => {
    const h = new Harness();
    const handle = h.start((ctx) => ctx.sleep('1s'));
    const asked = [h.watch(handle.settled()), h.watch(handle.settled())];
    await h.advance(1_000);
    asked.push(h.watch(handle.settled()));
    await h.advance(60_000);
    asked.push(h.watch(handle.settled()));
    await h.turn();
    expect(asked.map(({ outcome }) => outcome)).toMatchObject([
      { state: 'resolved', at: 1_000 },
      { state: 'resolved', at: 1_000 },
      { state: 'resolved', at: 1_000 },
      { state: 'resolved', at: 61_000 },
    ]);
  });
});
