import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeartbeatMonitor } from '../../../src/heartbeat/monitor.js';

test('a heartbeat deadline is the timeout after the start or the last heartbeat, whichever is later', () => {
  const monitor = new HeartbeatMonitor(1_000, 50);
  expect(monitor.deadline).toBe(1_050);
  monitor.beat(700);
  expect(monitor.deadline).toBe(1_700);
});

test('without a heartbeat timeout there is no deadline', () => {
  const monitor = new HeartbeatMonitor(0, 50);
  expect(monitor.deadline).toBe(Infinity);
  monitor.beat(700);
  expect(monitor.deadline).toBe(Infinity);
});

describe('a heartbeat deadline that fires late', () => {
  test.each([
    // timeout, late by, more time
    [1_000, 0, 0],
    [1_000, 4, 0],
    [1_000, 50, 0],
    [1_000, 50.1, 50.1],
    [1_000, 400, 400],
    [1_000, 1_000, 1_000],
    [1_000, 50_000, 1_000],
    [100, 10, 0],
    [100, 10.1, 10.1],
    [100, 6, 0],
  ])('with a timeout of %d ms, by %d ms, gives %d ms more', (timeoutMs, lateMs, grantMs) => {
    const monitor = new HeartbeatMonitor(timeoutMs, 0);
    const now = timeoutMs + lateMs;
    expect(monitor.extend(now)).toBe(grantMs > 0);
    if (grantMs > 0) expect(monitor.deadline).toBeCloseTo(now + grantMs);
  });

  test('gives no more than twice the timeout since the last heartbeat', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    expect(monitor.extend(11_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(false);
  });

  test('and is then on time ends the attempt', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.extend(1_500);
    expect(monitor.deadline).toBe(2_000);
    expect(monitor.extend(2_003)).toBe(false);
  });

  test('starts afresh at a heartbeat', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.extend(11_000);
    monitor.extend(monitor.deadline + 10_000);
    monitor.beat(30_000);
    expect(monitor.deadline).toBe(31_000);
    expect(monitor.extend(41_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(true);
  });
});

describe('with a heartbeat timeout of one second, deadlines that fire late', () => {
  test.each<[string, number[], (number | 'over')[]]>([
    // late by, the deadline after that
    [
      'in short blocks give time until the next would be later than three timeouts',
      [200, 200, 200, 200, 200],
      [1_400, 1_800, 2_200, 2_600, 'over'],
    ],
    ['with the next at three timeouts', [100, 600], [1_200, 2_400]],
    ['with the next just after three timeouts', [100, 601], [1_200, 'over']],
    ['with the next as late as the longest at three timeouts', [600, 100], [2_200, 2_400]],
    ['with the next as late as the longest just after them', [600, 101], [2_200, 'over']],
    ['have no such bound the first time', [999], [2_998]],
    ['by just less than a timeout have that bound', [100, 999], [1_200, 'over']],
    ['by a timeout have none', [100, 1_000], [1_200, 3_200]],
    ['by more than a timeout have none', [100, 5_000], [1_200, 7_200]],
    ['give two timeouts in total', [1_000, 1_000], [3_000, 5_000]],
    ['give no more than that', [1_000, 1_000, 51], [3_000, 5_000, 'over']],
  ])('%s: %j', (_, lateMs, deadlines) => {
    const monitor = new HeartbeatMonitor(1_000, 5_000);
    const seen = lateMs.map((ms) =>
      monitor.extend(monitor.deadline + ms) ? monitor.deadline - 5_000 : 'over',
    );
    expect(seen).toEqual(deadlines);
  });
});

describe('a changed heartbeat timeout', () => {
  test.each([
    // timeout, when it is set, the deadline
    [2_000, 500, 2_100],
    [500, 300, 600],
    [500, 600, 600],
    [500, 600.1, 600.1],
    [500, 900, 900],
    [0, 900, Infinity],
  ])('of %d ms, set at %d ms, ends at %d ms', (timeoutMs, now, deadline) => {
    const monitor = new HeartbeatMonitor(1_000, 100);
    monitor.changeTimeout(timeoutMs, now);
    expect(monitor.deadline).toBe(deadline);
  });

  test('that had already passed when it was set is only late from then on', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.changeTimeout(500, 900);
    expect(monitor.extend(925)).toBe(false);
    expect(monitor.extend(1_100)).toBe(true);
    expect(monitor.deadline).toBe(1_300);
  });

  test('forgets the time given for a blocked loop, unless it is the same', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.extend(1_500);
    monitor.changeTimeout(1_000, 1_600);
    expect(monitor.deadline).toBe(2_000);
    monitor.changeTimeout(3_000, 1_600);
    expect(monitor.deadline).toBe(3_000);
  });
});

test('a hanging attempt times out within bounds, however late its deadlines fire', () => {
  const lateness = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), lateness, (timeoutMs, parts) => {
      const monitor = new HeartbeatMonitor(timeoutMs, 0);
      let granted = 0;
      let rounds = 0;
      for (;;) {
        const due = monitor.deadline;
        const now = due + timeoutMs * (parts[rounds % parts.length] ?? 0);
        if (!monitor.extend(now)) break;
        rounds++;
        const grant = monitor.deadline - now;
        expect(grant).toBeGreaterThan(0);
        expect(grant).toBeLessThanOrEqual(Math.min(now - due, timeoutMs) + 1e-6);
        granted += grant;
        expect(rounds, 'it ends').toBeLessThan(1_000);
      }
      expect(granted).toBeLessThanOrEqual(2 * timeoutMs * (1 + 1e-6));
    }),
    { numRuns: 1_000 },
  );
});

test('a hanging attempt times out within three timeouts on a loop that is always blocked for up to two thirds of the timeout', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 100_000 }),
      fc.double({ min: 0, max: 0.66, noNaN: true }),
      (timeoutMs, part) => {
        const monitor = new HeartbeatMonitor(timeoutMs, 0);
        let now = 0;
        do now = monitor.deadline + timeoutMs * part;
        while (monitor.extend(now));
        expect(now).toBeLessThanOrEqual(3 * timeoutMs * (1 + 1e-6));
      },
    ),
    { numRuns: 1_000 },
  );
});
