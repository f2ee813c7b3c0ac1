/** Every field has one writer: the file that declares it. The type checker finds all others. */
import { basename, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { writesIn, type Write } from './writes.js';

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

describe('in src', () => {
  const program = sourceProgram();
  const writes = writesIn(program);

  test('no field is assigned outside its own file, apart from the links of lists', () => {
    expect(foreign(writes)).toEqual(LINKS);
  });

  test('only #enter changes the phase of an activity', () => {
    const phases = writes.filter((one) => one.owner === 'ActivityState' && one.field === 'phase');
    expect(phases.map(({ within }) => within)).toEqual(['#enter']);
  });

  test('only outbox.ts emits events', () => {
    expect(callersOf(program, 'Events', 'emit')).toEqual(['outbox.ts']);
  });
});

test.each([
  ['class A { x = 1 }', "import { A } from './a.js'; new A().x = 2;", ['A.x, by b.ts']],
  ['class A { x = 1 }', "import { A } from './a.js'; new A().x++;", ['A.x, by b.ts']],
  ['class A { x = 1 }', "import { A } from './a.js'; delete (new A() as any).x;", []],
  ['class A { x = 1 }', "import { A } from './a.js'; new A()['x'] = 2;", ['A.x, by b.ts']],
  ['class A { x = 1 }', "import { A } from './a.js'; [new A().x] = [2];", ['A.x, by b.ts']],
  [
    'class A { x = 1 }',
    "import { A } from './a.js'; ({ y: new A().x } = { y: 2 });",
    ['A.x, by b.ts'],
  ],
  [
    'class A { x = 1 }',
    "import { A } from './a.js'; Object.assign(new A(), { x: 2 });",
    ['A.x, by b.ts'],
  ],
  [
    'class A { x = 1 }',
    "import { A } from './a.js'; const a: A = Object.assign({}, { x: 2 });",
    [],
  ],
  [
    'interface A { x: number }',
    "import type { A } from './a.js'; const a: A = { x: 1 }; a.x = 2;",
    ['A.x, by b.ts'],
  ],
  [
    'type A = { readonly x: number }',
    "import type { A } from './a.js'; const a: { -readonly [F in keyof A]: A[F] } = { x: 1 }; a.x = 2;",
    ['A.x, by b.ts'],
  ],
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
  expect(foreign(writesIn(programOf({ 'a.ts': `export ${a}`, 'b.ts': b })))).toEqual(found);
});

test('the callers of a method are found', () => {
  const a = 'export class A { f() {} }';
  const b = "import { A } from './a.js'; new A().f(); ({ f() {} }).f();";
  expect(callersOf(programOf({ 'a.ts': a, 'b.ts': b }), 'A', 'f')).toEqual(['b.ts']);
});

function foreign(writes: readonly Write[]): string[] {
  const found = writes.filter((one) => one.foreign);
  return [...new Set(found.map((one) => `${one.owner}.${one.field}, by ${one.file}`))].sort();
}

/** The files that name a method of a class, apart from where it is declared. */
function callersOf(program: ts.Program, owner: string, method: string): string[] {
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === method) {
      const declaration = checker.getSymbolAtLocation(node)?.declarations?.[0];
      const type = declaration?.parent;
      const isIt = type && ts.isClassLike(type) && type.name?.text === owner;
      if (isIt && node.parent !== declaration) found.add(basename(node.getSourceFile().fileName));
    }
    ts.forEachChild(node, visit);
  };
  program.getSourceFiles().forEach(visit);
  return [...found];
}

function sourceProgram(): ts.Program {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  return ts.createProgram(
    fileNames.filter((file) => relative('.', file).startsWith('src/')),
    options,
  );
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
