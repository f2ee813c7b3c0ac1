import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** The one file that may import each package. */
const homes: Record<string, string> = {
  eventemitter3: 'events.ts',
  ms: 'duration.ts',
  'p-retry': 'retry/retry.ts',
  superjson: 'heartbeat/encoding.ts',
  '@temporalio/activity': 'temporal/activity-api.ts',
  '@temporalio/client': 'temporal/client-api.ts',
  '@temporalio/common': 'temporal/common-api.ts',
};

/** The files that need Node; no other entry than theirs may reach them. */
const needNode = ['context.ts', 'heartbeat/file-store.ts'];
const nodeEntries = ['context.ts', 'node.ts'];

/** What each part may import besides itself; entries may import everything. */
const allowed: Record<string, readonly string[]> = {
  kernel: [],
  retry: ['kernel'],
  heartbeat: ['kernel'],
  runtime: ['kernel', 'retry', 'heartbeat'],
  testing: ['kernel', 'retry', 'heartbeat', 'runtime'],
  temporal: ['kernel', 'retry', 'heartbeat', 'runtime'],
};

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies?: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};
const entries = new Set(
  Object.keys(manifest.exports).map((path) => (path === '.' ? 'index.ts' : `${path.slice(2)}.ts`)),
);

/** Every file of src with the specifiers it names: type imports, re-exports and `import()` too. */
const imports = new Map(
  sourceFiles().map((file) => {
    const text = readFileSync(`src/${file}`, 'utf8');
    const names = ts.preProcessFile(text, true, true).importedFiles.map((found) => found.fileName);
    return [file, [...new Set(names)]];
  }),
);

test('imports form no cycle, types counted', () => {
  const open: string[] = [];
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string): void => {
    const at = open.indexOf(file);
    if (at >= 0) cycles.push([...open.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    open.push(file);
    targets(file).forEach(visit);
    open.pop();
    done.add(file);
  };
  [...imports.keys()].forEach(visit);
  expect(cycles).toEqual([]);
});

test('imports go downward: kernel, then retry and heartbeat, then runtime, then entries', () => {
  const wrong = [...imports.keys()].flatMap((from) =>
    targets(from)
      .filter((to) => !mayImport(partOf(from), partOf(to)))
      .map((to) => `${from} (${partOf(from)}) imports ${to} (${partOf(to)})`),
  );
  expect(wrong).toEqual([]);
});

test('each package is imported in its one file', () => {
  const wrong = [...imports].flatMap(([file, names]) =>
    names
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .filter((name) => homes[name] !== file)
      .map((name) => `${file} imports ${name}, which belongs in ${homes[name] ?? 'no file'}`),
  );
  expect(wrong).toEqual([]);
});

test('only the entries for Node reach the files that need it', () => {
  const importsNode = [...imports].filter(([, names]) =>
    names.some((it) => it.startsWith('node:')),
  );
  expect(importsNode.map(([file]) => file).sort()).toEqual(needNode);
  for (const entry of entries) {
    if (nodeEntries.includes(entry)) continue;
    expect([...reachable(entry)].filter((file) => needNode.includes(file))).toEqual([]);
  }
});

test('only systole/temporal reaches what needs the optional peers', () => {
  for (const entry of entries) {
    if (entry === 'temporal.ts') continue;
    expect([...reachable(entry)].filter((file) => partOf(file) === 'temporal')).toEqual([]);
  }
});

test('nothing is installed with the package: what src imports is built in, or an optional peer', () => {
  const { dependencies = {}, devDependencies, peerDependenciesMeta } = manifest;
  expect(Object.keys(dependencies)).toEqual([]);
  const imported = [...imports.values()].flat();
  for (const name of Object.keys(homes)) {
    expect(imported).toContain(name);
    expect(devDependencies).toHaveProperty([name]);
    if (!name.startsWith('@temporalio/')) continue;
    expect(peerDependenciesMeta[name]).toEqual({ optional: true });
  }
});

function sourceFiles(): string[] {
  if (!existsSync('src')) return [];
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'));
}

function reachable(from: string, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  targets(from).forEach((file) => reachable(file, seen));
  return seen;
}

function targets(file: string): string[] {
  return (imports.get(file) ?? [])
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'))
    .filter((target) => imports.has(target));
}

function partOf(file: string): string {
  if (entries.has(file)) return 'entry';
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : 'kernel';
}

function mayImport(from: string, to: string): boolean {
  return from === 'entry' || from === to || (allowed[from]?.includes(to) ?? false);
}
