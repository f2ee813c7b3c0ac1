/**
 * The types of the code on the pages: each identifier of a block gets the number of a text that an
 * editor would show. The texts of a page are in a file of their own, which is loaded when the pointer
 * first rests on code.
 *
 * We do not use twoslash: it puts all texts into the pages, which doubles their weight, and it takes
 * each block as a program of its own, while blocks of our pages import each other.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import type { MarkdownOptions } from 'vitepress';
import ts from 'typescript';
import { pageOf, root } from './paths.js';

/** What an editor would show: the signature, and the documentation if there is any. */
type Text = readonly [signature: string, documentation?: string];

interface Block {
  readonly file: string;
  readonly page: string;
}

/** A fenced block, as far as we need it. `src` is the file of one that shows a file. */
export interface Fence {
  readonly type: string;
  readonly content: string;
  readonly map: readonly [number, number] | null;
  readonly src?: readonly [string, string?];
  info: string;
}

const MAX_CHARACTERS = 600;
const MARK = 'types-of=';

const files = new Map<string, { version: number; text: string }>();
const blocks: Block[] = [];
const texts = new Map<string, Map<string, number>>();

/** Marks the TypeScript blocks of a page, so that `typesOnHover` knows where each comes from. */
export function markBlocks(file: string, fences: readonly Fence[]): void {
  if (file.startsWith('site/reference/')) return; // signatures
  loadAll();
  for (const fence of fences) {
    if (fence.type !== 'fence' || !/^ts\b/.test(fence.info)) continue;
    const shown = fence.src?.[0];
    const path =
      shown === undefined ? addBlock(file, fence.content, fence.map?.[0] ?? 0) : addFile(shown);
    blocks.push({ file: path, page: pageOf(file) });
    fence.info += ` ${MARK}${blocks.length - 1}`;
  }
}

/** @returns the path of the block's file, which other blocks of the page can import */
function addBlock(page: string, text: string, line: number): string {
  const name = /^\/\/ (\S+\.ts)$/m.exec(text.split('\n')[0] ?? '')?.[1];
  const folder = join(root, 'site/.types', page.replaceAll(/\W/g, '-'));
  return add(join(folder, name ?? `line-${line}.ts`), text);
}

function addFile(path: string): string {
  return add(path, readFileSync(path, 'utf8'));
}

function add(path: string, text: string): string {
  const known = files.get(path);
  if (known?.text !== text) files.set(path, { version: (known?.version ?? 0) + 1, text });
  return path;
}

/**
 * Adds the blocks of all pages, once. The compiler takes a second to begin again with another list of
 * files, and pages come one by one.
 */
function loadAll(): void {
  if (files.size > 0) return;
  const pages = ['.', 'docs', 'docs/guides', 'site/pages', 'site/pages/tour'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => posix.join(folder, name)),
  );
  for (const page of pages) {
    const markdown = readFileSync(join(root, page), 'utf8');
    for (const { 1: text = '', index } of markdown.matchAll(/^```ts\n(.*?)^```$/gms)) {
      addBlock(page, text, markdown.slice(0, index).split('\n').length - 1);
    }
    for (const [, file = ''] of markdown.matchAll(/^<<< @\/(\S+)$/gm)) addFile(join(root, file));
  }
}

export const typesOnHover: NonNullable<MarkdownOptions['codeTransformers']>[number] = {
  name: 'types-on-hover',
  preprocess(code, options) {
    const raw = (options.meta as { __raw?: string } | undefined)?.__raw ?? '';
    const block = blocks[Number(new RegExp(`${MARK}(\\d+)`).exec(raw)?.[1] ?? -1)];
    if (block === undefined) return;
    const known = texts.get(block.page) ?? new Map<string, number>();
    texts.set(block.page, known);
    options.decorations ??= [];
    for (const { start, end, text } of typesOf(block.file)) {
      if (end > code.length) continue;
      const key = JSON.stringify(text);
      const number = known.get(key) ?? known.size;
      known.set(key, number);
      options.decorations.push({ start, end, properties: { 'data-type': number } });
    }
  },
};

/** The file that has the texts of a page: `types/docs/heartbeat.json`. */
export function typesFile(page: string): string {
  return `types/${page.replace(/\.md$/, '.json')}`;
}

export function textsOf(page: string): string {
  return `[${[...(texts.get(page)?.keys() ?? [])].join(',\n')}]`;
}

/** Writes the texts of all pages. */
export async function writeTypes(outDir: string): Promise<void> {
  for (const page of texts.keys()) {
    const file = join(outDir, typesFile(page));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, textsOf(page));
  }
}

// ── The compiler ───────────────────────────────────────────────────────────────────────────────

const config = ts.getParsedCommandLineOfConfigFile(
  resolve(root, 'tsconfig.json'),
  { noEmit: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
);

const service = ts.createLanguageService({
  getCompilationSettings: () => config?.options ?? {},
  getScriptFileNames: () => [...files.keys()],
  getScriptVersion: (file) => String(files.get(file)?.version ?? 0),
  getScriptSnapshot: (file) => {
    const text = files.get(file)?.text ?? ts.sys.readFile(file);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => root,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
  fileExists: (file) => files.has(file) || existsSync(file),
  readFile: (file) => files.get(file)?.text ?? ts.sys.readFile(file),
  directoryExists: (folder) => folder.includes('/site/.types') || ts.sys.directoryExists(folder),
  getDirectories: ts.sys.getDirectories,
});

function typesOf(file: string): { start: number; end: number; text: Text }[] {
  const source = service.getProgram()?.getSourceFile(file);
  if (source === undefined) return [];
  const found: { start: number; end: number; text: Text }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const start = node.getStart(source);
      const text = textAt(file, start);
      if (text !== undefined) found.push({ start, end: node.getEnd(), text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function textAt(file: string, position: number): Text | undefined {
  const info = service.getQuickInfoAtPosition(file, position);
  if (info === undefined) return undefined;
  const signature = shortened(ts.displayPartsToString(info.displayParts));
  if (/: any$/.test(signature)) return undefined; // the reader's own, which is not there
  const documentation = shortened(ts.displayPartsToString(info.documentation));
  return documentation === '' ? [signature] : [signature, documentation];
}

function shortened(text: string): string {
  const plain = text.replaceAll(`${root}/`, '');
  return plain.length > MAX_CHARACTERS ? `${plain.slice(0, MAX_CHARACTERS)} …` : plain;
}
