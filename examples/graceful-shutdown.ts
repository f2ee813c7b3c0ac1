/**
 * A service gets SIGTERM, lets its activities reach a good place, and exits. When it starts again, it
 * continues from there. Run it with `npx tsx examples/graceful-shutdown.ts`.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityRuntime, isCancellation } from 'systole';
import { fileStore } from 'systole/node';
import { copyRows } from './support/copy-rows.js';
import { olympians } from './support/dataset.js';
import { runProgram } from './support/program.js';

const [given] = process.argv.slice(2);
await (given === undefined ? stopAndStart() : service(given));

/** The service. */
async function service(folder: string): Promise<void> {
  const runtime = new ActivityRuntime({ store: fileStore(join(folder, 'store')) });
  process.once('SIGTERM', () => {
    // ctx.signal aborts at once, ctx.sleep rejects, and the newest details go to the store.
    void runtime.shutdown({ abandonAfter: '5s' }).then(({ abandonedActivityIds }) => {
      console.log('still running:', abandonedActivityIds.length);
    });
  });
  runtime.on('heartbeat', ({ details }) => console.log('report', details));
  try {
    const rows = await runtime.run(copyRows, {
      args: [join(folder, 'olympians.csv')],
      activityId: 'copy olympians',
      heartbeatTimeout: '5s',
      heartbeatThrottleInterval: '50ms',
    });
    console.log('rows', rows);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    console.log('stopped:', ((error as Error).cause as Error).message);
  }
}

/** Starts it, stops it, and starts it again. */
async function stopAndStart(): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const folder = await mkdtemp(join(tmpdir(), 'systole-'));
  const rowsThere = async (): Promise<string[]> =>
    (await readFile(join(folder, 'olympians.csv'), 'utf8')).trimEnd().split('\n');
  try {
    const first = await runProgram(file, [folder], { at: /row: [3-9]\d\d\d,/, signal: 'SIGTERM' });
    const copied = await rowsThere();
    const second = await runProgram(file, [folder]);
    for (const { lines } of [first, second]) {
      console.log(lines.filter((line) => !line.startsWith('report')).join('; '));
    }

    assert.deepEqual([first.code, second.code], [0, 0]);
    assert.ok(first.lines.includes('stopped: WORKER_SHUTDOWN'));
    assert.ok(first.lines.includes('still running: 0'));
    // No row is copied again: the last details, throttled or not, were stored at the end.
    assert.equal(second.lines[0], `copies from row ${copied.length}`);
    assert.deepEqual(
      await rowsThere(),
      (await readFile(olympians, 'utf8')).trimEnd().split('\n').slice(1),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
