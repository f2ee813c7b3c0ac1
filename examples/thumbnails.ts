/**
 * Thumbnails of 200 images, made on all cores. One image makes its worker hang and one makes it crash.
 * Both fail after two attempts, and all others are made once.
 * Run it with `npx tsx examples/thumbnails.ts`.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { ActivityRuntime, TimeoutFailure, type ActivityFailure } from 'systole';
import { WorkerCrashedError, workerPool } from 'systole/workers';
import type * as activities from './support/thumbnails.activities.js';

const IMAGES = 200;
const POISONED = new Map([
  [70, 'loops'],
  [130, 'crashes'],
]);

const folder = await mkdtemp(join(tmpdir(), 'systole-'));
try {
  const [from, to] = [join(folder, 'images'), join(folder, 'thumbnails')];
  await Promise.all([mkdir(from), mkdir(to)]);
  const files = await draw(from);

  const module = new URL('support/thumbnails.activities.ts', import.meta.url);
  await using pool = workerPool<typeof activities>(module, { gracePeriod: '200ms' });
  await using runtime = new ActivityRuntime({ logger: false });
  const start = performance.now();
  const outcomes = await Promise.allSettled(
    files.map((file) =>
      runtime.run(pool.activities.thumbnail, {
        args: [file, to],
        heartbeatTimeout: '2s',
        retryPolicy: { maximumAttempts: 2, initialInterval: '10ms' },
      }),
    ),
  );
  const seconds = (performance.now() - start) / 1_000;
  const made = outcomes.filter(({ status }) => status === 'fulfilled').length;
  console.log(`${made} of ${IMAGES} thumbnails in ${seconds.toFixed(1)} s`);

  assert.equal(made, IMAGES - POISONED.size);
  const names = (await readdir(to)).sort();
  assert.deepEqual(
    names,
    files
      .filter((file) => !/loops|crashes/.test(file))
      .map(nameOf)
      .sort(),
  );

  const loops = failureOf(outcomes[70]).cause;
  assert.ok(loops instanceof TimeoutFailure);
  console.log(`one hung:\n${loops.stuckAt}`);
  assert.match(loops.stuckAt ?? '', /^ {4}at searchForEver /);

  const crash = failureOf(outcomes[130]).cause;
  assert.ok(crash instanceof WorkerCrashedError);
  console.log(`one crashed: ${crash.message}`);
  assert.equal(crash.signal, 'SIGABRT');
} finally {
  await rm(folder, { recursive: true });
}

/** Draws the images, each a different pattern. */
async function draw(to: string): Promise<string[]> {
  const [width, height] = [128, 96];
  const files: string[] = [];
  for (let image = 0; image < IMAGES; image++) {
    const data = Buffer.alloc(width * height * 4, 255);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const [x, y] = [pixel % width, Math.floor(pixel / width)];
      data[pixel * 4] = (x * (image + 1)) % 256;
      data[pixel * 4 + 1] = (y * (image + 3)) % 256;
      data[pixel * 4 + 2] = (x ^ y) % 256;
    }
    const file = join(to, `${String(image).padStart(3, '0')}-${POISONED.get(image) ?? 'fine'}.jpg`);
    await writeFile(file, jpeg.encode({ width, height, data }, 85).data);
    files.push(file);
  }
  return files;
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('images') + 'images'.length + 1);
}

function failureOf(outcome: PromiseSettledResult<unknown> | undefined): ActivityFailure {
  assert.equal(outcome?.status, 'rejected');
  return outcome.reason as ActivityFailure;
}
