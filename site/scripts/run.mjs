// `node site/scripts/run.mjs show` serves the site on this machine, and reloads it when a page changes.
// `build` builds it; `test` builds and tests it; `test --built` tests what was built. The packages of
// the site are installed first. If they cannot be had, all but `show` say so and pass.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(site, '..');
const [task = 'show', flag] = process.argv.slice(2);

const missing = flag === '--built' ? unbuilt() : install();
if (missing !== undefined) {
  console.log(`left out: the site: ${missing}`);
  if (task === 'show') process.exit(1);
} else {
  if (task === 'show') {
    if (!existsSync(join(site, 'reference'))) reference();
    run('node', ['scripts/frame.mjs']);
    run('vitepress', ['dev']);
  }
  if (task === 'build' || (task === 'test' && flag !== '--built')) build();
  if (task === 'test') test();
}

function build() {
  reference();
  run('node', ['scripts/frame.mjs']);
  rmSync(join(site, '.vitepress/dist'), { recursive: true, force: true });
  run('vitepress', ['build']);
  run('node', ['scripts/check.mjs']);
}

function test() {
  run('tsc', ['-p', 'tsconfig.json']);
  run('vitest', ['run', '--config', 'site/vitest.config.ts'], root);
  console.log('tested: the scenes, their tests and their links');
  run('node', ['scripts/browser.mjs']);
}

/** @returns why there is nothing to test */
function unbuilt() {
  return existsSync(join(site, '.vitepress/dist/index.html')) ? undefined : 'it was not built';
}

/** @returns what npm says if it fails */
function install() {
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--fetch-retries=1',
    '--loglevel=error',
  ];
  const { status, stderr } = spawnSync('npm', ['ci', ...flags], {
    cwd: site,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return undefined;
  const reason = /^npm error .*/m.exec(stderr)?.[0] ?? `exit code ${status}`;
  return `its packages could not be installed: ${reason}`;
}

/** The reference of TypeDoc, as pages of the site. */
function reference() {
  run('typedoc', ['--out', join(site, 'reference'), '--logLevel', 'Warn'], root);
}

/** Runs a program of the site or of the repository, and ends this one if it fails. */
function run(program, args, cwd = site) {
  const { status } = spawnSync(program, args, {
    cwd,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: {
      ...process.env,
      PATH: [
        join(site, 'node_modules/.bin'),
        join(root, 'node_modules/.bin'),
        process.env.PATH,
      ].join(process.platform === 'win32' ? ';' : ':'),
    },
  });
  if (status !== 0) process.exit(status ?? 1);
}
