// Checks the built package under the fake timers of other frameworks, and its matchers in those:
// the same scenarios in several majors of Vitest, in Jest (CommonJS; Node and jsdom), and with
// @sinonjs/fake-timers alone. `node run.mjs [part of a name]`, after a build and `npm ci` here.
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const require = createRequire(import.meta.url);
const run = promisify(execFile);

const AT_ONCE = 2;
const LONGEST_MS = 120_000;

const version = (name) =>
  JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version;

if (!existsSync(join(root, 'dist/testing/matchers.cjs'))) {
  fail('dist is not complete: run `npm run build` first');
} else {
  linkPackage();
  const only = process.argv[2] ?? '';
  const waiting = jobs().filter(({ name }) => name.includes(only));
  if (waiting.length === 0) fail(`nothing here is named ${only}`);
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(waiting)));
}

/** The package by its public name; a link to the whole of it would lead back to this folder. */
function linkPackage() {
  const folder = join(here, 'node_modules/systole');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'dist'), join(folder, 'dist'), 'junction');
}

function jobs() {
  const tsc = require.resolve('typescript/bin/tsc');
  return [
    {
      name: `Jest ${version('jest')}, Node and jsdom`,
      command: ['node_modules/jest/bin/jest.js', '--config', 'jest/jest.config.mjs'],
    },
    ...['vitest2', 'vitest3', 'vitest4'].map((vitest) => ({
      name: `Vitest ${version(vitest)}`,
      command: [`node_modules/${vitest}/vitest.mjs`, 'run', '--config', 'vitest/vitest.config.mjs'],
      env: { VITEST_PACKAGE: vitest },
    })),
    {
      name: `@sinonjs/fake-timers ${version('@sinonjs/fake-timers')}`,
      command: ['sinon/runtime.test.mjs'],
    },
    ...['vitest', 'jest'].map((framework) => ({
      name: `types of the matchers, ${framework}`,
      command: [tsc, '-p', `types/tsconfig.${framework}.json`],
    })),
  ];
}

async function work(waiting) {
  for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
    const { name, command, env } = job;
    const start = performance.now();
    try {
      const { stdout, stderr } = await run(process.execPath, command, {
        cwd: here,
        env: { ...process.env, ...env },
        timeout: LONGEST_MS,
      });
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`ok   ${name}: ${summary(stdout + stderr)}${seconds} s`);
    } catch (error) {
      fail(`FAIL ${name}\n${error.stdout}${error.stderr}${error.message}`);
    }
  }
}

/** The number of tests, in the output of each framework. */
function summary(output) {
  const found = /Tests:?\s+(\d+) passed|^(\d+) tests$/m.exec(stripVTControlCharacters(output));
  return found === null ? '' : `${found[1] ?? found[2]} tests, `;
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
