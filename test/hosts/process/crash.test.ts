/** A process that is killed, and what the next one finds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('fixtures/resumable.mts', import.meta.url));

/** Runs it until it has counted up to `until`, or kills it once it has stored at least `killAt`. */
async function run(folder: string, until: number, killAt = Infinity): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, folder, String(until)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.startsWith('stored') && number(line) >= killAt) child.kill('SIGKILL');
  }
  expect(await closed).toEqual(killAt === Infinity ? [0, null] : [null, 'SIGKILL']);
  return lines;
}

const number = (line = ''): number => Number(/\d+/.exec(line));

test('a killed process always resumes from the last stored report', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'systole-'));
  try {
    let stored = 0;
    for (let kill = 1; kill <= 3; kill++) {
      const lines = await run(folder, Infinity, stored + 20);
      expect(number(lines[0])).toBeGreaterThanOrEqual(stored);
      stored = number(lines.filter((line) => line.startsWith('stored')).at(-1));
    }
    const lines = await run(folder, stored + 20);
    expect(number(lines[0])).toBeGreaterThanOrEqual(stored);
    expect(lines.at(-1)).toBe(`counted ${stored + 20}`);
    const entries = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    expect(entries).toEqual([]); // a kill in the middle of a write may leave its unfinished file
  } finally {
    await rm(folder, { recursive: true });
  }
});
