import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeBlocks, compile, runProgram } from '../support/markdown.js';

// Inside the project, so that `systole` and the compiler options are the project's own.
const folder = fileURLToPath(new URL('.readme/', import.meta.url));

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = codeBlocks(readme).map(({ code, output }, index) => {
  const name = `block-${index + 1}.ts`;
  return { name, file: `${folder}${name}`, code, output };
});

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await Promise.all(blocks.map(({ file, code }) => writeFile(file, code)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the examples of the README', () => {
  test('there are some', () => {
    expect(blocks.filter((block) => block.output !== undefined).length).toBeGreaterThan(1);
  });

  test('the first one has at most 20 lines of code', () => {
    expect(blocks[0]!.code.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(20);
  });

  test('compile', () => {
    expect(compile(blocks.map(({ file }) => file))).toEqual([]);
  });

  test.each(blocks.filter((block) => block.output !== undefined))(
    '$name prints what the README says',
    async ({ file, output }) => {
      expect(await runProgram(file, folder)).toBe(output);
    },
  );
});
