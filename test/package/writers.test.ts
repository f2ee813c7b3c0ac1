/** Every field has one writer: the file that declares it. The type checker finds all others. */
import { basename, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

/** The links of lists. Only the list writes them, so that being in it costs no object. */
const LINKS = [
  'Deadline.bucket, by deadline.ts',
  'Deadline.earlier, by deadline.ts',
  'Deadline.later, by deadline.ts',
  'Listed.after, by registry.ts',
  'Listed.before, by registry.ts',
  'Ticket.ahead, by queue.ts',
  'Ticket.behind, by queue.ts',
  'Ticket.order, by queue.ts',
  'Ticket.queue, by queue.ts',
];

test('no field is assigned outside its own file, apart from the links of lists', () => {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram(
    fileNames.filter((file) => relative('.', file).startsWith('src/')),
    options,
  );
  expect(foreignWrites(program)).toEqual(LINKS);
});

test.each([
  ['class A { x = 1 }', "import { A } from './a.js'; new A().x = 2;", ['A.x, by b.ts']],
  ['class A { x = 1 }', "import { A } from './a.js'; new A().x++;", ['A.x, by b.ts']],
  ['class A { x = 1 }', "import { A } from './a.js'; delete (new A() as any).x;", []],
  ['class A { x = 1; set() { this.x = 2 } }', "import { A } from './a.js'; new A().set();", []],
  [
    'class A { x = 1 }',
    "import { A } from './a.js'; class B extends A { f() { this.x = 2 } } new B();",
    ['A.x, by b.ts'],
  ],
  [
    'class A { x = { y: 1 } }',
    "import { A } from './a.js'; new A().x = { y: 2 };",
    ['A.x, by b.ts'],
  ],
])('%s, with %s', (a, b, found) => {
  expect(foreignWrites(programOf({ 'a.ts': `export ${a}`, 'b.ts': b }))).toEqual(found);
});

/** Writes to a field of a class that is declared, or implements an interface, in another file. */
function foreignWrites(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const own = program
    .getSourceFiles()
    .filter((file) => !/node_modules|lib\..*d\.ts/.test(file.fileName));
  const implemented = implementedInterfaces(own, checker);
  const visit = (node: ts.Node, file: ts.SourceFile): void => {
    const target = writtenBy(node);
    if (target !== undefined && ts.isPropertyAccessExpression(target)) {
      const declaration = checker.getSymbolAtLocation(target.name)?.declarations?.[0];
      const owner = declaration?.parent;
      const foreign =
        owner !== undefined &&
        own.includes(owner.getSourceFile()) &&
        ((ts.isClassLike(owner) && owner.getSourceFile() !== file) ||
          (ts.isInterfaceDeclaration(owner) && implemented.has(owner)));
      if (foreign) {
        found.add(`${owner.name?.text ?? '?'}.${target.name.text}, by ${basename(file.fileName)}`);
      }
    }
    ts.forEachChild(node, (child) => visit(child, file));
  };
  own.forEach((file) => visit(file, file));
  return [...found].sort();
}

function writtenBy(node: ts.Node): ts.Expression | undefined {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return assigns ? node.left : undefined;
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return undefined;
  const { operator } = node;
  const changes =
    operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;
  return changes ? node.operand : undefined;
}

function implementedInterfaces(
  files: readonly ts.SourceFile[],
  checker: ts.TypeChecker,
): Set<ts.Node> {
  const found = new Set<ts.Node>();
  const visit = (node: ts.Node): void => {
    if (ts.isClassLike(node)) {
      for (const clause of node.heritageClauses ?? []) {
        if (clause.token !== ts.SyntaxKind.ImplementsKeyword) continue;
        for (const { expression } of clause.types) {
          const symbol = checker.getTypeAtLocation(expression).getSymbol();
          symbol?.declarations?.forEach((declaration) => found.add(declaration));
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  files.forEach(visit);
  return found;
}

function programOf(files: Readonly<Record<string, string>>): ts.Program {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noLib: true,
  };
  const text = (path: string): string | undefined => files[basename(path)];
  const host: ts.CompilerHost = {
    getSourceFile: (path, version) => {
      const content = text(path);
      return content === undefined ? undefined : ts.createSourceFile(path, content, version, true);
    },
    fileExists: (path) => text(path) !== undefined,
    readFile: text,
    writeFile: () => {},
    getDefaultLibFileName: () => 'lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
  };
  return ts.createProgram(
    Object.keys(files).map((name) => `/${name}`),
    options,
    host,
  );
}
