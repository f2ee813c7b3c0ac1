// Runs the suite in Node, Bun and Deno, and prints the result as one line of JSON.
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { everywhere } from './suite.mjs';

/** @param build the package in one module format, and `other`: systole in the other one */
export async function run(build) {
  const scratch = await mkdtemp(join(tmpdir(), 'systole-everywhere-'));
  const unhandled = [];
  process.on('unhandledRejection', (error) => {
    unhandled.push({
      name: 'no rejection is left unhandled',
      error: String(error?.stack ?? error),
    });
  });
  const folder = join(scratch, 'store');
  // Beside the files of activities there is a folder with those who have claimed some.
  const list = async () => (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const damage = async () => {
    for (const file of await list()) await truncate(join(folder, file), 20);
  };
  try {
    const { passed, failed } = await everywhere({ ...build, files: { folder, list, damage } });
    failed.push(...unhandled);
    console.log(JSON.stringify({ version: version(), passed, failed }));
    // No process.exit(): the test also checks that nothing keeps the process alive.
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function version() {
  return globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node;
}
