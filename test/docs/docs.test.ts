/**
 * The code of the README and of docs.
 *
 * Every ```ts block is compiled. A block whose first line is `// name.ts` is that file, and other
 * blocks of the same page import it from './name.js'. A block that imports from 'vitest' is run as
 * tests. One that a ```text block follows is a program, and prints that.
 *
 * `// name.naive.ts` is code as one would write it at first. The tests of the same page are run on
 * it in place of name.ts: at least one of them must fail, and the ```text block that follows shows
 * what they say.
 *
 * A first line with "not run here" means that a block is only compiled; with "not compiled here",
 * not even that. Documents in `IN_PIECES` are only compiled too, and may use what is not there.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchers } from '../../src/testing/matchers.js';
import {
  bundlePrograms,
  codeBlocks,
  compile,
  pages,
  runProgram,
  type CodeBlock,
} from '../support/markdown.js';
import { verdicts } from '../support/recorded-tests.js';

// Inside the project, so that `systole` and the compiler options are the project's own.
const folder = fileURLToPath(new URL('.docs/', import.meta.url));
/** Whose code is in pieces: it names and imports files and packages that the reader has. */
const IN_PIECES = ['docs/temporal.md'];

/** The compiler's: cannot find a name, a module, or a test framework's `test`. */
const NOT_THERE = [2304, 2307, 2582, 2593];

const recordedTests = fileURLToPath(new URL('../support/recorded-tests.js', import.meta.url));

interface Example extends CodeBlock {
  /** Such as `docs/testing.md`. */
  readonly doc: string;
  /** Such as `docs/testing.md:120`. */
  readonly place: string;
  readonly file: string;
  readonly kind: 'module' | 'tests' | 'program' | 'naive' | 'not run' | 'not compiled';
}

function kindOf(doc: string, { code, output }: CodeBlock): Example['kind'] {
  if (IN_PIECES.includes(doc)) return 'not run';
  const [first = ''] = code.split('\n');
  if (/^\/\/.*not compiled here/.test(first)) return 'not compiled';
  if (/^\/\/.*not run here/.test(first)) return 'not run';
  if (/^\/\/ \S+\.naive\.ts$/.test(first)) return 'naive';
  if (/ from 'vitest';$/m.test(code)) return 'tests';
  return output === undefined ? 'module' : 'program';
}

function slug(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

const examples: Example[] = [];
for (const doc of ['README.md', ...(await pages())]) {
  for (const block of codeBlocks(await readFile(doc, 'utf8'))) {
    const name = /^\/\/ (\S+)\.ts$/m.exec(block.code.split('\n')[0]!)?.[1] ?? `line-${block.line}`;
    // Not *.test.ts, which another run of Vitest would take for tests of its own.
    const file = `${folder}${slug(doc)}/${name.replace('.test', '-test')}.ts`;
    const place = `${doc}:${block.line}`;
    examples.push({ ...block, doc, place, file, kind: kindOf(doc, block) });
  }
}
const compiled = examples.filter(({ kind }) => kind !== 'not compiled');
const ofKind = (kind: Example['kind']): Example[] => examples.filter((one) => one.kind === kind);

// Before the tests are collected, since some are in those files.
await rm(folder, { recursive: true, force: true });
for (const { file, code } of compiled) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, code, { flag: 'wx' }); // two of one name are a mistake
}
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the documents contain tests, programs and naive code', () => {
  for (const kind of ['tests', 'program', 'naive'] as const) {
    expect(ofKind(kind), kind).not.toEqual([]);
  }
});

test('the code compiles', () => {
  const inPieces = new Set(
    compiled.filter(({ doc }) => IN_PIECES.includes(doc)).map(({ file }) => file),
  );
  const complaints = compile(compiled.map(({ file }) => file)).filter(
    ({ file, code }) => !(inPieces.has(file) && NOT_THERE.includes(code)),
  );
  expect(complaints.map(({ message }) => message)).toEqual([]);
});

/** Jest's, as far as documents need them; what Vitest alone has does not help its users. */
const JEST_MATCHERS =
  'toBe toBeCloseTo toBeDefined toBeFalsy toBeGreaterThan toBeGreaterThanOrEqual toBeInstanceOf ' +
  'toBeLessThan toBeLessThanOrEqual toBeNaN toBeNull toBeTruthy toBeUndefined toContain ' +
  'toContainEqual toEqual toHaveBeenCalled toHaveBeenCalledTimes toHaveBeenCalledWith ' +
  'toHaveBeenLastCalledWith toHaveBeenNthCalledWith toHaveLength toHaveProperty toMatch ' +
  'toMatchObject toStrictEqual toThrow';

test('the tests use only matchers that other frameworks have too, or our own', () => {
  const known = new Set([...JEST_MATCHERS.split(' '), ...Object.keys(matchers)]);
  const foreign: string[] = [];
  for (const { doc, code } of examples) {
    for (const [, name = ''] of code.matchAll(/\.(to[A-Z]\w*)\(/g)) {
      if (name in expect('') && !known.has(name)) foreign.push(`${doc}: ${name}`);
    }
  }
  expect(foreign).toEqual([]);
});

// An empty one fails.
for (const { place, section, file } of ofKind('tests')) {
  describe(`${place} ${section}`, () => import(/* @vite-ignore */ file));
}

test('the first program of the README has at most 20 lines of code', () => {
  const first = examples.find(({ doc }) => doc === 'README.md')!;
  expect(first.code.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(20);
});

describe('programs', () => {
  beforeAll(async () => {
    const files = ofKind('program').map(({ file }) => file);
    await bundlePrograms(files, folder);
  });

  test.concurrent.for(ofKind('program'))(
    '$place prints what it says',
    async ({ file, output }, { expect }) => {
      expect(await runProgram(file)).toBe(output);
    },
  );
});

describe('naive code fails the tests of its page', () => {
  test.each(ofKind('naive'))('$place', async ({ doc, file, output }) => {
    const name = basename(file, '.naive.ts');
    const tests = ofKind('tests').find(
      (one) => dirname(one.file) === dirname(file) && one.code.includes(`'./${name}.js'`),
    );
    expect(tests, `tests of ${name}.ts in ${doc}`).toBeDefined();
    const code = tests!.code
      .replaceAll(`'./${name}.js'`, `'./${name}.naive.js'`)
      .replaceAll("'vitest'", `'${recordedTests}'`);
    const ours = file.replace(/\.ts$/, '-test.ts');
    await writeFile(ours, code);
    const said = await verdicts(() => import(/* @vite-ignore */ ours));
    expect(said).toContain('✗');
    expect(said).toBe(output);
  });
});
