// The page of systole/inspect in headless Chromium, served by the built package.
// `node run.mjs [--screenshots]`, after a build. A machine without Chromium is told of and left out.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { platforms, playwright } from '../everywhere/platforms.mjs';
import { checks } from './checks.mjs';
import { screenshots } from './screenshots.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const LONGEST_MS = 180_000;
const TOKEN = 'a-token-for-the-tests-of-the-page';

/** Starts the program whose runtime is inspected, on this port if given. */
export async function start(scene, { port = 0, args = [] } = {}) {
  const child = spawn(
    process.execPath,
    ['--expose-gc', join(here, 'program.mjs'), scene, String(port), TOKEN, ...args],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const next = () =>
    new Promise((resolve, reject) => {
      lines.once('line', (line) => resolve(JSON.parse(line)));
      child.once('exit', (code) => reject(new Error(`the program ended with ${code}`)));
    });
  const { url } = await next();
  return {
    url,
    /** Asks the program something, and resolves to its answer. */
    ask: async (what) => {
      const answer = next();
      child.stdin.write(`${what}\n`);
      return answer;
    },
    stop: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

const library = await browserLibrary();
if (library !== undefined) {
  const { path, chromium } = library;
  const browser = await chromium.launch({ executablePath: path, timeout: LONGEST_MS });
  try {
    if (process.argv.includes('--screenshots')) {
      const folder = join(root, 'docs/pictures');
      await mkdir(folder, { recursive: true });
      await screenshots(browser, start, folder);
    } else await runAll(browser);
  } finally {
    await browser.close();
  }
}

async function runAll(browser) {
  let passed = 0;
  const only = process.argv[2] ?? '';
  for (const [name, check] of Object.entries(checks).filter(([one]) => one.includes(only))) {
    const started = performance.now();
    const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const complaints = [];
    const foreign = [];
    page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
    page.on('console', (message) => {
      // Requests that are refused, and a connection that is lost, are what some checks are about.
      if (message.type() === 'error' && !/^Failed to load resource/.test(message.text()))
        complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith('http://127.0.0.1:')) foreign.push(request.url());
    });
    const programs = [];
    const startOne = async (...given) => {
      const program = await start(...given);
      programs.push(program);
      return program;
    };
    try {
      await Promise.race([
        check(page, startOne, context),
        new Promise((_, reject) =>
          setTimeout(reject, LONGEST_MS, new Error('takes too long')).unref(),
        ),
      ]);
      if (complaints.length > 0) throw new Error(`the page complains:\n${complaints.join('\n')}`);
      if (foreign.length > 0) throw new Error(`requests leave the page: ${foreign.join(', ')}`);
      passed++;
      console.log(`ok   ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      console.error(`FAIL ${name}\n${error.stack}`);
      process.exitCode = 1;
    } finally {
      await Promise.all(programs.map((program) => program.stop()));
      await context.close();
    }
  }
  if (passed === 0) process.exitCode = 1;
  console.log(
    `tested: the page of systole/inspect in Chromium ${browser.version()}: ${passed} checks`,
  );
}

async function browserLibrary() {
  try {
    const path = await platforms.find(({ page }) => page).program();
    return { path, chromium: (await playwright()).chromium };
  } catch (error) {
    console.log(`left out: the page of systole/inspect: ${error.message}`);
    return undefined;
  }
}
