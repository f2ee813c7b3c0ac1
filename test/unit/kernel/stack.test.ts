import { describe, expect, test } from 'vitest';
import { withoutStack } from '../../../src/kernel/stack.js';

describe('withoutStack', () => {
  test('makes an error without a stack and does not affect others', () => {
    expect(withoutStack(() => new Error('bare')).stack).toBe('Error: bare');
    expect(new Error('full').stack).toContain('stack.test');
    expect(() =>
      withoutStack(() => {
        throw new Error('thrown');
      }),
    ).toThrow('thrown');
    expect(new Error('full').stack).toContain('stack.test');
  });

  test('works if the limit is frozen or unknown', () => {
    const { stackTraceLimit } = Error;
    for (const limit of [{ writable: false, value: stackTraceLimit }, { value: undefined }]) {
      Object.defineProperty(Error, 'stackTraceLimit', { ...limit, configurable: true });
      try {
        const made = new Error('made');
        expect(withoutStack(() => made)).toBe(made);
      } finally {
        const restored = { value: stackTraceLimit, writable: true, configurable: true };
        Object.defineProperty(Error, 'stackTraceLimit', { ...restored, enumerable: true });
      }
    }
  });
});
