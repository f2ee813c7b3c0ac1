/** What SECURITY.md promises about the source. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** Everything that is used of Node. */
const nodeModules = [
  'node:async_hooks',
  'node:crypto',
  'node:fs/promises',
  'node:http',
  'node:path',
  'node:process',
];

/** What only durable stores use: `ps` says when a process was started. */
const durableNeed = ['node:child_process', 'node:fs', 'node:module', 'node:os'];

/** What `systole/workers` needs besides: it starts processes and threads. */
const workersNeed = [
  'node:child_process',
  'node:inspector',
  'node:module',
  'node:net',
  'node:os',
  'node:stream',
  'node:url',
  'node:util',
  'node:v8',
  'node:worker_threads',
];

/** Runs in a browser, and talks to the server that the page came from. */
const page = join('src', 'inspect', 'page');

/** Loads the module of activities that it is given, for `isolation: 'none'`. */
const loadsModules = join('src', 'workers', 'load.ts');

const forbidden = new Map([
  ...['eval', 'Function', 'require', 'importScripts'].map((name) => [name, 'runs other code']),
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'WebTransport', 'EventSource'].map((name) => [
    name,
    'uses the network',
  ]),
] as [string, string][]);

test('the source does not evaluate code and does not use the network', () => {
  const files = sourceFiles().filter((file) => !file.startsWith(page));
  const found = files.flatMap((file) => offences(file, readFileSync(file, 'utf8')));
  expect(found).toEqual([
    expect.stringMatching(
      new RegExp(`^${loadsModules.replaceAll('\\', '\\\\')}:\\d+: import\\(\\)`),
    ),
  ]);
});

test('the page of systole/inspect asks only the server that it came from', () => {
  const files = sourceFiles().filter((file) => file.startsWith(page));
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const calls = texts.flatMap((text) => text.match(/(?:fetch|EventSource)\([^$)]*/g) ?? []);
  // Relative addresses, and the policy of the page allows no others.
  expect(calls.sort()).toEqual([
    "EventSource('events'",
    "fetch('action', { method: 'POST', body }",
    'fetch(`activity?id=',
    'fetch(`timeline?after=',
  ]);
  const others = files.flatMap((file, n) => offences(file, texts[n] ?? ''));
  expect(others.filter((one) => !/: (fetch|EventSource) uses the network$/.test(one))).toEqual([]);
});

test('the source uses only these modules of Node', () => {
  const usedBy = (files: string[]): string[] => {
    const used = files.flatMap((file) =>
      ts
        .preProcessFile(readFileSync(file, 'utf8'), true, true)
        .importedFiles.map(({ fileName }) => fileName)
        .filter((name) => name.startsWith('node:')),
    );
    return [...new Set(used)].sort();
  };
  const inWorkers = (file: string): boolean => file.startsWith(join('src', 'workers'));
  const inDurable = (file: string): boolean => file.startsWith(join('src', 'durable'));
  const files = sourceFiles();
  expect(usedBy(files.filter((file) => !inWorkers(file)))).toEqual(
    [...nodeModules, ...durableNeed].sort(),
  );
  const others = files.filter((file) => !inWorkers(file) && !inDurable(file));
  expect(usedBy(others).filter((name) => durableNeed.includes(name))).toEqual([]);
  expect(usedBy(files.filter(inWorkers))).toEqual(expect.arrayContaining(workersNeed) as string[]);
  const known = [...nodeModules, ...durableNeed];
  const rest = usedBy(files).filter((name) => !known.includes(name));
  expect(rest).toEqual(workersNeed.filter((name) => !known.includes(name)));
});

test.each([
  ['eval("1")', 'eval'],
  ['(0, eval)("1")', 'eval'],
  ['globalThis.eval("1")', 'eval'],
  ['new Function("return 1")', 'Function'],
  ['globalThis["Function"]("return 1")', 'Function'],
  ['const { fetch } = globalThis', 'fetch'],
  ['await import("./other.js")', 'import()'],
  ['setTimeout("1", 1)', 'setTimeout with text'],
])('%s would be found', (code, name) => {
  expect(offences('x.ts', code)).toEqual([expect.stringContaining(name)]);
});

test.each([
  'type Loaded = typeof import("./other.js")',
  'function call(fn: Function): void {}',
  'Function.prototype[Symbol.hasInstance].call(this, 1)',
  'const eval_ = { requires: true }',
])('%s is not a violation', (code) => {
  expect(offences('x.ts', code)).toEqual([]);
});

function offences(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const report = (node: ts.Node, what: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${file}:${line + 1}: ${what}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) return;
    if (ts.isIdentifier(node) || ts.isStringLiteral(node)) {
      const harm = forbidden.get(node.text);
      if (harm !== undefined && !isHarmless(node)) report(node, `${node.text} ${harm}`);
    }
    if (ts.isCallExpression(node)) {
      const { expression, arguments: given } = node;
      if (expression.kind === ts.SyntaxKind.ImportKeyword) report(node, 'import() runs other code');
      if (/^set(Timeout|Interval)$/.test(expression.getText()) && isText(given[0])) {
        report(node, `${expression.getText()} with text runs other code`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `Function.prototype`, and words in text that index nothing. */
function isHarmless(node: ts.Identifier | ts.StringLiteral): boolean {
  const { parent } = node;
  if (ts.isStringLiteral(node)) return !ts.isElementAccessExpression(parent);
  return (
    ts.isPropertyAccessExpression(parent) &&
    parent.expression === node &&
    node.text === 'Function' &&
    parent.name.text === 'prototype'
  );
}

function isText(node: ts.Expression | undefined): boolean {
  return node !== undefined && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node));
}

function sourceFiles(): string[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file));
}
