/**
 * A Python program as an activity: each line of JSON that it prints is a heartbeat. It hangs once. Its
 * worker is killed then, with the Python process in it, and the next attempt begins at the step where
 * it stopped. Run it with `npx tsx examples/python.ts`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ActivityRuntime } from 'systole';
import { workerPool } from 'systole/workers';
import type * as activities from './support/python.activities.js';

if (spawnSync('python3', ['--version']).status !== 0) {
  console.log('left out: there is no python3 here');
} else {
  const program = fileURLToPath(new URL('support/steps.py', import.meta.url));
  const module = new URL('support/python.activities.ts', import.meta.url);
  await using pool = workerPool<typeof activities>(module, { gracePeriod: '100ms' });
  await using runtime = new ActivityRuntime({ logger: false });
  const pids = new Set<number>();
  runtime.on('heartbeat', ({ details }) => pids.add((details as activities.Step).pid));

  const steps = await runtime.run(pool.activities.runSteps, {
    args: [program],
    heartbeatTimeout: '3s',
    retryPolicy: { maximumAttempts: 3, initialInterval: '10ms' },
  });

  console.log(`resumed at step ${steps[0]?.step}, and came to ${steps.at(-1)?.squares}`);
  assert.deepEqual(
    steps.map(({ step }) => step),
    [6, 7, 8, 9, 10],
  );
  assert.equal(steps.at(-1)?.squares, 285);
  assert.equal(pids.size, 2);
  for (const pid of pids) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
    assert.match(stdout, /^(Z|$)/); // gone, or a zombie that init has not looked at yet
  }
}
