import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { differences } from '../temporal-server/differences.js';

test('the docs contain the table of differences, row by row', async () => {
  const docs = await readFile('docs/temporal.md', 'utf8');
  const [, section = ''] =
    /^## Where systole differs from Temporal, and why$(.*?)^## /ms.exec(docs) ?? [];
  const rows = section.split('\n').filter((line) => /^\| [a-zA-Z]/.test(line));
  expect(rows).toEqual(
    Object.entries(differences).map(
      ([name, { temporal, systole, why }]) => `| ${name} | ${temporal} | ${systole} | ${why} |`,
    ),
  );
});
