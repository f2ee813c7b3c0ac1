/**
 * Editors show the doc comment of one symbol, without its surroundings. So everything that a user
 * can name needs one that can be read alone. A test cannot judge a sentence, but it can check that
 * there is one.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentedIn, faultOf, faultsOf } from './documented.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => (path === '.' ? 'src/index.ts' : `src/${path.slice(2)}.ts`));

test('everything a user can name has a doc comment that can be read alone', () => {
  const documented = documentedIn(entries);
  expect(documented.length).toBeGreaterThan(300);
  expect(faultsOf(documented)).toEqual([]);
});

test.each([
  ['', 'has no doc comment'],
  ['for a slot.', 'does not start with a capital'],
  ['For a slot.', 'has fewer than four words'],
  ['Activities that wait for a slot', 'does not end with a full stop'],
  ['When the attempt is to stop.', 'says "is to"'],
  ['Activities that are waiting for a free slot.', undefined],
])('%j: %s', (text, fault) => {
  expect(faultOf({ path: '', text, items: [], words: [] })).toBe(fault);
});

test('the words of a type are explained, and those of a property are quoted', () => {
  const text = "What an activity is doing now:\n\n- `'PAUSED'`: No attempt runs.";
  const fault = (items: string[], words: string[]) => faultOf({ path: '', text, items, words });
  expect(fault(['PAUSED'], ['PAUSED'])).toBeUndefined();
  expect(fault(['PAUSED', 'STARTED'], [])).toBe('does not explain STARTED');
  expect(fault([], ['STARTED'])).toBe('does not explain STARTED');
});
