import { describe, expect, test } from 'vitest';
import { ReportThrottle, throttleIntervalMs } from '../../../src/heartbeat/throttle.js';

describe('the interval', () => {
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
  ])('given %s, with a timeout of %d ms, is %d ms', (given, timeoutMs, intervalMs) => {
    expect(throttleIntervalMs(given, timeoutMs)).toBe(intervalMs);
  });
});

describe('the throttle', () => {
  test('lets the first out at once, and one per interval after it', () => {
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

  test('a late report opens its interval when it goes, not when it was due', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    throttle.admit(50);
    expect(throttle.admit(103)).toBe(true);
    expect(throttle.admit(202)).toBe(false);
    expect(throttle.dueAt).toBe(203);
  });

  test('after an interval with nothing to report the next goes at once', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    expect(throttle.admit(1_000)).toBe(true);
  });

  test('an interval of 0 lets everything out', () => {
    const throttle = new ReportThrottle(0);
    expect([throttle.admit(5), throttle.admit(5), throttle.admit(5)]).toEqual([true, true, true]);
    expect(throttle.release()).toBe(false);
  });

  test('an endless interval lets the first out and holds the rest', () => {
    const throttle = new ReportThrottle(Infinity);
    expect(throttle.admit(5)).toBe(true);
    expect(throttle.admit(1e12)).toBe(false);
    expect(throttle.dueAt).toBe(Infinity);
    expect(throttle.release()).toBe(true);
  });

  test('gives back what it holds once', () => {
    const throttle = new ReportThrottle(100);
    throttle.admit(0);
    expect(throttle.release()).toBe(false);
    throttle.admit(1);
    expect(throttle.release()).toBe(true);
    expect(throttle.release()).toBe(false);
    expect(throttle.dueAt).toBe(Infinity);
  });
});
