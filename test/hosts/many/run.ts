/**
 * How fileStore copes with many entries: how long each step takes, and for how long it blocks the event
 * loop. `npm run test:many -- 100000` prints it. It fails if something is lost on the way.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityRuntime } from 'systole';
import { fileStore } from 'systole/node';
import type { Claim } from 'systole/durable';
import { baseName, textOf } from '../../../src/durable/files/content.js';

const many = Number(process.argv[2] ?? 10_000);
const folder = mkdtempSync(join(tmpdir(), 'systole-many-'));

/** The longest time for which a timer of 5 ms was late since the last call. */
let latest = performance.now();
let blockedMs = 0;
setInterval(() => {
  blockedMs = Math.max(blockedMs, performance.now() - latest - 5);
  latest = performance.now();
}, 5);

async function measure<T>(what: string, step: () => Promise<T> | T): Promise<T> {
  blockedMs = 0;
  const started = (latest = performance.now());
  const result = await step();
  const ms = performance.now() - started;
  blockedMs = Math.max(blockedMs, performance.now() - latest - 5);
  const megabytes = process.memoryUsage().rss / 1e6;
  const numbers = [ms, blockedMs, megabytes].map((number) => number.toFixed(0).padStart(8));
  console.log(`${what.padEnd(32)} ${numbers[0]} ms, blocks ${numbers[1]} ms, ${numbers[2]} MB`);
  return result;
}

/** As a process leaves it that has died. */
function left(activityId: string): Promise<void> {
  const entry = {
    activityId,
    activityType: 'work',
    args: '{"json":["big.csv"]}',
    options: '{"json":{}}',
    attempt: 1,
    runState: 'PAUSED' as const,
    scheduledAt: 1_700_000_000_000,
    version: 1,
  };
  const content = { snapshot: '{"json":{"line":7}}', entry, generation: 5 };
  return writeFile(join(folder, `${baseName(activityId)}.json`), textOf(activityId, content));
}

const newRuntime = (): ActivityRuntime =>
  new ActivityRuntime({ store: fileStore(folder), logger: false });

try {
  await measure(`${many} files are made`, async () => {
    for (let i = 0; i < many; i += 500) {
      await Promise.all(
        Array.from({ length: Math.min(500, many - i) }, (_, n) => left(`job ${i + n}`)),
      );
    }
  });
  const store = fileStore(folder);
  assert.equal(await measure('get', () => store.get('job 5')), '{"json":{"line":7}}');
  assert.equal([...(await measure('list', () => store.list()))].length, many);
  const claim = (id: string) => store.claim?.(id, 'somebody', 30_000) as Promise<Claim>;
  const first = await measure('the first claim, which tidies', () => claim('job 7'));
  await measure('release', () => store.release?.('job 7', first.generation));
  const second = await measure('another claim', () => claim('job 8'));
  await store.release?.('job 8', second.generation);
  const other = newRuntime();
  const { unknown } = await measure('recover, of unknown types', () => other.recover({}));
  assert.equal(unknown.length, many);
  const runtime = newRuntime();
  const work = (): number => 1;
  const { recovered, held } = await measure('recover, of all', () => runtime.recover({ work }));
  assert.deepEqual([recovered.length, held.length], [many, 0]);
  const once = { activityId: 'one more', activityType: 'work' };
  assert.equal(await measure('one more activity', () => runtime.run(work, once)), 1);
  await measure('shutdown', () => runtime.shutdown());
  assert.equal([...(await measure('list', () => store.list()))].length, many);
  console.log(`tested: fileStore with ${many} entries`);
} finally {
  rmSync(folder, { recursive: true });
}
process.exit();
