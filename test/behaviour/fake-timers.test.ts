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

/** What is faked, and whether host timers can be cleared meanwhile (Sinon's and Jest's cannot). */
const kinds: readonly (readonly [string, FakeTimerConfig])[] = [
  ["Vitest's defaults", {}],
  ['performance faked too', { toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }],
  ['performance not faked', { toFake: ['setTimeout', 'clearTimeout', 'Date'] }],
  ['only timers faked', { toFake: ['setTimeout', 'clearTimeout'] }],
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
  test('heartbeat timeouts, backoffs and ctx.sleep follow the fake time', async () => {
    vi.useFakeTimers(config);
    await workout();
  });

  test('heartbeat timeouts, backoffs and ctx.sleep still follow the fake time after hours of it', async () => {
    vi.useFakeTimers(config);
    for (let round = 0; round < 4; round++) await workout();
  });

  test('one large step runs an activity to its end', async () => {
    vi.useFakeTimers(config);
    const ran = watch(
      runtime.run(hang, { heartbeatTimeout: '1m', retryPolicy: { maximumAttempts: 5 } }),
    );
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(ran.state).toBe('rejected');
    expect(isTimeout(ran.error, 'HEARTBEAT')).toBe(true);
  });

  test('an idle runtime holds no fake timer after 50 ms', async () => {
    vi.useFakeTimers(config);
    await workout();
    await vi.advanceTimersByTimeAsync(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('the runtime continues after vi.clearAllTimers() between two tests', async () => {
    vi.useFakeTimers(config);
    for (let round = 0; round < 3; round++) {
      await workout();
      await runtime.run(() => 1, { heartbeatTimeout: '10s' });
      vi.clearAllTimers();
    }
  });

  test('the runtime continues after vi.clearAllTimers() during a run, from the next wait', async () => {
    vi.useFakeTimers(config);
    const lost = watch(runtime.run(hang, { heartbeatTimeout: '10s', retryPolicy: ONCE }));
    vi.clearAllTimers();
    void runtime.run((ctx) => ctx.sleep('1s'));
    await vi.advanceTimersByTimeAsync(10_010);
    expect(isTimeout(lost.error, 'HEARTBEAT')).toBe(true);
  });

  test('a run in fake time works right after one in real time', async () => {
    // The short timer of an idle runtime is still one of the host's.
    await runtime.run(() => 1, { heartbeatTimeout: '10s' });
    vi.useFakeTimers(config);
    await workout();
  });

  test('real time does not end anything in fake time', async () => {
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

  test('a run in real time works right after one in fake time', async () => {
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

  test('switching back and forth works', async () => {
    for (let round = 0; round < 3; round++) {
      await runtime.run((ctx) => ctx.sleep(1), { heartbeatTimeout: 1_000 });
      vi.useFakeTimers(config);
      await workout();
      vi.useRealTimers();
      await expect(runtime.run(hang, { heartbeatTimeout: 8, retryPolicy: ONCE })).rejects.toThrow();
    }
  });
});

describe('with fake timers and a fake performance, times are exact to the millisecond', () => {
  beforeEach(() => void vi.useFakeTimers());

  test('a retry that is due at 50 ms starts at 50 ms', async () => {
    const starts: number[] = [];
    const began = performance.now();
    void runtime.run(
      (ctx) => {
        starts.push(performance.now() - began);
        if (ctx.info.attempt < 4) throw new Error('again');
      },
      { retryPolicy: { initialInterval: 50, backoffCoefficient: 1.5 } },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(starts).toEqual([0, 50, 125, 238]);
  });

  test('ctx.sleep(51) is too long for 50 ms, and ctx.sleep(49) is not', async () => {
    const sleep = (ms: number, timeout: object) =>
      watch(runtime.run((ctx) => ctx.sleep(ms), { ...timeout, retryPolicy: ONCE }));
    const late = ['startToCloseTimeout', 'scheduleToCloseTimeout', 'heartbeatTimeout'].map((name) =>
      sleep(51, { [name]: 50 }),
    );
    const inTime = sleep(49, { startToCloseTimeout: 50, heartbeatTimeout: 50 });
    await vi.advanceTimersByTimeAsync(100);
    expect(late.map(({ state }) => state)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(inTime.state).toBe('resolved');
  });

  test('sleeps, delays and timeouts happen in order of time', async () => {
    const order: string[] = [];
    const started = (name: string) => () => void order.push(name);
    void runtime.run(async (ctx) => (await ctx.sleep(53), order.push('sleep 53')));
    void runtime.run(started('delay 52'), { startDelay: 52 });
    watch(runtime.run(hang, { startToCloseTimeout: 51, retryPolicy: ONCE }));
    runtime.on('attemptFailed', started('timeout 51'));
    void runtime.run(async (ctx) => (await ctx.sleep(50), order.push('sleep 50')));
    void runtime.run(started('delay 49'), { startDelay: 49 });
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['delay 49', 'sleep 50', 'timeout 51', 'delay 52', 'sleep 53']);
  });
});

describe('with only the date frozen', () => {
  const frozen = Date.UTC(2030, 0, 1);

  test.each<[string, () => void]>([
    ['by vi.setSystemTime()', () => void vi.setSystemTime(frozen)],
    ['by fake timers for Date', () => void vi.useFakeTimers({ toFake: ['Date'], now: frozen })],
    ['by a spy on Date.now', () => void vi.spyOn(Date, 'now').mockReturnValue(frozen)],
  ])('every reported time is the frozen one: %s', async (_, freeze) => {
    freeze();
    const stamps: number[] = [];
    for (const name of ['scheduled', 'started', 'completed'] as const) {
      runtime.on(name, ({ timestamp }) => stamps.push(timestamp));
    }
    const handle = runtime.start(async ({ info, sleep }) => {
      for (const until = performance.now() + 20; performance.now() < until;);
      stamps.push(info.scheduledTimestampMs, info.currentAttemptScheduledTimestampMs);
      stamps.push(info.startedTimestampMs);
      await sleep(20);
    });
    await handle.result();
    const { scheduleTime, lastStartedTime, closeTime } = handle.describe();
    stamps.push(...[scheduleTime, lastStartedTime, closeTime].map((date) => date!.getTime()));
    expect(new Set(stamps)).toEqual(new Set([frozen]));
    vi.restoreAllMocks();
  });
});

test('events and ctx.info have the fake date', async () => {
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
