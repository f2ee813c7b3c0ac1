import { afterEach, describe, expect, test, vi } from 'vitest';
import { SystemClock } from '../../../src/kernel/clock.js';
import { ActivityRuntime } from '../../../src/index.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const DAY = 24 * 3_600_000;
const LONGEST = 2 ** 31 - 1;

test('a short timer fires with its fake host, although the real clock has hardly moved', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const clock = new SystemClock();
  let firedAt: number | undefined;
  const began = Date.now();
  clock.setTimer(() => (firedAt = Date.now() - began), 1.5);
  vi.advanceTimersByTime(20);
  expect(firedAt).toBeLessThanOrEqual(4);
});

describe('on real timers', () => {
  test('no timer is early, whether its delay is whole or fractional', async () => {
    const clock = new SystemClock();
    const delays = [0, 0.2, 0.9, 1, 1.1, 2.5, 3.999, 5, 7.3, 12.01];
    const early = await Promise.all(
      delays.map(
        (delay) =>
          new Promise<number>((resolve) => {
            const dueAt = clock.now() + delay;
            clock.setTimer(() => resolve(dueAt - clock.now()), delay);
          }),
      ),
    );
    for (const ms of early) expect(ms).toBeLessThanOrEqual(0);
  });

  test('a delay of 0 or less is a turn of the event loop', async () => {
    const clock = new SystemClock();
    for (const delay of [0, -5]) {
      let fired = false;
      clock.setTimer(() => (fired = true), delay);
      for (let n = 0; n < 10; n++) await Promise.resolve();
      expect(fired).toBe(false);
      await vi.waitFor(() => expect(fired).toBe(true), { interval: 1 });
    }
  });

  test('a cleared timer does not fire, and clearing it again does nothing', async () => {
    const clock = new SystemClock();
    let fired = 0;
    const timer = clock.setTimer(() => fired++, 2);
    timer.clear();
    timer.clear();
    await new Promise<void>((resolve) => clock.setTimer(resolve, 6));
    expect(fired).toBe(0);
  });

  test('the clock reads the time of the platform', () => {
    const clock = new SystemClock();
    const before = performance.now();
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(performance.now());
    const date = Date.now();
    const wall = clock.wallNow();
    expect(wall).toBeGreaterThanOrEqual(date);
    expect(wall).toBeLessThanOrEqual(Date.now());
  });

  test('a timer is live with real timers, but not with fake ones, because a test may drop it', () => {
    const clock = new SystemClock();
    const timer = clock.setTimer(() => {}, 1_000);
    expect(timer.live).toBe(true);
    expect(clock.steered).toBe(false);
    vi.useFakeTimers();
    expect(timer.live).toBe(false);
    expect(clock.steered).toBe(true);
    const fake = clock.setTimer(() => {}, 1_000);
    expect(fake.live).toBe(false);
    vi.useRealTimers();
    expect(fake.live).toBe(false);
    expect(timer.live).toBe(true);
    timer.clear();
  });
});

test('a timer that is cleared during fake timers neither fires nor moves the clock', async () => {
  const wait = globalThis.setTimeout;
  const clock = new SystemClock();
  let fired = false;
  const timer = clock.setTimer(() => (fired = true), 2);
  // As in Sinon and Jest, whose clearTimeout() does not affect a host timer.
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance'],
    shouldClearNativeTimers: false,
  });
  timer.clear();
  await new Promise((resolve) => wait(resolve, 6));
  expect(fired).toBe(false);
  expect(clock.now()).toBe(0);
  expect(vi.getTimerCount(), 'nor does it go on as a fake one').toBe(0);
});

describe('long delays', () => {
  test.each([LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 365 * DAY])(
    'of %d ms are exact to the millisecond',
    (delay) => {
      vi.useFakeTimers();
      const clock = new SystemClock();
      let firedAt: number | undefined;
      const start = clock.now();
      clock.setTimer(() => (firedAt = clock.now() - start), delay);
      vi.advanceTimersByTime(delay - 1);
      expect(firedAt).toBeUndefined();
      vi.advanceTimersByTime(1);
      expect(firedAt).toBe(delay);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test('are never too long for the host, and an infinite one never ends', () => {
    const legs: { delay: number; end: () => void }[] = [];
    let now = 0;
    vi.stubGlobal('setTimeout', (end: () => void, delay: number) => legs.push({ delay, end }));
    vi.stubGlobal('performance', { now: () => now });
    let fired = false;
    new SystemClock().setTimer(() => (fired = true), Infinity);
    for (let n = 0; n < 100; n++) {
      const { delay, end } = legs[n]!;
      expect(delay).toBe(LONGEST);
      now += delay;
      end();
    }
    expect(legs).toHaveLength(101);
    expect(fired).toBe(false);
  });

  test('can be cleared if they are infinite', () => {
    vi.useFakeTimers();
    new SystemClock().setTimer(() => {}, Infinity).clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('can be cleared after their first leg', () => {
    vi.useFakeTimers();
    let fired = false;
    const timer = new SystemClock().setTimer(() => (fired = true), 2 * LONGEST);
    vi.advanceTimersByTime(LONGEST + 5);
    timer.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 * LONGEST);
    expect(fired).toBe(false);
  });
});

describe('timers that do not move performance.now()', () => {
  const stub = { toFake: ['setTimeout' as const, 'clearTimeout' as const] };

  test('are trusted: the clock moves by the delay that passed', () => {
    vi.useFakeTimers(stub);
    const stood = vi.spyOn(performance, 'now').mockReturnValue(5_000);
    const clock = new SystemClock();
    const at: number[] = [];
    clock.setTimer(() => at.push(clock.now()), 10_000);
    clock.setTimer(() => at.push(clock.now()), 10_000);
    clock.setTimer(() => at.push(clock.now()), 12_000);
    vi.advanceTimersByTime(12_000);
    expect(at).toEqual([15_000, 15_000, 17_000]);
    clock.setTimer(() => at.push(clock.now()), 1);
    vi.advanceTimersByTime(1);
    expect(at.at(-1)).toBe(17_001);
    stood.mockRestore();
  });

  test('make a deadline of 10 s fire after 10 s of theirs', async () => {
    vi.useFakeTimers(stub);
    const stood = vi.spyOn(performance, 'now').mockReturnValue(5_000);
    const runtime = new ActivityRuntime({ logger: false });
    let outcome = 'pending';
    runtime
      .run(() => new Promise(() => {}), {
        heartbeatTimeout: '10s',
        retryPolicy: { maximumAttempts: 1 },
      })
      .catch(() => (outcome = 'timed out'));
    await vi.advanceTimersByTimeAsync(9_990);
    expect(outcome).toBe('pending');
    await vi.advanceTimersByTimeAsync(20);
    expect(outcome).toBe('timed out');
    stood.mockRestore();
  });

  test('do not move a clock that is behind by rounding only, or ahead', () => {
    vi.useFakeTimers(stub);
    let reading = 0;
    const read = vi.spyOn(performance, 'now').mockImplementation(() => reading);
    const clock = new SystemClock();
    let fired = 0;
    clock.setTimer(() => fired++, 100);
    reading = 98.5;
    vi.advanceTimersByTime(100);
    expect(clock.now(), 'the host timer was early: it waits for the rest').toBe(98.5);
    expect(fired).toBe(0);
    reading = 100.2;
    vi.advanceTimersByTime(2);
    expect(fired).toBe(1);
    clock.setTimer(() => fired++, 100);
    reading = 5_000;
    vi.advanceTimersByTime(100);
    expect(clock.now()).toBe(5_000);
    expect(fired).toBe(2);
    read.mockRestore();
  });
});

describe('the wall time of a reading', () => {
  test('is the same each time', () => {
    const clock = new SystemClock();
    const reading = clock.now();
    const times = new Set<number>();
    for (const until = performance.now() + 20; performance.now() < until;) {
      times.add(clock.wallAt(reading));
    }
    expect(times.size).toBe(1);
  });

  test('equals Date.now() in whole milliseconds', () => {
    const clock = new SystemClock();
    const before = Date.now();
    const time = clock.wallAt(clock.now());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
    expect(Number.isInteger(time)).toBe(true);
  });

  test('follows a host whose date is set, by any amount', () => {
    const clock = new SystemClock();
    const read = vi.spyOn(performance, 'now');
    const date = vi.spyOn(Date, 'now');
    for (const [reading, now] of [
      [100.25, 5_000],
      [100.5, 5_000],
      [101, 5_000],
      [101.25, 5_001],
      [101.25, 5_002],
      [101.5, 5_700],
      [701.5, 5_700],
      [702.5, 5_699],
      [702.75, 1_700_000_000_000],
      [702.75, 4],
    ] as const) {
      read.mockImplementation(() => reading);
      date.mockImplementation(() => now);
      expect(clock.wallAt(reading)).toBe(now);
    }
    date.mockRestore();
    read.mockRestore();
  });

  test('follows a date that stands still, and one that runs faster', () => {
    const clock = new SystemClock();
    const start = performance.now();
    const date = vi.spyOn(Date, 'now').mockImplementation(() => 7_000);
    for (const until = performance.now() + 20; performance.now() < until;) {
      expect(clock.wallAt(clock.now())).toBe(7_000);
      expect(clock.wallAt(clock.now() - 50), 'a reading from before').toBe(7_000);
    }
    date.mockImplementation(() => Math.floor((performance.now() - start) * 1.5));
    for (const until = performance.now() + 20; performance.now() < until;) {
      const before = Date.now();
      const time = clock.wallAt(clock.now());
      expect(time).toBeGreaterThanOrEqual(before - 1);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
    date.mockRestore();
  });

  test('stays the same when the host is busy between reading its two clocks', () => {
    const clock = new SystemClock();
    const origin = performance.timeOrigin;
    let reading = 1_000;
    const read = vi.spyOn(performance, 'now').mockImplementation(() => (reading += 40));
    const date = vi.spyOn(Date, 'now').mockImplementation(() => {
      const now = Math.floor(origin + reading + 3);
      reading += 40;
      return now;
    });
    for (let i = 0; i < 10; i++) expect(clock.wallAt(1_000)).toBe(Math.floor(origin + 1_000));
    date.mockRestore();
    read.mockRestore();
  });

  test('exists on a host that does not know its start time', () => {
    const origin = vi.spyOn(performance, 'timeOrigin', 'get');
    origin.mockImplementation(() => undefined as unknown as number);
    const clock = new SystemClock();
    origin.mockRestore();
    const before = Date.now();
    const time = clock.wallAt(clock.now());
    expect(time).toBeGreaterThanOrEqual(before - 1);
    expect(time).toBeLessThanOrEqual(Date.now());
  });
});

test('a turn of the event loop is complete: immediates and due timers have run', async () => {
  const clock = new SystemClock();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      clock.turn(() => {
        order.push('turn');
        resolve();
      });
      setImmediate(() => order.push('immediate'));
      setTimeout(() => order.push('timer'), 1);
      for (const until = performance.now() + 5; performance.now() < until;);
    }, 1);
  });
  expect(order).toEqual(['immediate', 'timer', 'turn']);
});

test('a clock that is loaded while timers are fake is steered', async () => {
  vi.useFakeTimers();
  vi.resetModules();
  const { SystemClock: Loaded } = await import('../../../src/kernel/clock.js');
  expect(new Loaded().steered).toBe(true);
});

test('host functions are looked up at each call', () => {
  const clock = new SystemClock();
  vi.useFakeTimers({ now: 1_000 });
  expect(clock.wallNow()).toBe(1_000);
  expect(clock.wallAt(clock.now())).toBe(1_000);
  vi.advanceTimersByTime(500);
  expect(clock.wallNow()).toBe(1_500);
  expect(clock.wallAt(clock.now())).toBe(1_500);
  let fired = false;
  clock.setTimer(() => (fired = true), 5);
  vi.advanceTimersByTime(5);
  expect(fired).toBe(true);
});
