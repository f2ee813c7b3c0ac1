import { describe, expect, test } from 'vitest';
import { ReportThrottle, throttleIntervalMs } from '../../../src/heartbeat/throttle.js';

describe('the interval between reports', () => {
  test.each([
    // given, heartbeat timeout, interval
    [undefined, 0, 30_000],
    [undefined, 1, 0.8],
    [undefined, 10_000, 8_000],
    [undefined, 75_000, 60_000],
    [undefined, 75_001, 60_000],
    [undefined, 3_600_000, 60_000],
    [0, 10_000, 0],
    [0, 0, 0],
    [5, 0, 5],
    [5, 1, 5],
    [90_000, 10_000, 90_000],
    [Infinity, 10_000, Infinity],
  ])('for %s, with a timeout of %d ms, is %d ms', (given, timeoutMs, intervalMs) => {
    expect(throttleIntervalMs(given, timeoutMs)).toBe(intervalMs);
  });
});

describe('the throttle', () => {
  test('lets the first report out at once, and then one per interval', () => {
    const throttle = new ReportThrottle(100);
    expect(throttle.dueAt).toBe(Infinity);
    expect(throttle.admit(0)).toBe(true);
    expect(throttle.admit(1)).toBe(false);
    expect(throttle.admit(99.9)).toBe(false);
    expect(throttle.dueAt).toBe(100);
    expect(throttle.admit(100)).toBe(true);
    expect(throttle.dueAt).toBe(Infinity);
    expect(throttle.admit(199)).toBe(false);
    expect(throttle.dueAt).toBe(200);
  });

  test('starts the interval of a late report when it goes out, not when it was due', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    throttle.admit(50);
    expect(throttle.admit(103)).toBe(true);
    expect(throttle.admit(202)).toBe(false);
    expect(throttle.dueAt).toBe(203);
  });

  test('lets the next report out at once after an interval without reports', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    expect(throttle.admit(1_000)).toBe(true);
  });

  test('lets everything out with an interval of 0', () => {
    const throttle = new ReportThrottle(0);
    expect([throttle.admit(5), throttle.admit(5), throttle.admit(5)]).toEqual([true, true, true]);
    expect(throttle.release()).toBe(false);
  });

  test('with an endless interval lets the first out and holds the rest', () => {
    const throttle = new ReportThrottle(Infinity);
    expect(throttle.admit(5)).toBe(true);
    expect(throttle.admit(1e12)).toBe(false);
    expect(throttle.dueAt).toBe(Infinity);
    expect(throttle.release()).toBe(true);
  });

  test('releases what it holds once', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    expect(throttle.release()).toBe(false);
    throttle.admit(1);
    expect(throttle.release()).toBe(true);
    expect(throttle.release()).toBe(false);
    expect(throttle.dueAt).toBe(Infinity);
  });
});
