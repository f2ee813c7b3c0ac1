/** The recipe of docs/temporal.md that lets Vitest run Temporal's activities as they are. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the alias runs Temporal’s activities on systole', { timeout: 30_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/unit/temporal/alias/vitest.config.ts',
    '--reporter=json',
  ]);
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
  expect(report).toMatchObject({ success: true, numPassedTests: 4 });
});

test('the docs show the file that stands in', async () => {
  const docs = await readFile('docs/temporal.md', 'utf8');
  expect(docs).toContain(await readFile('test/unit/temporal/alias/temporal-activity.ts', 'utf8'));
});
