/** Unchanged Temporal activities, with systole/temporal/activity through an alias of Vitest's. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('systole/temporal/activity replaces @temporalio/activity', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/behaviour/temporal/alias/vitest.config.ts',
    '--reporter=json',
  ]);
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
  expect(report).toMatchObject({ success: true, numPassedTests: 9, numTotalTests: 9 });
});
