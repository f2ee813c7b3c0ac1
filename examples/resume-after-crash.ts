/**
 * A program that is killed in the middle of its work (SIGKILL: it has no time to say anything), and
 * started again: it goes on from its last report on disk. `npx tsx examples/resume-after-crash.ts`
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityRuntime } from 'systole';
import { fileStore } from 'systole/node';
import { copyRows } from './support/copy-rows.js';
import { olympians } from './support/dataset.js';
import { runProgram } from './support/program.js';

const [given] = process.argv.slice(2);
await (given === undefined ? crashAndResume() : program(given));

/** The program: this is all it takes. */
async function program(folder: string): Promise<void> {
  const runtime = new ActivityRuntime({ store: fileStore(join(folder, 'store')) });
  runtime.on('heartbeat', ({ details }) => console.log('report', details));
  const rows = await runtime.run(copyRows, {
    args: [join(folder, 'olympians.csv')],
    activityId: 'copy olympians', // the same in every run: that is how it finds its report
    heartbeatTimeout: '5s',
    heartbeatThrottleInterval: '50ms', // how much work a crash may cost
  });
  console.log('rows', rows);
}

/** Runs it three times, and kills it twice. */
async function crashAndResume(): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const folder = await mkdtemp(join(tmpdir(), 'systole-'));
  try {
    const first = await runProgram(file, [folder], { at: /row: [3-9]\d\d\d,/, signal: 'SIGKILL' });
    const second = await runProgram(file, [folder], { at: /row: [7-9]\d\d\d,/, signal: 'SIGKILL' });
    const third = await runProgram(file, [folder]);

    const startedFrom = [first, second, third].map(({ lines }) => Number(/\d+/.exec(lines[0]!)));
    console.log('the runs began at rows', startedFrom.join(', '));
    console.log(third.lines.at(-1));
    assert.deepEqual([first.signal, second.signal, third.code], ['SIGKILL', 'SIGKILL', 0]);
    const [zero, afterFirst, afterSecond] = startedFrom as [number, number, number];
    assert.equal(zero, 0);
    // The report at which it was killed may not have reached the disk; the ones before have.
    assert.ok(afterFirst >= 1_000 && afterSecond >= 5_000, String(startedFrom));

    const copied = (await readFile(join(folder, 'olympians.csv'), 'utf8')).trimEnd().split('\n');
    const rows = (await readFile(olympians, 'utf8')).trimEnd().split('\n').slice(1);
    assert.deepEqual(copied, rows);
    const left = await readdir(join(folder, 'store'));
    // Done: nothing to resume. A killed process may leave a file that it had not finished.
    assert.deepEqual(
      left.filter((file) => !file.endsWith('.tmp')),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
