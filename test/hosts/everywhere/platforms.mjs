// The platforms of the suite, and how to get each of these programs.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianProgram } from '../programs.mjs';

const run = promisify(execFile);

const windows = process.platform === 'win32';
const exe = windows ? '.exe' : '';
const LONGEST_INSTALL_MS = 300_000;

/** Outside the repository, and kept, because some of these programs are over 100 MB. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'systole-everywhere');

/** The oldest Node we support and the newest of each even major. */
const nodeVersions = ['20.4.0', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];
const ownNode = process.versions.node;
if (!nodeVersions.includes(ownNode)) nodeVersions.push(ownNode);

const PLAYWRIGHT = 'playwright-core@1.65.1';

/**
 * `program()` returns the path of the program, or throws why there is none. `args` go before a
 * script.
 */
export const platforms = [
  ...nodeVersions.map((version) => ({
    name: 'Node',
    version,
    program: () => (version === ownNode ? process.execPath : node(version)),
  })),
  {
    name: 'Bun',
    version: '1.4.5',
    program: () => firstOf('bun@1.4.5', '@oven', join('bin', `bun${exe}`)),
    args: ['--no-install'],
  },
  {
    name: 'Deno',
    version: '2.9.6',
    program: () => firstOf('deno@2.9.6', '@deno', `deno${exe}`),
    // No --allow-net and no --allow-run: the package needs neither.
    args: ['run', '--allow-read', '--allow-write', '--allow-env', '--no-lock'],
  },
  {
    name: 'Chromium',
    program: () =>
      debianProgram('chromium', {
        also: ['chromium-browser', 'google-chrome'],
        variable: 'CHROMIUM',
      }),
    page: true,
  },
];

export async function playwright() {
  const require = createRequire(join(await installed(PLAYWRIGHT), 'index.js'));
  return require('playwright-core');
}

/**
 * What the npm package `node` would download in its install script. No install script is run here.
 */
async function node(version) {
  const os = windows ? 'win' : process.platform;
  const kind = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${kind}-${os}-${process.arch}`;
  return join(await installed(`${name}@${version}`), name, 'bin', `node${exe}`);
}

/** The program that a package brings in one of several packages for different machines. */
async function firstOf(spec, scope, path) {
  const folder = join(await installed(spec), scope);
  for (const name of await readdir(folder).catch(() => [])) {
    const program = join(folder, name, path);
    const starts = await run(program, ['--version']).catch(() => undefined);
    if (starts !== undefined) return program;
  }
  throw new Error(`${spec} has no program for ${process.platform}-${process.arch}`);
}

/** The `node_modules` that holds the package; asks npm only when it is not there yet. */
async function installed(spec) {
  const folder = join(cache, spec);
  if (!existsSync(folder)) {
    const unfinished = join(cache, `.${randomUUID()}`);
    await mkdir(unfinished, { recursive: true });
    try {
      await writeFile(join(unfinished, 'package.json'), '{ "private": true }\n');
      const flags = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
      const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error'];
      await run('npm', ['install', ...flags, ...retries, spec], {
        cwd: unfinished,
        shell: windows,
        timeout: LONGEST_INSTALL_MS,
      });
      // Another process may have been faster.
      await rename(unfinished, folder).catch((error) => {
        if (!existsSync(folder)) throw error;
      });
    } catch (error) {
      const [reason] = /^npm error .*/m.exec(error.stderr ?? '') ?? [error.message];
      throw new Error(`${spec} could not be installed: ${reason}`, { cause: error });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return join(folder, 'node_modules');
}
