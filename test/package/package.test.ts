import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { packagesIn } from '../../scripts/licenses.js';
import {
  dependencyBudget,
  dependencySize,
  entrySize,
  importBudget,
  sizeBudget,
} from '../../scripts/size.js';
import { carried, entries, esmOnly } from '../../tsup.config.js';

interface Conditions {
  types: string;
  default: string;
}

const dist = inject('dist');
const manifest = JSON.parse(await readFile('package.json', 'utf8')) as {
  exports: Record<string, string | { import: Conditions; require: Conditions }>;
  dependencies: Record<string, string>;
  typesVersions: Record<string, Record<string, string[]>>;
};
const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');

test('every entry of the build is exported, with separate types for import and require', () => {
  const expected = Object.keys(entries).map((name) => [
    name === 'index' ? '.' : `./${name}`,
    {
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    },
  ]);
  expect(manifest.exports).toEqual({
    ...Object.fromEntries(expected),
    './package.json': './package.json',
  });
});

test('a compiler that ignores exports finds the types of every entry', () => {
  const expected = Object.keys(entries)
    .filter((name) => name !== 'index')
    .map((name) => [name, [`./dist/${name}.d.cts`]]);
  const types: unknown = Object.fromEntries(expected);
  expect(manifest.typesVersions).toEqual({ '*': types });
});

test.skipIf(!existsSync('src/index.ts'))('systole stays within its size budget', async () => {
  const { gzipped } = await entrySize();
  expect(gzipped).toBeLessThanOrEqual(sizeBudget);
  expect((await dependencySize()).gzipped).toBeLessThanOrEqual(dependencyBudget);
});

describe.skipIf(dist === 'no source')('the build', () => {
  beforeAll(() => {
    if (dist !== 'built') throw new Error(`dist could not be built: ${dist}`);
  });

  test.each(subpaths)('%s exports the same names to import and require', async (path) => {
    const name = path.replace('.', 'systole');
    const [esm, cjs] = await Promise.all([
      names('module', `import * as entry from '${name}';`),
      names('commonjs', `const entry = require('${name}');`),
    ]);
    expect(esm.length).toBeGreaterThan(0);
    expect(cjs).toEqual(esm);
  });

  test.each(['module', 'commonjs'] as const)(
    'shows its own lines in the stacks of a %s',
    async (type) => {
      const load =
        type === 'module'
          ? `import { runActivity } from 'systole';`
          : `const { runActivity } = require('systole');`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        `--input-type=${type}`,
        '--eval',
        `${load}
      const once = { retryPolicy: { maximumAttempts: 1 } };
      const hangs = () => new Promise(() => {});
      async function awaits() { await runActivity(hangs, { ...once, startToCloseTimeout: 1 }); }
      async function beats() { await runActivity((ctx) => ctx.heartbeat([hangs]), once); }
      async function misspells() { await runActivity(hangs, { heartbeatTimout: 1 }); }
      const second = ({ stack }) => stack.split('\\n')[1].trim();
      (async () => {
        const lines = [];
        await awaits().catch((error) => lines.push(second(error), second(error.cause)));
        await beats().catch((error) => lines.push(second(error), second(error.cause)));
        await misspells().catch((error) => lines.push(second(error)));
        console.log(JSON.stringify(lines));
      })();`,
      ]);
      expect(JSON.parse(stdout)).toEqual([
        expect.stringMatching(/^at async awaits /),
        expect.stringMatching(/^at async awaits /),
        expect.stringMatching(/^at async beats /),
        expect.stringMatching(/eval/),
        expect.stringMatching(/^at misspells /),
      ]);
    },
  );

  test.each(subpaths)('names its classes as it exports them in %s', async (path) => {
    const name = path.replace('.', 'systole');
    const entry = (await import(pathToFileURL(join('dist', fileOf(path))).href)) as object;
    const classes = Object.entries(entry).filter(([, it]) => /^class\b/.test(String(it)));
    expect(classes.map(([, it]) => (it as { name: string }).name)).toEqual(
      classes.map(([exported]) => exported),
    );
    if (name === 'systole') expect(classes.length).toBeGreaterThan(10);
  });

  test('has CommonJS code as it was written: no helper for ?. and ??', async () => {
    const { texts } = await filesRead(join('dist', 'index.cjs'));
    const read = [...texts.values()].join('');
    expect(read).not.toMatch(/_optionalChain|_nullishCoalesce/);
    expect(read).toMatch(/\?\.\w/);
    expect(read).toMatch(/ \?\? /);
  });

  test('keeps the class names of our failures in a minified program', async () => {
    const code = `
      import { ActivityRuntime, ApplicationFailure } from 'systole';
      const runtime = new ActivityRuntime({ logger: false });
      let calls = 0;
      const fn = () => { calls++; throw new ApplicationFailure('no'); };
      const retryPolicy = { initialInterval: 1, maximumAttempts: 3, nonRetryableErrorTypes: ['ApplicationFailure'] };
      runtime.run(fn, { retryPolicy }).catch(() => console.log(calls));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      await bundle(code, true),
    ]);
    expect(stdout).toBe('1\n');
  });

  test('has an ES module that carries no dependency and imports each of them', async () => {
    expect(await packagesIn('dist', /(?<!c)js\.map$/)).toEqual(carried);
    const { packages } = await filesRead(join('dist', 'index.js'));
    expect([...packages].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  test('has CommonJS that carries the dependencies it cannot load and requires the others', async () => {
    expect(await packagesIn('dist')).toEqual(expect.arrayContaining(esmOnly));
    const { packages } = await filesRead(join('dist', 'index.cjs'));
    const loadable = Object.keys(manifest.dependencies).filter((name) => !esmOnly.includes(name));
    expect([...packages].sort()).toEqual(loadable.sort());
    expect(await packagesIn('dist')).not.toEqual(expect.arrayContaining([...packages]));
  });

  test.each(['js', 'cjs'] as const)(
    'an import stays within its budget of files and bytes: %s',
    async (extension) => {
      const { texts: read } = await filesRead(join('dist', `index.${extension}`));
      const bytes = [...read.values()].reduce((sum, text) => sum + text.length, 0);
      expect(read.size).toBeLessThanOrEqual(importBudget.files);
      expect(bytes).toBeLessThanOrEqual(importBudget.bytes[extension]);
      // Or the counting has missed what is needed most.
      expect([...read.values()].some((text) => runtimeClass.test(text))).toBe(true);
    },
  );

  test('a program that uses one failure class does not contain the runtime', async () => {
    const whole = await bundle(`import * as systole from 'systole'; globalThis.systole = systole;`);
    const part = await bundle(
      `import { ApplicationFailure } from 'systole'; globalThis.Failure = ApplicationFailure;`,
    );
    expect(whole).toMatch(runtimeClass);
    expect(part).not.toMatch(runtimeClass);
  });
});

const runtimeClass = /class _?ActivityRuntime\b|ActivityRuntime\d* = class/;

/** The texts of a script and of our own that it loads at its start, by path, and the packages. */
async function filesRead(path: string) {
  const texts = new Map<string, string>();
  const packages = new Set<string>();
  const loads = /^(?:import\b|\} from\b|var \w+ = require\(|require\().*?(['"])([^'"]+)\1/gm;
  const read = async (file: string): Promise<void> => {
    if (texts.has(file)) return;
    const text = await readFile(file, 'utf8');
    texts.set(file, text);
    for (const [, , name = ''] of text.matchAll(loads)) {
      if (name.startsWith('.')) await read(join(dirname(file), name));
      else packages.add(name);
    }
  };
  await read(path);
  return { texts, packages };
}

function fileOf(path: string): string {
  const conditions = manifest.exports[path];
  if (typeof conditions !== 'object') throw new Error(`${path} is not exported`);
  return conditions.import.default.replace('./dist/', '');
}

/** The names of an entry, as a new process that finds the package by its own name sees them. */
async function names(type: 'module' | 'commonjs', load: string): Promise<string[]> {
  const print = `console.log(JSON.stringify(Object.keys(entry).sort()));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    `--input-type=${type}`,
    '--eval',
    load + print,
  ]);
  return JSON.parse(stdout) as string[];
}

async function bundle(contents: string, minify = false): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
