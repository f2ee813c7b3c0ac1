/** The TypeScript of a Markdown file: found, compiled as the project is, and run. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';
import { entries } from '../../tsup.config.js';

/** A ```ts block. */
export interface CodeBlock {
  readonly code: string;
  /** The ```text block that follows at once: what the code is said to print. */
  readonly output: string | undefined;
  /** The heading above it. */
  readonly section: string;
  /** Where the code begins, from 1. */
  readonly line: number;
}

const root = new URL('../../', import.meta.url);
const tsconfig = fileURLToPath(new URL('tsconfig.json', root));

/** The pages of docs, such as `docs/guides/a-crawl.md`; not what is generated. */
export async function pages(): Promise<string[]> {
  const files = await readdir(new URL('docs/', root), { recursive: true });
  return files
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .filter((file) => /^docs\/(guides\/)?[\w-]+\.md$/.test(file))
    .sort();
}

export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let section = '';
  let line = 1;
  let sinceBlock: string | undefined; // text between the last block and here
  for (const [part, language, body, heading] of markdown.matchAll(
    /^```(\w*)\n(.*?)^```$|^#+ ([^\n]*)$|[^\n]*\n/gms,
  )) {
    if (heading !== undefined) section = heading;
    if (language === 'ts') {
      blocks.push({ code: body!, output: undefined, section, line: line + 1 });
      sinceBlock = '';
    } else if (language === 'text' && sinceBlock?.trim() === '') {
      blocks.push({ ...blocks.pop()!, output: body });
      sinceBlock = undefined;
    } else if (sinceBlock !== undefined) sinceBlock += part;
    line += part.split('\n').length - 1;
  }
  return blocks;
}

/** What the compiler says of a file. */
export interface Complaint {
  readonly file: string;
  readonly code: number;
  /** With its place. */
  readonly message: string;
}

export function compile(files: readonly string[]): Complaint[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    tsconfig,
    { noEmit: true },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )!;
  const program = ts.createProgram([...files], config.options);
  // Of these files alone: what they import is checked where it belongs.
  const diagnostics = files.flatMap((name) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(name)),
  );
  return diagnostics.map(({ file, start = 0, code, messageText }) => {
    const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    const name = file?.fileName ?? tsconfig;
    return { file: name, code, message: `${name}:${line}: ${message}` };
  });
}

/** Bundles programs, which share the bundled sources. Each starts in a fifth of the time tsx takes. */
export async function bundlePrograms(files: readonly string[], outbase: string): Promise<void> {
  await build({
    entryPoints: [...files],
    outdir: outbase,
    outbase,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    alias: aliases,
    logLevel: 'silent',
  });
}

/** Runs a bundled program in a process of its own; gives what it wrote to stdout. */
export async function runProgram(file: string): Promise<string> {
  const bundle = file.replace(/\.ts$/, '.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bundle], { cwd: dirname(file) });
  return stdout;
}

/** The public names are those of the source. */
const aliases = Object.fromEntries(
  Object.entries(entries)
    .map(([name, path]) => [name === 'index' ? 'systole' : `systole/${name}`, path] as const)
    .sort(([a], [b]) => b.length - a.length)
    .map(([name, path]) => [name, fileURLToPath(new URL(path, root))]),
);
