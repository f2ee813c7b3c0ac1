/** The shape of the documents: how long they are, what each page has, and where links lead. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import { OPTIONS } from '../../src/runtime/options/table.js';
import { RUNTIME_OPTION_NAMES } from '../../src/runtime/options/check-runtime.js';
import { pictures } from '../../scripts/pictures.js';
import { codeBlocks, pages } from '../support/markdown.js';

const read = (file: string): Promise<string> => readFile(file, 'utf8');
const all = await pages();
/** Pages to look things up in, or to compare: each of another shape. */
const LOOK_UP = /^docs\/(README|concepts|performance|troubleshooting|from-[\w-]+)\.md$/;
const topics = all.filter((page) => !LOOK_UP.test(page));

/** Without what stands in code blocks. */
const headings = (markdown: string): string[] =>
  markdown
    .replaceAll(/^```.*?^```$/gms, '')
    .split('\n')
    .flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);

/** As GitHub makes them. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

test('the README has at most 220 lines, and no page has more than 500', async () => {
  const lengths = await Promise.all(
    ['README.md', ...all].map(async (page) => {
      return { page, lines: (await read(page)).split('\n').length - 1 };
    }),
  );
  const tooLong = lengths.filter(({ page, lines }) => lines > (page === 'README.md' ? 220 : 500));
  expect(tooLong).toEqual([]);
});

describe('every page has the same skeleton', () => {
  test.each(topics)('%s', async (page) => {
    const markdown = await read(page);
    const [title, ...sections] = headings(markdown);
    expect(markdown.startsWith(`# ${title}\n\n`)).toBe(true);
    expect(markdown).toMatch(/^# .*\n\n[A-Z`].*[.:]\n/); // what it is
    const [program] = codeBlocks(markdown);
    const options = markdown.search(/^## Options/m);
    expect(program, 'a program').toBeDefined();
    expect(options, 'a section of options').toBeGreaterThan(0);
    const firstLine = markdown.slice(0, options).split('\n').length;
    expect(program!.line, 'the program comes before the options').toBeLessThan(firstLine);
    expect(sections.slice(-2).join(), 'what comes last').toBe('What goes wrong,How to test it');
  });
});

test('every link leads to a file, and every anchor to a heading', async () => {
  const broken: string[] = [];
  const documents = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...all];
  for (const file of documents) {
    for (const [, link = '', hash] of (await read(file)).matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      if (link.includes(':')) continue;
      const target = link === '' ? file : posix.join(posix.dirname(file), link);
      if (!existsSync(target)) broken.push(`${file}: ${link}`);
      else if (
        hash !== undefined &&
        !headings(await read(target))
          .map(anchor)
          .includes(hash)
      ) {
        broken.push(`${file}: ${link}#${hash}`);
      }
    }
  }
  expect(broken).toEqual([]);
});

test('every picture that is not linked exists, and none is left over', async () => {
  const named: string[] = [];
  for (const file of all) {
    const text = await read(file);
    for (const [, source = ''] of text.matchAll(/<img src="([^":]+)"/g)) {
      named.push(posix.join(posix.dirname(file), source));
    }
  }
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
  const made = (await readdir('docs/pictures')).map((name) => `docs/pictures/${name}`);
  expect(made.filter((file) => !named.includes(file))).toEqual([]);
});

test('docs/README.md and llms.txt list every page', async () => {
  const linked = async (file: string): Promise<string[]> => {
    const links = (await read(file)).matchAll(/\]\(([^)#:]+\.md)[^)]*\)/g);
    return [...links].map(([, link]) => posix.join(posix.dirname(file), link!));
  };
  const index = await linked('docs/README.md');
  expect(all.filter((page) => page !== 'docs/README.md' && !index.includes(page))).toEqual([]);
  const listed = await linked('llms.txt');
  expect(all.filter((page) => !listed.includes(page))).toEqual([]);
  expect(listed.filter((page) => !existsSync(page))).toEqual([]);
});

test('llms.txt names every entry of the package', async () => {
  const { exports } = JSON.parse(await read('package.json')) as { exports: object };
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  const [intro = ''] = (await read('llms.txt')).split('\n## ');
  const missing = entries.filter((entry) => !intro.includes(`\`systole${entry.slice(1)}\``));
  expect(missing).toEqual([]);
});

test('docs/options.md has a row for every option', async () => {
  const rows = await read('docs/options.md');
  const names = ['args', 'activityId', 'signal', ...OPTIONS.map(({ name }) => name)];
  const missing = [...names, ...RUNTIME_OPTION_NAMES.known].filter(
    (name) => !rows.includes(`| \`${name}\``),
  );
  expect(missing).toEqual([]);
});

test('docs/observability.md has a row for every event', async () => {
  const rows = (await read('docs/observability.md')).match(/^\| `.*?\|/gm)?.join() ?? '';
  expect(EVENT_NAMES.filter((name) => !rows.includes(`\`${name}\``))).toEqual([]);
});

describe('every picture is drawn by the code of today, and a page shows it', () => {
  // If this fails, run `npx tsx scripts/pictures.ts` and look at the pictures.
  test.each(Object.entries(pictures))('%s', async (file, draw) => {
    expect(await read(file)).toBe(await draw());
    const documents = await Promise.all(['README.md', ...all].map(read));
    const name = posix.basename(file);
    expect(
      documents.filter((text) => text.includes(`/${name})`) || text.includes(`(${name})`)),
    ).not.toEqual([]);
  });
});

test('the README, the docs and the code have the same drawing of the phases', async () => {
  const files = ['README.md', 'docs/concepts.md', 'src/runtime/activity/state.ts'];
  const drawings = await Promise.all(
    files.map(async (file) => {
      const lines = (await read(file)).split('\n').map((line) => line.replace(/^ \* {2}/, ''));
      const first = lines.findIndex((line) => line.startsWith(' SCHEDULED ──▶'));
      return lines.slice(first, first + 5).map((line) => line.slice(0, 41).trimEnd());
    }),
  );
  expect(drawings[0]!.at(-1)).toMatch(/^ {2}PAUSED ◀/);
  expect(drawings).toEqual(files.map(() => drawings[0]));
});

test('the picture in the README tells the same as the output of its first program', async () => {
  const readme = await read('README.md');
  const drawn = await read('docs/first-run.svg');
  expect(readme).toContain('](docs/first-run.svg)');
  const output = codeBlocks(readme)[0]?.output ?? '';
  const attempts = (text: string, pattern: RegExp): (string | undefined)[] =>
    [...text.matchAll(pattern)].map(([, attempt]) => attempt);
  expect(attempts(drawn, /<title>attempt (\d)/g)).toEqual(attempts(output, /^attempt (\d)/gm));
  expect(attempts(drawn, /♥ [\d.]+ m?s {&quot;line&quot;:(\d)}/g)).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '6',
  ]);
});
