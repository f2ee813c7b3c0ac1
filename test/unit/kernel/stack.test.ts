import { describe, expect, test } from 'vitest';
import { withoutFrames } from '../../../src/kernel/stack.js';

describe('withoutFrames', () => {
  test('makes an error that has none, and leaves others theirs', () => {
    expect(withoutFrames(() => new Error('bare')).stack).toBe('Error: bare');
    expect(new Error('full').stack).toContain('stack.test');
    expect(() =>
      withoutFrames(() => {
        throw new Error('thrown');
      }),
    ).toThrow('thrown');
    expect(new Error('full').stack).toContain('stack.test');
  });

  test('does without where the limit is frozen or unknown', () => {
    const { stackTraceLimit } = Error;
    for (const limit of [{ writable: false, value: stackTraceLimit }, { value: undefined }]) {
      Object.defineProperty(Error, 'stackTraceLimit', { ...limit, configurable: true });
      try {
        expect(withoutFrames(() => 'made')).toBe('made');
      } finally {
        const restored = { value: stackTraceLimit, writable: true, configurable: true };
        Object.defineProperty(Error, 'stackTraceLimit', { ...restored, enumerable: true });
      }
    }
  });
});
