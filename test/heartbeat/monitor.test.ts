import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeartbeatMonitor } from '../../src/heartbeat/monitor.js';

test('the deadline is the timeout after the later of the start and the last heartbeat', () => {
  const monitor = new HeartbeatMonitor(1_000, 50);
  expect(monitor.deadline).toBe(1_050);
  monitor.beat(700);
  expect(monitor.deadline).toBe(1_700);
  expect(monitor.blockedMs).toBe(0);
});

test('without a timeout there is no deadline', () => {
  const monitor = new HeartbeatMonitor(0, 50);
  expect(monitor.deadline).toBe(Infinity);
  monitor.beat(700);
  expect(monitor.deadline).toBe(Infinity);
});

describe('a deadline that fires late', () => {
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
  ])('of %d ms, by %d ms, gives %d ms more', (timeoutMs, lateMs, grantMs) => {
    const monitor = new HeartbeatMonitor(timeoutMs, 0);
    const now = timeoutMs + lateMs;
    expect(monitor.extend(now)).toBe(grantMs > 0);
    if (grantMs > 0) {
      expect(monitor.deadline).toBeCloseTo(now + grantMs);
      expect(monitor.blockedMs).toBeCloseTo(lateMs);
    }
  });

  test('gives no more than twice the timeout since the last heartbeat', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    expect(monitor.extend(11_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(false);
    expect(monitor.blockedMs).toBe(30_000);
  });

  test('that is on time after that is the end', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.extend(1_500);
    expect(monitor.deadline).toBe(2_000);
    expect(monitor.extend(2_003)).toBe(false);
    expect(monitor.blockedMs).toBe(500);
  });

  test('starts afresh at a heartbeat', () => {
    const monitor = new HeartbeatMonitor(1_000, 0);
    monitor.extend(11_000);
    monitor.extend(monitor.deadline + 10_000);
    monitor.beat(30_000);
    expect(monitor.deadline).toBe(31_000);
    expect(monitor.blockedMs).toBe(0);
    expect(monitor.extend(41_000)).toBe(true);
    expect(monitor.extend(monitor.deadline + 10_000)).toBe(true);
  });
});

test('however late its deadlines fire, an attempt that hangs times out, and within bounds', () => {
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

test('on a loop that is always busy, in blocks of up to two thirds of the timeout, it times out within three timeouts', () => {
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
