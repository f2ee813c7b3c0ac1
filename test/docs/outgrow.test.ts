import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = ['--import', 'tsx', 'examples/outgrow/main.ts'];

test('examples/outgrow runs in this process', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, main);
  expect(stdout).toBe(
    '6 rows imported by attempts that started at rows 0 and 3\n' +
      'refused at attempt 1: EmptyFile (NON_RETRYABLE_FAILURE)\n' +
      'Activity watchFolder was cancelled at attempt 1 (CANCEL_REQUESTED): ' +
      'CancelledFailure: CANCELLED\n',
  );
});

test('examples/outgrow reports that there is no server', async () => {
  const env = { ...process.env, TEMPORAL_ADDRESS: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [...main, '--temporal'], { env });
  expect(stdout).toBe('left out: no TEMPORAL_ADDRESS\n');
});
