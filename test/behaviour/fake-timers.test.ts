import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, isTimeout, type ActivityContext } from '../../src/index.js';

const realSetTimeout = globalThis.setTimeout;
const realTime = (ms: number): Promise<void> =>
  new Promise((resolve) => realSetTimeout(resolve, ms));

let runtime: ActivityRuntime;
beforeEach(() => {
  runtime = new ActivityRuntime({ logger: false });
});
afterEach(() => {
  vi.useRealTimers();
});

type FakeTimerConfig = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>;

/** What is faked, and whether timers of the host can be cleared meanwhile (Sinon's and Jest's cannot). */
const kinds: readonly (readonly [string, FakeTimerConfig])[] = [
  ["Vitest's defaults", {}],
  ['performance faked too', { toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }],
  ['performance not faked', { toFake: ['setTimeout', 'clearTimeout', 'Date'] }],
  ['timers alone faked', { toFake: ['setTimeout', 'clearTimeout'] }],
  [
    "Sinon's defaults",
    {
      toFake: [
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'clearInterval',
        'setImmediate',
        'clearImmediate',
        'Date',
        'performance',
        'queueMicrotask',
      ],
      shouldClearNativeTimers: false,
    },
  ],
  [
    'performance not faked, host timers not cleared',
    { toFake: ['setTimeout', 'clearTimeout', 'Date'], shouldClearNativeTimers: false },
  ],
];

const hang = (): Promise<never> => new Promise(() => {});
const ONCE = { maximumAttempts: 1 };

/** A promise with its state. */
function watch<T>(promise: Promise<T>): { state: string; value?: T; error?: unknown } {
  const watched: { state: string; value?: T; error?: unknown } = { state: 'pending' };
  promise.then(
    (value) => Object.assign(watched, { state: 'resolved', value }),
    (error: unknown) => Object.assign(watched, { state: 'rejected', error }),
  );
  return watched;
}

/**
 * Everything that needs time, once. Where `performance` is not faked real time counts as well, so
 * "not early" is asked with room for a busy machine.
 */
async function workout(): Promise<void> {
  const timedOut = watch(runtime.run(hang, { heartbeatTimeout: '10s', retryPolicy: ONCE }));
  await vi.advanceTimersByTimeAsync(9_000);
  expect(timedOut.state, 'not early').toBe('pending');
  await vi.advanceTimersByTimeAsync(1_010);
  expect(timedOut.state).toBe('rejected');
  expect(isTimeout(timedOut.error, 'HEARTBEAT')).toBe(true);

  let attempts = 0;
  const retried = watch(
    runtime.run(() => {
      if (++attempts < 4) throw new Error('again');
      return attempts;
    }),
  );
  await vi.advanceTimersByTimeAsync(500);
  expect(attempts).toBe(1);
  await vi.advanceTimersByTimeAsync(510);
  expect(attempts).toBe(2);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(attempts).toBe(2);
  await vi.advanceTimersByTimeAsync(810);
  expect(attempts).toBe(3);
  await vi.advanceTimersByTimeAsync(4_040);
  expect(retried).toEqual({ state: 'resolved', value: 4 });

  const slept = watch(runtime.run((ctx) => ctx.sleep('1h')));
  await vi.advanceTimersByTimeAsync(3_599_000);
  expect(slept.state).toBe('pending');
  await vi.advanceTimersByTimeAsync(1_010);
  expect(slept.state).toBe('resolved');

  const beating = watch(
    runtime.run(
      async (ctx: ActivityContext<number>) => {
        for (let n = 0; n < 5; n++) {
          await ctx.sleep(600);
          ctx.heartbeat(n);
        }
        return 'alive';
      },
      { heartbeatTimeout: '1s', retryPolicy: ONCE },
    ),
  );
  await vi.advanceTimersByTimeAsync(3_100);
  expect(beating).toEqual({ state: 'resolved', value: 'alive' });
}

describe.each(kinds)('with fake timers (%s)', (_, config) => {
  test('heartbeat timeout, backoff and ctx.sleep move with the fake time', async () => {
    vi.useFakeTimers(config);
    await workout();
  });

  test('they do so again and again, through hours', async () => {
    vi.useFakeTimers(config);
    for (let round = 0; round < 4; round++) await workout();
  });

  test('a run in one great step comes to its end', async () => {
    vi.useFakeTimers(config);
    const ran = watch(
      runtime.run(hang, { heartbeatTimeout: '1m', retryPolicy: { maximumAttempts: 5 } }),
    );
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(ran.state).toBe('rejected');
    expect(isTimeout(ran.error, 'HEARTBEAT')).toBe(true);
  });

  test('a runtime with nothing to do holds no fake timer 50 ms later', async () => {
    vi.useFakeTimers(config);
    await workout();
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a run in fake time right after one in real time', async () => {
    // The short timer that an idle runtime keeps is one of the host's still.
    await runtime.run(() => 1, { heartbeatTimeout: '10s' });
    vi.useFakeTimers(config);
    await workout();
  });

  test('real time that passes meanwhile ends nothing in fake time', async () => {
    await runtime.run(() => 1, { heartbeatTimeout: '10s' });
    vi.useFakeTimers(config);
    const ran = [
      watch(runtime.run(hang, { heartbeatTimeout: 2_000, retryPolicy: ONCE })),
      watch(runtime.run(hang, { startToCloseTimeout: 2_000, retryPolicy: ONCE })),
      watch(runtime.run((ctx) => ctx.sleep(2_000))),
    ];
    const states = (): string[] => ran.map(({ state }) => state);
    await realTime(40);
    await vi.advanceTimersByTimeAsync(0);
    expect(states()).toEqual(['pending', 'pending', 'pending']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states()).toEqual(['pending', 'pending', 'pending']);
    await vi.advanceTimersByTimeAsync(1_010);
    expect(states()).toEqual(['rejected', 'rejected', 'resolved']);
  });

  test('a run in real time right after one in fake time', async () => {
    vi.useFakeTimers(config);
    await workout();
    await runtime.run(() => 1, { heartbeatTimeout: '10s' });
    vi.useRealTimers();
    const before = performance.now();
    await expect(
      runtime.run(hang, { heartbeatTimeout: 15, retryPolicy: ONCE }),
    ).rejects.toMatchObject({ cause: { timeoutType: 'HEARTBEAT' } });
    expect(performance.now() - before).toBeGreaterThan(13);
  });

  test('back and forth', async () => {
    for (let round = 0; round < 3; round++) {
      await runtime.run((ctx) => ctx.sleep(1), { heartbeatTimeout: 1_000 });
      vi.useFakeTimers(config);
      await workout();
      vi.useRealTimers();
      await expect(runtime.run(hang, { heartbeatTimeout: 8, retryPolicy: ONCE })).rejects.toThrow();
    }
  });
});

test('events and ctx.info tell the faked date', async () => {
  vi.useFakeTimers({ now: Date.UTC(2030, 0, 1) });
  const stamps: number[] = [];
  runtime.on('started', ({ timestamp }) => stamps.push(timestamp));
  const ran = watch(
    runtime.run((ctx) => {
      if (ctx.info.attempt === 1) throw new Error('again');
      return [ctx.info.scheduledTimestampMs, ctx.info.startedTimestampMs];
    }),
  );
  await vi.advanceTimersByTimeAsync(1_010);
  const [scheduled, started] = ran.value!;
  expect(stamps[0]).toBe(Date.UTC(2030, 0, 1));
  expect(scheduled).toBe(Date.UTC(2030, 0, 1));
  expect(Math.abs(started! - stamps[1]!)).toBeLessThan(5);
});
