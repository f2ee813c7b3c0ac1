/** The table of rules and the names of the tests belong together. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

const folder = 'test/conformance';

test('every row of RULES.md has a test or a reason for having none, and every test has a row', () => {
  const table = readFileSync(`${folder}/RULES.md`, 'utf8').matchAll(
    /^\| (\d+) \|[^|]*\| (\*?)[^|]*\|([^|]*)\|$/gm,
  );
  const rows = [...table].map(([, row, italic, here]) => {
    return { row: Number(row), hasTest: italic === '', hasReason: here!.trim() !== '' };
  });
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && name !== 'rules.test.ts')
    .flatMap((name) => testNames(`${folder}/${name}`));
  expect(names.filter((name) => !/\brow \d/.test(name))).toEqual([]);
  const tested = new Set(names.map((name) => Number(/\brow (\d+)/.exec(name)![1])));
  const stated = rows.filter(({ hasTest }) => hasTest).map(({ row }) => row);
  expect([...tested].sort((a, b) => a - b)).toEqual(stated);
  expect(rows.filter(({ hasTest, hasReason }) => !hasTest && !hasReason)).toEqual([]);
  expect(rows.map(({ row }) => row)).toEqual(rows.map((_, index) => index + 1));
});

/** The names of the tests in a file. Each one begins with those of its groups. */
function testNames(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node, groups: string): void => {
    const kind = ts.isCallExpression(node) ? kindOf(node.expression) : undefined;
    const [name] = kind === undefined ? [] : (node as ts.CallExpression).arguments;
    if (name !== undefined && ts.isStringLiteralLike(name)) {
      if (kind === 'test') found.push(groups + name.text);
      else groups += `${name.text} > `;
    }
    ts.forEachChild(node, (child) => visit(child, groups));
  };
  visit(source, '');
  return found;
}

/** What is called: `test(…)` and `test.each(…)(…)` make tests, `describe(…)` makes a group. */
function kindOf(called: ts.Expression): string | undefined {
  if (ts.isIdentifier(called)) return /^(test|describe)$/.exec(called.text)?.[0];
  if (!ts.isCallExpression(called) || !ts.isPropertyAccessExpression(called.expression)) return;
  return kindOf(called.expression.expression);
}
