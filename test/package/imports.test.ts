import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { carried } from '../../tsup.config.js';
import { rooms } from './rooms.js';

/** The only file that may import each package. ESLint reads it too. */
const homes = JSON.parse(readFileSync('test/package/homes.json', 'utf8')) as Record<string, string>;

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

/** Files of a room that are entries, and so may import another entry. */
const exceptions = ['temporal/activity.ts imports context.ts'];

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};
const entries = new Set(
  Object.keys(manifest.exports)
    .filter((path) => path !== './package.json')
    .map((path) => (path === '.' ? 'index.ts' : `${path.slice(2)}.ts`)),
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
  expect(cyclesOf([...imports.keys()], targets)).toEqual([]);
});

test('rooms have no cycle', () => {
  const importedBy = (room: string): string[] => [
    ...new Set(
      [...imports.keys()]
        .filter((file) => roomOf(file) === room)
        .flatMap(targets)
        .map(roomOf)
        .filter((other) => other !== room && other !== 'entry'),
    ),
  ];
  expect(cyclesOf(Object.keys(rooms), importedBy)).toEqual([]);
});

test('every relative import is a file of src', () => {
  const lost = [...imports.keys()].flatMap((file) =>
    targets(file)
      .filter((target) => !imports.has(target))
      .map((target) => `${file} imports ${target}, which is no file`),
  );
  expect(lost).toEqual([]);
});

test('each room imports only what it may', () => {
  expect([...imports.keys()].flatMap(upward)).toEqual(exceptions);
});

test('every file is in its room', () => {
  expect(strayed([...imports.keys()])).toEqual([]);
});

test.each([
  ['kernel/slots.ts', 'runtime/shared/services.ts'],
  ['heartbeat/classify.ts', 'retry/policy.ts'],
  ['runtime/options/control.ts', 'runtime/activity/execution.ts'],
  ['runtime/attempt/handle.ts', 'runtime/engine.ts'],
  ['workers/wire/room.ts', 'workers/waiters.ts'],
  ['inspect/row.ts', 'inspect/page/dom.ts'],
  ['testing/matchers.ts', 'index.ts'],
])('an import by the wrong room would be found: %s that imports %s', (from, to) => {
  expect(mayImport(roomOf(from), roomOf(to))).toBe(false);
});

test.each<[added: string[], gone: string[], found: string]>([
  [['kernel/throttle.ts'], [], 'kernel/throttle.ts is new here'],
  [['kernel/sub/clock.ts'], [], 'kernel/sub/clock.ts is new here'],
  [['clock.ts'], [], 'clock.ts is new here'],
  [[], ['kernel/clock.ts'], 'kernel/clock.ts is gone'],
])('files in another place would be found: %j, without %j', (added, gone, found) => {
  const files = [...imports.keys(), ...added].filter((file) => !gone.includes(file));
  expect(strayed(files)).toContainEqual(expect.stringContaining(found));
});

test('a cycle would be found', () => {
  const graph: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b'] };
  expect(cyclesOf(['a'], (one) => graph[one] ?? [])).toEqual(['b -> c -> b']);
});

test('each unit test is named after a file of src', () => {
  const tests = readdirSync('test/unit', { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.test.ts'));
  expect(tests.length).toBeGreaterThan(50);
  expect(tests.filter((file) => !imports.has(file.replace(/test\.ts$/, 'ts')))).toEqual([]);
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
    ([file, names]) => !file.startsWith('workers/') && names.some((it) => it.startsWith('node:')),
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
      expect([...reachable(entry)].filter((file) => file.startsWith(`${room}/`))).toEqual([]);
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

/** The files that one names by relative imports, whether they exist or not. */
function targets(file: string): string[] {
  return (imports.get(file) ?? [])
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'));
}

/** The files that this one imports although its room may not. */
function upward(file: string): string[] {
  return targets(file)
    .filter((to) => !mayImport(roomOf(file), roomOf(to)))
    .map((to) => `${file} imports ${to}`);
}

/** A room is a folder. Entries at the root are in none. */
function roomOf(file: string): string {
  return file.includes('/') ? posix.dirname(file) : 'entry';
}

function mayImport(from: string, to: string): boolean {
  return from === 'entry' || from === to || (rooms[from]?.imports.includes(to) ?? false);
}

/** How these files differ from those of the table. */
function strayed(files: readonly string[]): string[] {
  const known = new Set(entries);
  for (const [room, { files }] of Object.entries(rooms)) {
    for (const name of files) known.add(`${room}/${name}.ts`);
  }
  const decide = 'decide which room it belongs to, and change the table in test/package/rooms.ts';
  return [
    ...files.filter((file) => !known.has(file)).map((file) => `${file} is new here: ${decide}`),
    ...[...known]
      .filter((file) => !files.includes(file))
      .map((file) => `${file} is gone: ${decide}`),
  ];
}

function cyclesOf(nodes: readonly string[], next: (node: string) => readonly string[]): string[] {
  const open: string[] = [];
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (node: string): void => {
    const at = open.indexOf(node);
    if (at >= 0) cycles.push([...open.slice(at), node].join(' -> '));
    if (at >= 0 || done.has(node)) return;
    open.push(node);
    next(node).forEach(visit);
    open.pop();
    done.add(node);
  };
  nodes.forEach(visit);
  return cycles;
}
