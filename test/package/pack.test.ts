/** What `npm publish` would send out. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { entries } from '../../tsup.config.js';

const dist = inject('dist');
const run = promisify(execFile);

describe.skipIf(dist === 'no source')('the packed package', () => {
  let files: string[] = [];
  let docs: { size: number }[] = [];

  beforeAll(async () => {
    if (dist !== 'built') throw new Error(`dist could not be built: ${dist}`);
    // The test must not build what another one reads, so it runs without `prepack`.
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      shell: process.platform === 'win32',
    });
    const [pack] = JSON.parse(stdout) as [{ files: { path: string; size: number }[] }];
    files = pack.files.map(({ path }) => path).sort();
    docs = pack.files.filter(({ path }) => path.startsWith('docs/'));
  }, 60_000);

  test('contains the build and its documentation, and nothing else', () => {
    const names = Object.keys(entries).join('|');
    const meant = [
      /^(README\.md|LICENSE|CHANGELOG\.md|package\.json|dist\/LICENSES\.txt)$/,
      /^bin\/systole\.mjs$/,
      // What the README links to.
      /^(CONTRIBUTING|SECURITY)\.md$|^llms\.txt$|^docs\/(guides\/)?[A-Za-z-]+\.(md|svg)$|^examples\/([a-z]+\/)?[a-z-]+(\.activities)?\.(ts|mjs|py)$/,
      new RegExp(`^dist/(${names})\\.(js|cjs)(\\.map)?$`),
      new RegExp(`^dist/(${names})\\.d\\.(ts|cts)$`),
      // The chunks that entries share.
      /^dist\/chunk-[A-Z0-9]{8}\.(js|cjs)(\.map)?$/,
      /^dist\/[a-z-]+-[\w-]{8}\.d\.(ts|cts)$/,
    ];
    expect(files.filter((file) => !meant.some((pattern) => pattern.test(file)))).toEqual([]);
  });

  test('contains everything that it should', () => {
    const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'llms.txt'];
    // Declarations are not built for tests; attw misses them.
    const scripts = Object.keys(entries).flatMap((name) =>
      ['js', 'js.map', 'cjs', 'cjs.map'].map((extension) => `dist/${name}.${extension}`),
    );
    expect(files).toEqual(expect.arrayContaining([...documents, 'dist/LICENSES.txt', ...scripts]));
  });

  test('has less than 400 kB of docs', () => {
    const bytes = docs.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes).toBeLessThan(400_000);
  });

  describe('is complete for its readers', () => {
    const read = async (file: string): Promise<string> => readFile(file, 'utf8');
    /** CONTRIBUTING.md is about the repository. */
    const documents = (): string[] =>
      files.filter((file) => /\.md$|^llms\.txt$/.test(file) && file !== 'CONTRIBUTING.md');
    /** A file of the package, or a folder of it. */
    const isPacked = (path: string): boolean =>
      files.includes(path) || files.some((file) => file.startsWith(path.replace(/\/?$/, '/')));

    test('no link leads outside the package', async () => {
      const missing: string[] = [];
      let links = 0;
      for (const file of documents()) {
        for (const [, link = ''] of (await read(file)).matchAll(/\]\(([^)#:]+)[^):]*\)/g)) {
          links++;
          if (!isPacked(posix.join(posix.dirname(file), link))) missing.push(`${file}: ${link}`);
        }
      }
      expect(missing).toEqual([]);
      expect(links).toBeGreaterThan(50);
    });

    test('no path is mentioned that exists only in the repository', async () => {
      const missing: string[] = [];
      const path = /(?<![\w/.-])(?:\.ci|bench|dist|docs|examples|scripts|src|test)\/[\w./-]*/g;
      for (const file of documents()) {
        for (const [named] of (await read(file)).matchAll(path)) {
          const inRoot = isPacked(named.replace(/[./]+$/, ''));
          if (!inRoot) missing.push(`${file}: ${named}`);
        }
      }
      expect(missing).toEqual([]);
    });

    test('a command that needs the repository says so', async () => {
      const silent: string[] = [];
      for (const file of documents()) {
        if (file === 'CHANGELOG.md') continue; // it describes the repository too
        for (const paragraph of (await read(file)).split(/\n\n/)) {
          if (!/npm (run|test|ci)\b/.test(paragraph)) continue;
          if (!/\b(clone|repository)\b/.test(paragraph)) silent.push(`${file}: ${paragraph}`);
        }
      }
      expect(silent).toEqual([]);
    });

    test('everything that an example imports is in the package or is a package itself', async () => {
      const missing: string[] = [];
      for (const file of files.filter((it) => it.startsWith('examples/'))) {
        for (const { fileName } of ts.preProcessFile(await read(file), true, true).importedFiles) {
          if (!fileName.startsWith('.')) continue;
          const path = posix.join(posix.dirname(file), fileName).replace(/\.js$/, '.ts');
          if (!isPacked(path)) missing.push(`${file}: ${fileName}`);
        }
      }
      expect(missing).toEqual([]);
    });
  });

  test('has source maps with our sources, and no file reveals where it was built', async () => {
    const wrong: string[] = [];
    for (const file of files.filter((it) => it.startsWith('dist/'))) {
      const text = await readFile(file, 'utf8');
      if (text.includes(process.cwd())) wrong.push(`${file} names the folder of the build`);
      if (!file.endsWith('.map')) continue;
      const map = JSON.parse(text) as { sources: string[]; sourcesContent?: (string | null)[] };
      map.sources.forEach((source, i) => {
        if (!/^[^/\\:]+$|^(\.\.\/)+(src|.*\bnode_modules)\//.test(source)) {
          wrong.push(`${file} points to ${source}`);
        }
        if (/^(\.\.\/)+src\//.test(source) && typeof map.sourcesContent?.[i] !== 'string') {
          wrong.push(`${file} lacks ${source}`);
        }
      });
    }
    expect(wrong).toEqual([]);
  });

  test('runs no script when it is installed', async () => {
    const manifest = JSON.parse(await readFile('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const names = Object.keys(manifest.scripts);
    expect(names.filter((name) => /^(pre|post)?(install|uninstall|prepare)$/.test(name))).toEqual(
      [],
    );
  });
});
