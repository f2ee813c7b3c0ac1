// Runs one suite against the built package, by its public names, on every platform it is for.
// `node run.mjs [part of a name]`, after a build; SYSTOLE_DIST names another folder than dist.
// A platform that cannot be had here is told of and left out; a check that fails fails this.
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { copyDependencies } from '../dependencies.mjs';
import { platforms, playwright } from './platforms.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const dist = resolve(process.env.SYSTOLE_DIST || join(root, 'dist'));

const scripts = { 'ES module': 'esm.mjs', CommonJS: 'cjs.mjs' };

const AT_ONCE = 2;
const LONGEST_MS = 90_000;
/**
 * The time from its last output to its end. If a process takes longer, something keeps it alive.
 */
const LONGEST_EXIT_MS = 5_000;

const started = performance.now();
if (!['index.js', 'index.cjs', 'testing.js'].every((file) => existsSync(join(dist, file)))) {
  fail('dist is not complete: run `npm run build` first');
} else {
  const work = await mkdtemp(join(tmpdir(), 'systole-everywhere-'));
  try {
    await layOut(work);
    const only = (process.argv[2] ?? '').toLowerCase();
    const waiting = platforms.filter((one) => titleOf(one).toLowerCase().includes(only));
    if (waiting.length === 0) fail(`no platform's name has '${only}' in it`);
    await Promise.all(Array.from({ length: AT_ONCE }, () => takeOneByOne(waiting, work)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  console.log(`all in all: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** A project that has only the package installed, in the way npm does it. */
async function layOut(work) {
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  const systole = join(work, 'node_modules/systole');
  await mkdir(systole, { recursive: true });
  await writeFile(join(systole, 'package.json'), manifest);
  await cp(dist, join(systole, 'dist'), { recursive: true });
  await copyDependencies(root, join(work, 'node_modules'));
  await writeFile(join(work, 'package.json'), '{ "private": true, "type": "module" }\n');
  for (const file of ['suite.mjs', 'host.mjs', 'esm.mjs', 'cjs.mjs', 'page.mjs']) {
    await cp(join(here, file), join(work, file));
  }
}

async function takeOneByOne(waiting, work) {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, program, args = [], page = false } = next;
    let path;
    try {
      path = await program();
    } catch (error) {
      console.log(`left out: ${titleOf(next)}: ${error.message}`);
      continue;
    }
    try {
      if (page) await inPage(path, work);
      else await inProcesses(name, path, args, work);
    } catch (error) {
      fail(`FAIL ${titleOf(next)}\n${error.stack}`);
    }
  }
}

function titleOf({ name, version }) {
  return version === undefined ? name : `${name} ${version}`;
}

async function inProcesses(name, program, args, work) {
  const counts = [];
  let version;
  for (const [format, script] of Object.entries(scripts)) {
    const outcome = await processOutcome(program, [...args, script], work);
    version ??= outcome.version;
    judge(`${name} ${version}, ${format}`, outcome);
    counts.push(`${outcome.passed} passed (${format})`);
  }
  console.log(`tested on ${name} ${version}: ${counts.join(', ')}`);
}

/** The output of the suite in a process that then ends by itself, without further output. */
function processOutcome(program, args, work) {
  return new Promise((fulfil, reject) => {
    const child = spawn(program, args, {
      cwd: work,
      env: { ...process.env, ...foldersIn(work), DENO_NO_UPDATE_CHECK: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let killed;
    let limit;
    const within = (ms, what) => {
      clearTimeout(limit);
      limit = setTimeout(() => {
        killed = `did not ${what} within ${ms} ms`;
        child.kill('SIGKILL');
      }, ms);
    };
    within(LONGEST_MS, 'finish its checks');
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      within(LONGEST_EXIT_MS, 'exit by itself after its last word');
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.on('close', (code) => {
      clearTimeout(limit);
      const outcome = parsed(stdout);
      const wrong = killed ?? (stderr !== '' ? 'wrote to stderr' : code && `exit code ${code}`);
      if (wrong) outcome.failed.push({ name: wrong, error: stderr });
      fulfil(outcome);
    });
  });
}

/** Removes what a killed process leaves, together with everything else. */
function foldersIn(work) {
  return { DENO_DIR: join(work, '.deno'), TMPDIR: work, TEMP: work, TMP: work };
}

function parsed(stdout) {
  try {
    return JSON.parse(stdout);
  } catch {
    return { version: '', passed: 0, failed: [{ name: 'printed no outcome', error: stdout }] };
  }
}

async function inPage(executablePath, work) {
  let library;
  try {
    library = await playwright();
  } catch (error) {
    console.log(`left out: Chromium: ${error.message}`);
    return;
  }
  const { outputFiles } = await build({
    entryPoints: [join(work, 'page.mjs')],
    bundle: true,
    // A plain script, which has run when the page has loaded.
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const browser = await library.chromium.launch({ executablePath, timeout: LONGEST_MS });
  const tooLong = setTimeout(() => void browser.close(), LONGEST_MS);
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.stack));
    page.on('console', (message) => complaints.push(message.text()));
    // Without 'unsafe-eval' and without network access. No server is used.
    const policy = "default-src 'none'; script-src 'unsafe-inline'";
    await page.route('**', (route) =>
      route.fulfill({
        contentType: 'text/html; charset=utf-8',
        headers: { 'content-security-policy': policy },
        body: `<!doctype html><script>${outputFiles[0].text}</script>`,
      }),
    );
    await page.goto('https://systole.invalid/');
    const outcome = await page.evaluate(() => globalThis.outcome);
    if (outcome === undefined) throw new Error('the page did not run the script');
    const name = `Chromium ${browser.version()}`;
    if (complaints.length > 0) fail(`FAIL ${name}, page\n${complaints.join('\n')}`);
    judge(`${name}, page`, outcome);
    console.log(`tested on ${name}: ${outcome.passed} passed (page, bundled)`);
  } finally {
    clearTimeout(tooLong);
    await browser.close();
  }
}

function judge(where, { passed, failed }) {
  for (const { name, error } of failed) fail(`FAIL ${where}: ${name}\n${error}`);
  if (passed + failed.length === 0) fail(`FAIL ${where}: no check ran`);
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
