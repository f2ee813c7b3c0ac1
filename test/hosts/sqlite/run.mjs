// The tests of stores with better-sqlite3, which is only installed here, for a Node without SQLite.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const env = { ...process.env, NODE_PATH: fileURLToPath(new URL('node_modules', import.meta.url)) };
const args = [vitest, 'run', 'test/behaviour/durable', 'test/unit/durable'];
const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
if (status === 0) {
  const driver = process.getBuiltinModule?.('node:sqlite') ? 'node:sqlite' : 'better-sqlite3';
  console.log(`tested sqliteStore on Node ${process.versions.node} with ${driver}`);
}
process.exitCode = status ?? 1;
