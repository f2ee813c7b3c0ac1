/** An export says that another file uses it. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { entries } from '../../tsup.config.js';

const folders = ['src', 'test', 'scripts', 'examples', 'site/playground', 'site/test', 'site/tour'];
// Other tests write into folders with a dot, and remove them, at the same time.
const files = folders.flatMap((folder) =>
  ts.sys.readDirectory(folder, ['.ts', '.mts'], ['**/node_modules', '**/.*']),
);
const sources = files.map((file) => parse(file, readFileSync(file, 'utf8')));

/** The declaration of `Context` in systole/temporal/activity names it. */
const NAMED = ['src/temporal/metric-meter.ts exports NoMetricMeter'];

test('every export of src is used by another file or belongs to an entry', () => {
  const isEntry = (path: string): boolean => Object.values(entries).includes(path);
  const src = sources.filter(({ fileName }) => fileName.startsWith('src/') && !isEntry(fileName));
  expect(src.length).toBeGreaterThan(200);
  expect(unused(src, sources)).toEqual(NAMED);
});

test.each([
  ['export const x = 1, [y] = [2];', "import { x } from './a.js';", ['a.ts exports y']],
  ['export type { x } from "c";', "import type { x as z } from './a.js';", []],
  ['export function x() {}', "export { x } from './a.js';", []],
  ['export class X {}', "export * from './a.js';", []],
  ['export interface X {}', "import * as a from './a.js';", []],
  ['export interface X {}', "let it: import('./a.js').X;", []],
  ['export interface X {}', "const { it } = await import('./a.js');", []],
  ['export type X = 1; export enum Y {}', '', ['a.ts exports X', 'a.ts exports Y']],
])('%s and %s', (a, b, found) => {
  const [one, other] = [parse('a.ts', a), parse('b.ts', b)];
  expect(unused([one], [one, other])).toEqual(found);
});

function unused(src: readonly ts.SourceFile[], all: readonly ts.SourceFile[]): string[] {
  const used = new Set(all.flatMap(usesOf));
  return src
    .filter(({ fileName }) => !used.has(`${fileName} *`))
    .flatMap(({ fileName, statements }) =>
      statements
        .flatMap(exportedNames)
        .filter((name) => !used.has(`${fileName} ${name}`))
        .map((name) => `${fileName} exports ${name}`),
    );
}

function exportedNames(statement: ts.Statement): string[] {
  if (ts.isExportDeclaration(statement)) {
    const { exportClause } = statement;
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
    return exportClause.elements.map(({ name }) => name.text);
  }
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (isExported !== true) return [];
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
  }
  const { name } = statement as { name?: ts.Identifier };
  return name === undefined ? [] : [name.text];
}

function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((one) => (ts.isBindingElement(one) ? boundNames(one.name) : []));
}

/** What a file imports and exports again, such as `src/index.ts name`; `*` stands for everything. */
function usesOf(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const add = (from: ts.Node | undefined, names: readonly string[]): void => {
    if (from === undefined || !ts.isStringLiteral(from) || !from.text.startsWith('.')) return;
    const path = posix.join(posix.dirname(source.fileName), from.text).replace(/\.js$/, '.ts');
    found.push(...names.map((name) => `${path} ${name}`));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const bindings = node.importClause?.namedBindings;
      add(node.moduleSpecifier, bindings === undefined ? [] : namesOf(bindings));
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.exportClause ? namesOf(node.exportClause) : ['*']);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, ['*']);
    } else if (ts.isCallExpression(node)) add(node.arguments[0], ['*']); // `import()` and mocks
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function namesOf(bindings: ts.NamedImportBindings | ts.NamedExportBindings): string[] {
  if (!ts.isNamedImports(bindings) && !ts.isNamedExports(bindings)) return ['*'];
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
}
