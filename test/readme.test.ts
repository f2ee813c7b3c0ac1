import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = new URL('../', import.meta.url);
// Inside the project, so that `systole` and the compiler options are the project's own.
const folder = new URL('test/.readme/', root);

interface Block {
  readonly file: string;
  readonly code: string;
  /** What the README says it prints, if it says so. */
  readonly output: string | undefined;
}

const readme = await readFile(new URL('README.md', root), 'utf8');
const blocks: Block[] = [...readme.matchAll(/```ts\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)].map(
  ([, code, output], index) => ({ file: `block-${index + 1}.ts`, code: code!, output }),
);

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await Promise.all(blocks.map(({ file, code }) => writeFile(new URL(file, folder), code)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the examples of the README', () => {
  test('there are some', () => {
    expect(blocks.filter((block) => block.output !== undefined).length).toBeGreaterThan(1);
  });

  test('the first one has at most 20 lines of code', () => {
    expect(blocks[0]!.code.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(20);
  });

  test('compile', { timeout: 20_000 }, () => {
    const config = ts.getParsedCommandLineOfConfigFile(
      new URL('tsconfig.json', root).pathname,
      { noEmit: true },
      { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
    )!;
    const files = blocks.map(({ file }) => new URL(file, folder).pathname);
    const program = ts.createProgram(files, config.options);
    const messages = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(messages).toEqual([]);
  });

  test.each(blocks.filter((block) => block.output !== undefined))(
    '$file prints what the README says',
    { timeout: 20_000 },
    async ({ file, output }) => {
      const run = promisify(execFile);
      const path = new URL(file, folder).pathname;
      const { stdout } = await run(process.execPath, ['--import', 'tsx', path], {
        cwd: folder, // for those that write files
        env: { ...process.env, TSX_TSCONFIG_PATH: new URL('tsconfig.json', root).pathname },
      });
      expect(stdout).toBe(output);
    },
  );
});
