// The tests of stores on a real Redis and a real Postgres. A machine without redis-server is told of,
// and the part with Redis is left out.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { debianProgram } from '../programs.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const program = await debianProgram('redis-server').catch((error) => {
  console.log(`left out: stores on Redis: ${error.message}`);
});
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project=stores'], {
  cwd: root,
  env: { ...process.env, ...(program !== undefined && { REDIS_SERVER: program }) },
  stdio: 'inherit',
});
const tested = ['Postgres (PGlite)', ...(program === undefined ? [] : ['Redis'])];
if (status === 0) console.log(`tested: stores on ${tested.join(' and ')}`);
process.exitCode = status ?? 1;
