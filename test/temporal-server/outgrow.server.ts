import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toTemporal } from 'systole/temporal';
import * as activities from '../../examples/outgrow/activities.js';
import { startWorkers, type Workers } from './worker.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

let workers: Workers;

beforeAll(async () => {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  workers = await startWorkers(address, namespace, toTemporal({ ...activities }));
});

afterAll(() => workers.stop());

test('examples/outgrow prints the same on Temporal as in one process', async () => {
  const [here, there] = await Promise.all([output(), output('--temporal')]);
  expect(here).toContain('6 rows imported by attempts that started at rows 0 and 3');
  expect(there).toBe(here);
});

async function output(...flags: string[]): Promise<string> {
  const env = { ...process.env, TEMPORAL_TASK_QUEUE: workers.queue('fast') };
  const args = ['--import', 'tsx', 'examples/outgrow/main.ts', ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return stdout;
}
