// webStore in headless Chromium, with two tabs that are closed, reloaded and crash.
// `node run.mjs [part of a name]`, after a build. A machine without Chromium is told of and left out.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { platforms, playwright } from '../everywhere/platforms.mjs';
import { checks } from './checks.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const LONGEST_MS = 90_000;

const library = await browserLibrary();
if (library !== undefined) {
  const { path, chromium } = library;
  const server = await serve(await bundled());
  // One process for each tab, so that a tab can hang alone.
  const args = ['--disable-features=ProcessPerSiteUpToMainFrameThreshold'];
  const browser = await chromium.launch({ executablePath: path, timeout: LONGEST_MS, args });
  try {
    await runAll(browser, server);
  } finally {
    await browser.close();
    server.close();
  }
}

async function runAll(browser, server) {
  const url = `http://127.0.0.1:${server.address().port}/`;
  const silence = async () => {
    const [response] = await once(server, 'silence');
    return () => response.end();
  };
  let passed = 0;
  const only = process.argv[2] ?? '';
  for (const [name, check] of Object.entries(checks).filter(([one]) => one.includes(only))) {
    const started = performance.now();
    const context = await browser.newContext();
    context.setDefaultTimeout(30_000);
    const notes = [];
    const complaints = [];
    await context.exposeBinding('note', (_, what) => void notes.push(what));
    const open = async () => {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
      await page.goto(`${url}?db=jobs`);
      return page;
    };
    try {
      const more = await Promise.race([
        check(open, notes, silence),
        new Promise((_, reject) =>
          setTimeout(reject, LONGEST_MS, new Error('takes too long')).unref(),
        ),
      ]);
      if (complaints.length > 0) throw new Error(`a tab complains:\n${complaints.join('\n')}`);
      passed++;
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`ok   ${name}: ${seconds} s${more === undefined ? '' : `, ${more}`}`);
    } catch (error) {
      console.error(`FAIL ${name}\n${error.stack}`);
      process.exitCode = 1;
    } finally {
      await context.close();
    }
  }
  if (passed === 0) process.exitCode = 1;
  console.log(`tested: webStore in Chromium ${browser.version()}: ${passed} checks`);
}

async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'page.mjs')],
    bundle: true,
    tsconfigRaw: {}, // the built package, and not the source
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

async function serve(script) {
  const server = createServer((request, response) => {
    if (request.url === '/silence') {
      server.emit('silence', response);
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(request.url.startsWith('/?') ? `<!doctype html><script>${script}</script>` : '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function browserLibrary() {
  try {
    const path = await platforms.find(({ page }) => page).program();
    return { path, chromium: (await playwright()).chromium };
  } catch (error) {
    console.log(`left out: webStore in two tabs: ${error.message}`);
    return undefined;
  }
}
