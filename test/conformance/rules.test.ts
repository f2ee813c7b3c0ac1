/** The table of rules and the names of the tests belong together. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = 'test/conformance';

test('every row of RULES.md has a test or a reason for having none, and every test has a row', () => {
  const rows = readFileSync(`${folder}/RULES.md`, 'utf8').matchAll(/^\| (\d+) \|.*\| (\*?).*\|$/gm);
  const tested = new Set<number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    for (const [, row] of text.matchAll(/\brow (\d+)/g)) tested.add(Number(row));
  }
  const stated = [...rows].filter(([, , italic]) => italic === '').map(([, row]) => Number(row));
  expect([...tested].sort((a, b) => a - b)).toEqual(stated);
});
