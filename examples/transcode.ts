/**
 * The work happens in another process: a transcoder that reports each finished part on its standard
 * output. When it hangs, its heartbeat timeout kills it, and the next one continues with the last part.
 * Run it with `npx tsx examples/transcode.ts`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { runActivity, type ActivityContext } from 'systole';
import { olympians } from './support/dataset.js';

/** How much of the output is good: the number of parts of the input, and of bytes. */
interface Progress {
  readonly part: number;
  readonly bytes: number;
}

/** The transcoder hangs at this part, unless it starts with it. */
const BAD_PART = 3;

const transcoder = fileURLToPath(new URL('support/transcoder.mjs', import.meta.url));
const children: { pid: number | undefined; from: number; signal: string | null }[] = [];

/** The activity. */
async function transcode(
  ctx: ActivityContext<Progress>,
  input: string,
  output: string,
): Promise<Progress> {
  let done = ctx.heartbeatDetails ?? { part: 0, bytes: 0 };
  await truncate(output, done.bytes); // remove what was half written
  const args = [transcoder, input, output, String(done.part)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HANG_AT: done.part < BAD_PART ? String(BAD_PART) : '' },
    signal: ctx.signal, // a timeout or a cancellation kills the child
    killSignal: 'SIGKILL',
  });
  const record = { pid: child.pid, from: done.part, signal: null };
  children.push(record);
  child.on('exit', (_code, signal) => Object.assign(record, { signal }));
  child.on('error', () => {}); // an abort: the attempt has its own reason
  const exit = once(child, 'exit') as Promise<[code: number | null]>;
  exit.catch(() => {});
  for await (const line of createInterface(child.stdout)) {
    done = JSON.parse(line) as Progress;
    ctx.heartbeat(done);
  }
  const [code] = await exit;
  if (code !== 0) throw new Error(`the transcoder exited with ${code}`);
  return done;
}

const folder = await mkdtemp(join(tmpdir(), 'systole-'));
try {
  const output = join(folder, 'olympians.csv.gz');
  await writeFile(output, '');
  const { part, bytes } = await runActivity(transcode, {
    args: [olympians, output],
    heartbeatTimeout: '2s',
    attemptOverlap: '10s', // they share a file, so the next transcoder waits until this one is dead
    retryPolicy: { initialInterval: '50ms', maximumAttempts: 5 },
  });
  console.log(`${part} parts, ${bytes} bytes; transcoders:`, children);

  assert.ok(gunzipSync(await readFile(output)).equals(await readFile(olympians)));
  const last = children.pop()!;
  assert.ok(children.length > 0);
  for (const { signal } of children) assert.equal(signal, 'SIGKILL');
  assert.equal(last.from, BAD_PART);
  for (const { pid } of children) assert.throws(() => process.kill(pid!, 0), { code: 'ESRCH' });
} finally {
  await rm(folder, { recursive: true });
}
