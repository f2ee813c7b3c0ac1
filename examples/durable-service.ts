/**
 * A service with a ledger. It is killed in the middle of its work, deployed once more with SIGTERM,
 * and started again. Nobody tells it what to do then: it finds what is unfinished in its store, and
 * each job ends once. Run it with `npx tsx examples/durable-service.ts`.
 */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActivityRuntime, type ActivityContext } from 'systole';
import { fileStore } from 'systole/node';
import { runProgram } from './support/program.js';

const STEPS = 40;
const JOBS = ['ada', 'alan', 'grace'];

const [given, first] = process.argv.slice(2);
await (given === undefined ? killAndRestart() : service(given, first === 'first'));

/** Sends a newsletter, page by page. A page may be sent twice after a crash, and none is left out. */
async function send(ctx: ActivityContext<number>, file: string, to: string): Promise<void> {
  for (let page = ctx.heartbeatDetails ?? 0; page < STEPS; page++) {
    await ctx.sleep(10); // stands for the work
    await appendFile(file, `${to} ${page}\n`);
    ctx.heartbeat(page + 1);
    console.log('sent', to, page);
  }
}

/** The service. With Node 22.13 or later, `sqliteStore('jobs.db')` of systole/sqlite does the same. */
async function service(folder: string, isFirst: boolean): Promise<void> {
  const store = fileStore(join(folder, 'jobs'));
  const runtime = new ActivityRuntime({ store });
  process.once('SIGTERM', () => {
    void runtime.shutdown().then(() => process.exit());
  });
  runtime.on('completed', ({ activityId }) => console.log('done', activityId));

  // What another process has left, now and every ten seconds.
  const { recovered } = await runtime.recover({ send }, { every: '10s' });
  console.log('recovered', recovered.length);

  // In a real service, requests start jobs. Here the first process does.
  const sent = join(folder, 'sent');
  const started = isFirst
    ? JOBS.map((to) =>
        runtime.start(send, {
          activityId: `newsletter for ${to}`,
          args: [sent, to],
          heartbeatTimeout: '5s',
          heartbeatThrottleInterval: '50ms', // a crash repeats at most the steps of this time
        }),
      )
    : [];
  await Promise.allSettled([...recovered, ...started].map((handle) => handle.result()));
  console.log('left in the ledger:', [...(await store.list())].length);
  await runtime.shutdown();
}

async function killAndRestart(): Promise<void> {
  const file = fileURLToPath(import.meta.url);
  const folder = await mkdtemp(join(tmpdir(), 'systole-'));
  try {
    const runs = [
      await runProgram(file, [folder, 'first'], { at: /sent \w+ 15/, signal: 'SIGKILL' }),
      await runProgram(file, [folder], { at: /sent \w+ 25/, signal: 'SIGTERM' }),
      await runProgram(file, [folder]),
    ];
    const lines = runs.map((run) => run.lines);
    console.log(lines.map(([first]) => first).join(', '));
    console.log(lines[2]?.at(-1));

    assert.deepEqual(
      lines.map(([first]) => first),
      ['recovered 0', 'recovered 3', 'recovered 3'],
    );
    assert.equal(lines[2]?.at(-1), 'left in the ledger: 0');
    const done = lines.flat().filter((line) => line.startsWith('done'));
    assert.deepEqual(done.sort(), JOBS.map((to) => `done newsletter for ${to}`).sort());
    // Each page was sent at least once, and most of them were sent once.
    const pages = (await readFile(join(folder, 'sent'), 'utf8')).trimEnd().split('\n');
    const all = JOBS.flatMap((to) => Array.from({ length: STEPS }, (_, page) => `${to} ${page}`));
    assert.deepEqual([...new Set(pages)].sort(), all.sort());
    assert.ok(pages.length < 1.5 * all.length, String(pages.length));
  } finally {
    await rm(folder, { recursive: true });
  }
}
