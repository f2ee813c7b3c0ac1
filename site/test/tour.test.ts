/** The tour: its programs print what its pages say, and its pictures are those of today's code. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pictures } from '../tour/pictures.js';

const site = fileURLToPath(new URL('..', import.meta.url));
const programs = ['1-naive', '1-errors', '2-hangs', '3-shutdown', '4-crash', '5-service'];
/** Programs as bundles, which start faster than sources. */
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'systole-tour-'));
  const src = join(site, '../src');
  await build({
    entryPoints: programs.map((name) => join(site, `tour/${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // A ledger knows activities by the names of their functions.
    keepNames: true,
    alias: { 'systole/node': join(src, 'node.ts'), systole: join(src, 'index.ts') },
    logLevel: 'silent',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const page = (name: string): Promise<string> =>
  readFile(join(site, `pages/tour/${name}.md`), 'utf8');

/** What a page says that its programs print, in order. */
async function outputs(name: string): Promise<string[]> {
  const blocks = (await page(name)).matchAll(/^```text\n(.*?)^```$/gms);
  return [...blocks].map(([, output = '']) => output);
}

/** What a program wrote to stdout, although it was killed. */
async function printed(name: string, args: string[] = [], cwd = folder): Promise<string> {
  const done = promisify(execFile)(process.execPath, [join(folder, `${name}.mjs`), ...args], {
    cwd,
  });
  const { stdout } = await done.catch((error: unknown) => {
    const { signal, stdout } = error as { signal?: string; stdout: string };
    if (signal !== 'SIGKILL') throw error;
    return { stdout };
  });
  return stdout;
}

test('1. ten naive lines insert two names twice, and the activity none', async () => {
  const [naive, activity] = await outputs('1-errors');
  expect(await printed('1-naive')).toBe(naive);
  expect(await printed('1-errors')).toBe(activity);
});

test('2. the import survives a hang', async () => {
  expect([await printed('2-hangs')]).toEqual(await outputs('2-hangs'));
});

test('3. the import stops between two names', async () => {
  expect([await printed('3-shutdown')]).toEqual(await outputs('3-shutdown'));
});

test('4. the second process does the rest', async () => {
  const cwd = await mkdtemp(join(folder, 'crash-'));
  const said = [await printed('4-crash', ['--crash'], cwd), await printed('4-crash', [], cwd)];
  expect(said).toEqual(await outputs('4-crash'));
});

describe('5. the tests of the page pass', async () => {
  await import('../tour/5-tests.test.js');
});

test('5. the service answers, and stops when it is told to', async () => {
  const port = await freePort();
  const cwd = await mkdtemp(join(folder, 'service-'));
  const service = spawn(process.execPath, [join(folder, '5-service.mjs')], {
    cwd,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(service, 'exit');
  const ask = async (): Promise<string> => {
    for (;;) {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/people`);
        return await response.text();
      } catch (error) {
        if (service.exitCode !== null) throw error; // else it does not listen yet
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const [first, second] = await Promise.all([ask(), ask()]);
  expect([first]).toEqual(await outputs('5-tests'));
  expect(second).toBe(first);
  service.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('5. after a crash, the service continues by itself', async () => {
  const cwd = await mkdtemp(join(folder, 'recover-'));
  const start = async (until: string, asks: boolean): Promise<string> => {
    const port = await freePort();
    const service = spawn(process.execPath, [join(folder, '5-service.mjs')], {
      cwd,
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 30_000,
    });
    const exited = once(service, 'exit');
    let said = '';
    const asking = setInterval(() => {
      if (asks && said === '') fetch(`http://127.0.0.1:${port}/people`).catch(() => {});
    }, 50);
    for await (const text of service.stdout) {
      said += String(text);
      if (said.includes(until)) service.kill('SIGKILL');
    }
    clearInterval(asking);
    await exited;
    return said;
  };
  expect(await start('alan', true)).toBe('ada\nalan\n');
  const rest = await start('tony', false);
  expect(rest).toMatch(/^(alan\n)?barbara\nedsger\ngrace\ntony\n$/);
});

describe('every picture is drawn by the code of today, and its page shows it', () => {
  // If this fails, run `npx tsx site/tour/pictures.ts` and look at the pictures.
  test.each(Object.entries(pictures))('%s', async (file, draw) => {
    const name = file.replace('.svg', '');
    expect(await readFile(join(site, 'pages/tour', file), 'utf8')).toBe(await draw());
    expect(await page(name)).toMatch(new RegExp(`!\\[[^\\]]{40,}\\]\\(${name}\\.svg\\)`));
  });
});

test('the tour has five pages, each with a picture', async () => {
  const files = await readdir(join(site, 'pages/tour'));
  const pages = files.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -3));
  expect(pages.sort()).toEqual(Object.keys(pictures).map((file) => file.slice(0, -4)));
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
