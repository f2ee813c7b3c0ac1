// Installs better-sqlite3 here, unless this Node has SQLite or it is there already. It may have to be
// compiled, which takes a minute and needs a compiler: without one, its tests are left out.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('.', import.meta.url));
const built = new URL(
  'node_modules/better-sqlite3/build/Release/better_sqlite3.node',
  import.meta.url,
);
if (process.getBuiltinModule?.('node:sqlite') === undefined && !existsSync(built)) {
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) console.log('left out: better-sqlite3 could not be installed');
}
