import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut, pad, widthOf } from '../../../src/progress/width.js';

test.each([
  ['a日b本c語', 5, 'a日b…'],
  ['a日b本c語', 4, 'a日…'],
  ['日本語', 4, '日…'],
  ['𠮷野家の牛丼', 7, '𠮷野家…'],
  ['Ж日Ж本Ж語Ж', 6, 'Ж日Ж…'],
  ['e\u0301e\u0301e\u0301e\u0301', 3, 'e\u0301e\u0301…'],
  ['ж\u0301ж\u0301ж\u0301ж\u0301', 3, 'ж\u0301ж\u0301…'],
  ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦x', 4, '👩‍👩‍👧‍👦…'],
  ['👍🏽👍🏽👍🏽', 5, '👍🏽👍🏽…'],
  ['🇫🇷🇩🇪🇮🇹', 5, '🇫🇷🇩🇪…'],
  ['🇫🇷🇩🇪🇮🇹', 4, '🇫🇷…'],
  ['plain', 5, 'plain'],
  ['plain', 4, 'pla…'],
  ['plain', 1, '…'],
  ['plain', 0, ''],
])('%s cut to %d columns is %s', (text, columns, expected) => {
  expect(cut(text, columns)).toBe(expected);
});

const part = fc.constantFrom(
  'a',
  'Ж',
  'e\u0301',
  'ж\u0301',
  'अ',
  'नु',
  '日',
  '𠮷',
  '한',
  'ａ',
  '👍🏽',
  '👩‍👧',
  '🇫🇷',
  '✈️',
  'ﾊ',
);

test('a text that is cut takes at most the columns, loses no more than it must, and no half of a character', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.nat(26), (parts, columns) => {
      const text = parts.join('');
      const short = cut(text, columns);
      expect(widthOf(short)).toBeLessThanOrEqual(columns);
      if (widthOf(text) <= columns) expect(short).toBe(text);
      else {
        // Only a wide character that does not fit leaves a column free.
        expect(widthOf(short)).toBeGreaterThanOrEqual(columns - 1);
        const kept = parts.filter((_, n) => short.startsWith(parts.slice(0, n + 1).join('')));
        expect(short).toBe(columns === 0 ? '' : `${kept.join('')}…`);
      }
      expect(widthOf(pad(short, columns))).toBe(columns);
    }),
  );
});
