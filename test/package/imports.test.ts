import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { carried } from '../../tsup.config.js';

/** The only file that may import each package. */
const homes: Record<string, string> = {
  eventemitter3: 'kernel/events.ts',
  ms: 'kernel/duration.ts',
  'p-retry': 'retry/loop.ts',
  superjson: 'heartbeat/details/encoding.ts',
  'fast-string-truncated-width': 'progress/width.ts',
  '@temporalio/activity': 'temporal/activity-api.ts',
  '@temporalio/client': 'temporal/client-api.ts',
  '@temporalio/common': 'temporal/common-api.ts',
  '@opentelemetry/api': 'otel/api.ts',
};

/** The entries that need the optional peers of a scope. */
const peers: Record<string, string> = {
  '@temporalio/': 'temporal.ts',
  '@opentelemetry/': 'otel.ts',
};

const isPeer = (name: string): boolean => Object.keys(peers).some((it) => name.startsWith(it));

/** The files that need Node. Only their own entries may reach them. */
const needNode = [
  'context.ts',
  'durable/files/atomic.ts',
  'durable/files/content.ts',
  'durable/files/file-store.ts',
  'durable/files/folder.ts',
  'durable/files/locks.ts',
  'durable/files/tidy.ts',
  'durable/machine.ts',
  'durable/sqlite/connection.ts',
  'durable/sqlite/driver.ts',
  'durable/sqlite/sqlite-store.ts',
  'inspect/guard.ts',
  'inspect/page.ts',
  'inspect/server.ts',
  'progress/display.ts',
  'progress/show.ts',
  'runtime/context/ambient.ts',
];
const nodeEntries = [
  'context.ts',
  'node.ts',
  'sqlite.ts',
  'temporal/activity.ts',
  'workers.ts',
  'progress.ts',
  'inspect.ts',
];

/** The optional peers that are loaded by name at run time. */
const loaded = ['better-sqlite3'];

/** The rooms of src, and what each may import besides itself. Entries may import everything. */
const allowed: Record<string, readonly string[]> = {
  kernel: [],
  retry: ['kernel'],
  heartbeat: ['kernel'],
};
allowed['runtime/context'] = ['kernel', 'retry', 'heartbeat'];
allowed['runtime/options'] = [...allowed['runtime/context'], 'runtime/context'];
allowed['runtime/shared'] = [...allowed['runtime/options'], 'runtime/options'];
allowed['runtime/attempt'] = [...allowed['runtime/shared'], 'runtime/shared'];
allowed['runtime/activity'] = [...allowed['runtime/attempt'], 'runtime/attempt'];
allowed['runtime'] = [...allowed['runtime/activity'], 'runtime/activity'];
allowed['timeline'] = [...allowed['runtime'], 'runtime'];
allowed['testing'] = [...allowed['timeline'], 'timeline'];
allowed['web'] = [...allowed['runtime'], 'runtime'];
allowed['live'] = [...allowed['runtime'], 'runtime'];
allowed['progress'] = [...allowed['live'], 'live'];
allowed['inspect'] = [...allowed['live'], 'live', 'timeline'];
allowed['temporal'] = allowed['testing'];
allowed['workers'] = allowed['runtime/activity'];
allowed['otel'] = allowed['runtime/options'];
allowed['durable'] = [...allowed['runtime/activity'], 'runtime/activity'];

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
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

test('imports have no cycle, not even with types', () => {
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

test('imports point downward: kernel, retry and heartbeat, the rooms of runtime, then entries', () => {
  expect([...imports].flatMap(([file]) => upward(file))).toEqual([]);
});

test('every file is in a room, and only entries are at the root', () => {
  const rooms = new Set(['entry', ...Object.keys(allowed)]);
  expect([...imports.keys()].filter((file) => !rooms.has(roomOf(file)))).toEqual([]);
});

test.each([
  ['kernel/slots.ts', 'runtime/shared/services.ts'],
  ['heartbeat/classify.ts', 'retry/policy.ts'],
  ['runtime/options/control.ts', 'runtime/activity/execution.ts'],
  ['runtime/attempt/handle.ts', 'runtime/engine.ts'],
])('a file in the wrong room would be found: %s that imports %s', (from, to) => {
  expect(mayImport(roomOf(from), roomOf(to))).toBe(false);
});

test('a file at the root that is not an entry would be found', () => {
  expect(Object.keys(allowed)).not.toContain(roomOf('clock.ts'));
});

test('each package is imported in only one file', () => {
  const wrong = [...imports].flatMap(([file, names]) =>
    names
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .filter((name) => homes[name] !== file)
      .map((name) => `${file} imports ${name}, which belongs in ${homes[name] ?? 'no file'}`),
  );
  expect(wrong).toEqual([]);
});

test('only the entries for Node reach files that need Node', () => {
  const importsNode = [...imports].filter(
    ([file, names]) => roomOf(file) !== 'workers' && names.some((it) => it.startsWith('node:')),
  );
  expect(importsNode.map(([file]) => file).sort()).toEqual(needNode);
  for (const entry of entries) {
    if (nodeEntries.includes(entry)) continue;
    expect([...reachable(entry)].filter((file) => needNode.includes(file))).toEqual([]);
  }
});

test('only the entry of a peer reaches files that need it', () => {
  for (const [scope, own] of Object.entries(peers)) {
    const files = Object.keys(homes).filter((name) => name.startsWith(scope));
    const need = files.map((name) => homes[name]!);
    for (const entry of entries) {
      if (entry === own) continue;
      expect([...reachable(entry)].filter((file) => need.includes(file))).toEqual([]);
    }
  }
});

test.each(['workers', 'otel', 'progress', 'inspect'])(
  'only systole/%s reaches its room',
  (room) => {
    for (const entry of entries) {
      if (entry === `${room}.ts`) continue;
      expect([...reachable(entry)].filter((file) => roomOf(file) === room)).toEqual([]);
    }
  },
);

test('only the entries of systole/temporal reach its room', () => {
  for (const entry of entries) {
    if (entry.startsWith('temporal')) continue;
    expect([...reachable(entry)].filter((file) => roomOf(file) === 'temporal')).toEqual([]);
  }
});

test('everything that src imports is a dependency or an optional peer, and nothing else is installed', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const imported = new Set([...imports.values()].flat());
  expect(Object.keys(homes).filter((name) => !imported.has(name))).toEqual([]);
  const [optional, others] = [true, false].map((peer) =>
    Object.keys(homes).filter((name) => isPeer(name) === peer && !carried.includes(name)),
  );
  expect(Object.keys(dependencies).sort()).toEqual(others!.sort());
  const peerNames = [...optional!, ...loaded];
  expect(Object.keys(peerDependencies).sort()).toEqual(peerNames.sort());
  for (const name of peerNames) expect(peerDependenciesMeta[name]).toEqual({ optional: true });
});

test('a dependency has a range, so that its fixes reach users without a release of ours', () => {
  // A user's own superjson in that range is then the only copy.
  for (const range of Object.values(manifest.dependencies)) expect(range).toMatch(/^\^\d/);
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

/** The files that this one imports although its room may not. */
function upward(file: string): string[] {
  return targets(file)
    .filter((to) => !mayImport(roomOf(file), roomOf(to)))
    .map((to) => `${file} imports ${to}`);
}

/** The room of a file; inside `heartbeat`, `durable`, `testing` and `temporal` folders share one. */
function roomOf(file: string): string {
  if (entries.has(file)) return 'entry';
  const folders = file.split('/').slice(0, -1);
  const [first = ''] = folders;
  return first === 'runtime' ? folders.join('/') : first;
}

function mayImport(from: string, to: string): boolean {
  return from === 'entry' || from === to || (allowed[from]?.includes(to) ?? false);
}
