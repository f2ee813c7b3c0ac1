/**
 * A program is killed in the middle of its work, with SIGKILL, so it has no time to save anything.
 * When it starts again, it resumes from its last report on disk.
 * Run it with `npx tsx examples/resume-after-crash.ts`.
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

/** The program. */
async function program(folder: string): Promise<void> {
  const runtime = new ActivityRuntime({ store: fileStore(join(folder, 'store')) });
  runtime.on('heartbeat', ({ details }) => console.log('report', details));
  const rows = await runtime.run(copyRows, {
    args: [join(folder, 'olympians.csv')],
    activityId: 'copy olympians', // the same in every run, so that it finds its report
    heartbeatTimeout: '5s',
    heartbeatThrottleInterval: '50ms', // a crash costs at most this much work
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
    console.log('the runs started at rows', startedFrom.join(', '));
    console.log(third.lines.at(-1));
    assert.deepEqual([first.signal, second.signal, third.code], ['SIGKILL', 'SIGKILL', 0]);
    const [zero, afterFirst, afterSecond] = startedFrom as [number, number, number];
    assert.equal(zero, 0);
    // The report at which it was killed may not have reached the disk. The ones before it have.
    assert.ok(afterFirst >= 1_000 && afterSecond >= 5_000, String(startedFrom));

    const copied = (await readFile(join(folder, 'olympians.csv'), 'utf8')).trimEnd().split('\n');
    const rows = (await readFile(olympians, 'utf8')).trimEnd().split('\n').slice(1);
    assert.deepEqual(copied, rows);
    const left = await readdir(join(folder, 'store'));
    // It is done, so there is nothing to resume.
    assert.deepEqual(
      left.filter((file) => file.endsWith('.json')),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
