/**
 * Every text that a user may meet as an error or in the log, as it stands in the source: what is
 * given as the message to an error, a failure or a logger, directly or by way of functions, variables
 * and tables.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface Text {
  /** Without what is filled in. */
  readonly text: string;
  /** Such as `src/runtime/engine.ts:129`. */
  readonly place: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const LOGGED = /^(warn|error)$/;

export function messages(): Text[] {
  const { program, sources } = sourceProgram();
  const checker = program.getTypeChecker();
  const texts = new Map<string, Text>();
  /** Parameters that become a message, or a part of one. */
  const passedOn = new Set<ts.Symbol>();
  const seen = new Set<ts.Node>();

  const calls: (ts.CallExpression | ts.NewExpression)[] = [];
  for (const source of sources) {
    walk(source, (node) => {
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) calls.push(node);
    });
  }

  for (let known = -1; known < passedOn.size + texts.size;) {
    known = passedOn.size + texts.size;
    for (const call of calls) messageArguments(call).forEach(collect);
  }
  return [...texts.values()];

  /** The arguments of a call that a user will read. */
  function messageArguments(call: ts.CallExpression | ts.NewExpression): ts.Node[] {
    const args = [...(call.arguments ?? [])];
    const name = ts.isPropertyAccessExpression(call.expression)
      ? call.expression.name.text
      : call.expression.getText();
    if (ts.isNewExpression(call) && /(Error|Failure)$/.test(name)) return args.slice(0, 1);
    if (ts.isPropertyAccessExpression(call.expression)) {
      if (LOGGED.test(name)) return args.slice(0, 1);
      if (/Failure$/.test(call.expression.expression.getText())) return args.slice(0, 1);
    }
    const parameters = checker.getResolvedSignature(call)?.parameters ?? [];
    return args.filter((_, index) => {
      const parameter = parameters[index];
      if (parameter === undefined) return false;
      return passedOn.has(parameter) || (/^#?log$/.test(name) && parameter.name === 'message');
    });
  }

  function collect(node: ts.Node): void {
    if (seen.has(node)) return;
    seen.add(node);
    const literal = joined(node);
    if (literal !== undefined) {
      add(literal, node);
      return;
    }
    if (ts.isTemplateExpression(node)) {
      for (const { text } of [node.head, ...node.templateSpans.map((span) => span.literal)]) {
        add(text, node);
      }
    } else if (ts.isIdentifier(node)) follow(checker.getSymbolAtLocation(node));
    else if (ts.isShorthandPropertyAssignment(node)) {
      follow(checker.getShorthandAssignmentValueSymbol(node));
    } else if (ts.isPropertyAccessExpression(node)) {
      follow(checker.getSymbolAtLocation(node.name));
    } else if (ts.isCallExpression(node)) {
      const declaration = checker.getResolvedSignature(node)?.declaration;
      if (declaration !== undefined && isOurs(declaration)) returnsOf(declaration);
    }
    partsOf(node).forEach(collect);
  }

  /** What a name stands for. */
  function follow(symbol: ts.Symbol | undefined): void {
    if (symbol === undefined) return;
    const alias = symbol.flags & ts.SymbolFlags.Alias;
    const { declarations = [] } = alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of declarations) {
      if (!isOurs(declaration)) continue;
      if (ts.isParameter(declaration)) passedOn.add(symbol);
      else if (ts.isVariableDeclaration(declaration)) {
        if (declaration.initializer !== undefined) collect(declaration.initializer);
        if (!seen.has(declaration)) changesOf(symbol, declaration);
        seen.add(declaration);
      } else if (ts.isPropertyAssignment(declaration)) collect(declaration.initializer);
    }
  }

  /** What is assigned to a variable, or pushed. */
  function changesOf(symbol: ts.Symbol, declaration: ts.VariableDeclaration): void {
    walk(declaration.getSourceFile(), (node) => {
      const assigned = ts.isBinaryExpression(node) && ts.isIdentifier(node.left);
      if (assigned && checker.getSymbolAtLocation(node.left) === symbol) collect(node.right);
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      const { expression, name } = node.expression;
      const pushed = name.text === 'push' && checker.getSymbolAtLocation(expression) === symbol;
      if (pushed) node.arguments.forEach(collect);
    });
  }

  function returnsOf(declaration: ts.Node): void {
    if (seen.has(declaration)) return;
    seen.add(declaration);
    const { body } = declaration as ts.FunctionLikeDeclaration;
    if (body === undefined) return;
    if (!ts.isBlock(body)) collect(body);
    walk(body, (node) => {
      if (ts.isReturnStatement(node) && node.expression !== undefined) collect(node.expression);
    });
  }

  function add(text: string, node: ts.Node): void {
    const source = node.getSourceFile();
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const file = source.fileName.slice(root.length);
    if (!texts.has(text)) texts.set(text, { text, place: `${file}:${line}` });
  }
}

function isOurs(node: ts.Node): boolean {
  return node.getSourceFile().fileName.startsWith(`${root}src/`);
}

/** What an expression is put together from, as far as its text goes. */
function partsOf(node: ts.Node): readonly ts.Node[] {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression);
  if (ts.isBinaryExpression(node)) return [node.left, node.right];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isObjectLiteralExpression(node)) return node.properties;
  if (ts.isPropertyAssignment(node)) return [node.initializer];
  if (ts.isArrayLiteralExpression(node)) return node.elements;
  if (ts.isCallExpression(node)) {
    // list.join(', ')
    const { expression } = node;
    return ts.isPropertyAccessExpression(expression) && /^(join|map)$/.test(expression.name.text)
      ? [expression.expression]
      : [];
  }
  const wrapped =
    ts.isElementAccessExpression(node) ||
    ts.isSpreadElement(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isAwaitExpression(node);
  return wrapped ? [node.expression] : [];
}

/** 'one ' + 'two', if nothing is filled in. */
function joined(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isBinaryExpression(node)) return undefined;
  const [left, right] = [joined(node.left), joined(node.right)];
  return left === undefined || right === undefined ? undefined : left + right;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** The sources without libraries: names and calls are all that counts, and types take seconds. */
function sourceProgram(): { program: ts.Program; sources: ts.SourceFile[] } {
  const files = ts.sys.readDirectory(`${root}src`, ['.ts']);
  const options = { noLib: true, types: [], target: ts.ScriptTarget.ES2022 };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (names, importer) =>
    names.map(({ text }) => {
      const resolvedFileName = join(dirname(importer), text.replace(/\.js$/, '.ts'));
      const isOurs = text.startsWith('.');
      return { resolvedModule: isOurs ? { resolvedFileName, extension: '.ts' } : undefined };
    });
  const program = ts.createProgram(files, options, host);
  return { program, sources: files.map((file) => program.getSourceFile(file)!) };
}
