// Tests the built site in a headless Chromium, and makes the screenshots: `node scripts/browser.mjs
// [--screenshots]`. Without a Chromium it says so and passes.
import { readFile, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { platforms } from '../../test/hosts/everywhere/platforms.mjs';

const site = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(site, '.vitepress/dist');
const screenshots = process.argv.includes('--screenshots');
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What Node made of each ready scene. */
const expected = JSON.parse(await readFile(join(site, '.vitepress/generated/scenes.json'), 'utf8'));

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

let executablePath;
try {
  executablePath = await platforms.find(({ page }) => page === true).program();
} catch (error) {
  console.log(`left out: the site in Chromium: ${error.message}`);
  process.exit(0);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const path = normalize(decodeURIComponent(pathname)).replace(/\/$/, '/index.html');
  try {
    const content = await readFile(join(dist, path));
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
    response.end(content);
  } catch {
    response.statusCode = 404;
    response.end('no such file');
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

/** Another host, which must never be asked for anything. */
const asked = [];
const foreign = createServer(({ url }, response) => {
  asked.push(url);
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('content-type', 'text/javascript');
  response.end('1');
});
await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
const elsewhere = `http://127.0.0.1:${foreign.address().port}`;

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const problems = [];
let passed = 0;

/** A page that notes what it should not do. */
async function open(path, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(message.text());
  });
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) page.complaints.push(`asks ${url}`);
  });
  await page.goto(origin + path);
  return page;
}

const only = process.argv.find((one) => one.startsWith('--only='))?.slice(7) ?? '';

/** @param allowed complaints that are part of the test */
async function test(name, path, options, check, allowed = /^$/) {
  if (!name.includes(only)) return;
  let page;
  try {
    page = await open(path, options);
    await check(page);
    assert.deepEqual(
      page.complaints.filter((one) => !allowed.test(one)),
      [],
    );
    passed++;
  } catch (error) {
    problems.push(`FAIL ${name}\n${error.stack}`);
  } finally {
    await page?.context().close();
  }
}

const summaryOf = (page) => page.locator('.summary');
const activityOf = (page) => page.getByLabel('The activity, in JavaScript');

/** The summary once the scene has ended. */
async function ended(page, pattern = /./) {
  const summary = summaryOf(page);
  await summary.filter({ hasText: pattern }).filter({ hasNotText: 'Running …' }).waitFor();
  return summary.textContent();
}

async function seriousIn(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

for (const [name, { title, summary, text, test: code }] of Object.entries(expected)) {
  await test(
    `the scene ${name}`,
    `/#scene=${name}`,
    { viewport: { width: 1100, height: 1400 } },
    async (page) => {
      await page.locator('.playground iframe').waitFor({ state: 'attached' });
      assert.equal(await ended(page), summary);
      assert.equal(await page.getByLabel('The timeline as text').textContent(), text);
      assert.equal(await page.getByLabel('The scene as a test').textContent(), code);
      const pressed = page.locator('.scenes [aria-pressed=true]');
      assert.equal(await pressed.textContent().then((one) => one.trim()), title);
      assert.ok(await page.locator('.picture svg .bar').count());
      if (screenshots) {
        await mkdir(join(site, 'screenshots'), { recursive: true });
        await page.waitForFunction(() => document.getAnimations().length === 0);
        await page.waitForTimeout(1_600); // the picture is drawn from left to right
        const path = join(site, 'screenshots', `${name}.png`);
        await page.locator('.playground').screenshot({ path });
      }
    },
  );
}

await test(
  'the first scene is there before anything runs',
  '/',
  { javaScriptEnabled: false },
  async (page) => {
    assert.equal(await page.locator('.picture img').getAttribute('alt'), expected.resume.text);
    assert.ok(await page.locator('.picture img').evaluate((img) => img.naturalWidth > 0));
  },
);

await test('an edit runs the scene again', '/', {}, async (page) => {
  const code = activityOf(page);
  await code.fill((await code.inputValue()).replace('row < 6', 'row < 4'));
  assert.match(await ended(page, /4 rows/), /^Completed after 2 attempts/);
  assert.match(page.url(), /#scene=1\./);
});

await test('a mistake is shown with its line, and can be corrected', '/', {}, async (page) => {
  const code = activityOf(page);
  const good = await code.inputValue();
  await code.fill(good.replace('while (', 'while '));
  await ended(page, /could not be run/);
  assert.match(await page.locator('ul.problem').textContent(), /Line 3: Unexpected token/);
  assert.equal(await page.locator('.numbers .wrong').textContent(), '✗ 3');
  assert.equal(await code.getAttribute('aria-invalid'), 'true');
  await code.fill(good.replace('world.step(', 'world.stop('));
  await ended(page, /^Failed/);
  assert.match(await page.locator('ul.problem').textContent(), /Line 4: .*stop is not a function/);
  await code.fill(good);
  assert.equal(await ended(page, /6 rows/), expected.resume.summary);
  assert.equal(await page.locator('ul.problem').count(), 0);
});

await test(
  'a loop without end is stopped, and the page answers meanwhile',
  '/',
  {},
  async (page) => {
    await activityOf(page).fill('async function work(ctx) {\n  while (true);\n}\n');
    await summaryOf(page).filter({ hasText: 'Running' }).waitFor();
    await page.getByText('The same as text').click({ timeout: 2_500 }); // before it is stopped
    assert.ok(await page.getByLabel('The timeline as text').isVisible());
    assert.match(await ended(page, /Stopped/), /kept its thread busy for 3 seconds/);
    await page.getByRole('button', { name: 'A hang' }).click();
    assert.equal(await ended(page, /6 rows/), expected.hang.summary);
  },
);

await test('a loop of promises without end is stopped too', '/', {}, async (page) => {
  await activityOf(page).fill('async function work() {\n  for (;;) await null;\n}\n');
  assert.match(await ended(page, /Stopped/), /busy for 3 seconds/);
});

await test(
  'the code reaches no network, no storage and no page',
  '/',
  {},
  async (page) => {
    await activityOf(page).fill(`async function work(ctx) {
  const reach = async (what, use) => {
    try {
      await use();
      console.log(what + ' was reached');
    } catch (error) {
      console.log(what + ': ' + error.name);
    }
  };
  await reach('fetch', () => fetch('${elsewhere}/fetch'));
  await reach('own', () => fetch('${origin}/index.html'));
  await reach('import', () => import('${elsewhere}/import'));
  await reach('scripts', () => importScripts('${elsewhere}/scripts'));
  await reach('storage', () => indexedDB.open('a').readyState);
  await reach('caches', () => caches.open('a'));
  await reach('page', () => document.title);
  await reach('socket', () => new Promise((done, fail) => {
    const socket = new WebSocket('${elsewhere}/socket'.replace('http', 'ws'));
    socket.onerror = () => fail(new TypeError('closed'));
    socket.onopen = done;
  }));
}`);
    await ended(page, /^Completed|^Timed out|still open|Stopped/);
    const printed = await page.getByLabel('What the code printed').textContent();
    assert.doesNotMatch(printed, /reached/);
    assert.deepEqual(asked, []);
    assert.match(
      printed,
      /fetch: TypeError\nown: TypeError\nimport: TypeError\nscripts: NetworkError/,
    );
  },
  /Content Security Policy|^asks http:|Failed to load resource|net::ERR|violates/,
);

await test('a link holds the whole scene', '/#scene=cancel', {}, async (page) => {
  await ended(page);
  await page.getByLabel('after seconds').fill('0.7');
  await page.getByLabel('The options of the call').fill("{ activityId: 'it\\'s ♥' }");
  await ended(page, /after 1 attempt/);
  await page.waitForFunction(() => location.hash.startsWith('#scene=1.'));
  await page.getByRole('button', { name: 'Copy a link to this scene' }).click();
  await page.getByText('Copied.').first().waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  const other = await open(link.slice(origin.length));
  await ended(other);
  assert.equal(
    await other.getByLabel('The options of the call').inputValue(),
    "{ activityId: 'it\\'s ♥' }",
  );
  assert.equal(await other.getByLabel('after seconds').inputValue(), '0.7');
  assert.deepEqual(other.complaints, []);
  await other.evaluate(() => (location.hash = '#scene=stall'));
  assert.equal(await ended(other, /stopped\./), expected.stall.summary);
  await other.context().close();
});

await test('a broken link says so', '/#scene=1.abc', {}, async (page) => {
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').textContent(), /could not be followed.*not complete/);
});

await test('all of it can be done with the keyboard', '/', {}, async (page) => {
  const focused = () =>
    page.evaluate(() => {
      const { id, textContent, ariaLabel } = document.activeElement;
      return id || ariaLabel || textContent.trim();
    });
  const tabTo = async (what) => {
    for (let tabs = 0; tabs < 80; tabs++) {
      await page.keyboard.press('Tab');
      if ((await focused()) === what) return;
    }
    assert.fail(`no ${what} after 80 tabs`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to content');
  await tabTo('A zombie');
  await page.keyboard.press('Enter');
  assert.equal(await ended(page, /6 rows/), expected.zombie.summary);
  await tabTo('activity');
  await page.keyboard.press('Tab'); // a code field does not keep the focus
  assert.notEqual(await focused(), 'activity');
  await tabTo('Remove: A step is slow');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.id === 'new-happening');
  assert.match(await ended(page, /after 1 attempt/), /6 rows/);
  await page.keyboard.press('ArrowDown'); // a step hangs
  await tabTo('Add');
  await page.keyboard.press('Enter');
  assert.match(await ended(page, /after 2 attempts/), /6 rows/);
});

await test(
  'without motion nothing moves',
  '/#scene=hang',
  { reducedMotion: 'reduce' },
  async (page) => {
    await ended(page);
    const moving = await page.evaluate(
      () =>
        document.querySelector('.picture div').shadowRoot.querySelector('svg').getAnimations()
          .length,
    );
    assert.equal(moving, 0);
  },
);

await test(
  'with motion the picture is drawn from left to right',
  '/#scene=hang',
  {},
  async (page) => {
    await ended(page);
    await page.waitForFunction(
      () =>
        document.querySelector('.picture div').shadowRoot.querySelector('svg').getAnimations()
          .length === 1,
    );
  },
);

await test('the search finds a page', '/docs/', {}, async (page) => {
  await page.getByRole('button', { name: 'Search' }).first().click();
  await page.getByRole('searchbox').fill('throttle');
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
});

await test('code shows its types', '/docs/heartbeat.html', {}, async (page) => {
  const popup = page.locator('.type-popup');
  await page.locator('.language-ts [data-type]').filter({ hasText: 'heartbeat' }).first().hover();
  await popup.filter({ hasText: 'ActivityContext' }).waitFor();
  await popup.hover(); // it stays, so that it can be read and selected
  await page.waitForTimeout(300);
  assert.ok(await popup.isVisible());
  assert.deepEqual(await seriousIn(page), []);
  await page.keyboard.press('Escape');
  assert.ok(await popup.isHidden());
});

await test(
  'a page that is missing says so',
  '/no/such/page.html',
  {},
  async (page) => {
    assert.equal(await page.locator('body').textContent(), 'no such file');
  },
  /404/,
);

const looked = [
  '/',
  '/#scene=crash',
  '/tour/1-errors.html',
  '/tour/5-tests.html',
  '/readme.html',
  '/docs/',
  '/docs/heartbeat.html',
  '/docs/concepts.html',
  '/examples.html',
  '/reference/systole/interfaces/ActivityOptions.html',
  '/changelog.html',
];
for (const path of looked) {
  for (const colorScheme of ['light', 'dark']) {
    await test(
      `axe: ${path}, ${colorScheme}`,
      path,
      { colorScheme, reducedMotion: 'reduce' },
      async (page) => {
        await page.waitForLoadState('networkidle');
        if (path.startsWith('/#')) await ended(page);
        await page.evaluate(() =>
          document.querySelectorAll('details').forEach((one) => (one.open = true)),
        );
        assert.deepEqual(await seriousIn(page), []);
      },
    );
  }
}

for (const problem of problems) console.error(problem);
console.log(
  `tested the site in Chromium ${browser.version()}: ${passed} passed, ${problems.length} failed`,
);
await browser.close();
server.close();
foreign.close();
process.exitCode = problems.length > 0 ? 1 : 0;
