/** Finds the writes to fields, by the type checker. */
import { basename } from 'node:path';
import ts from 'typescript';

export interface Write {
  /** The type that declares the field. */
  readonly owner: string;
  readonly field: string;
  /** The file that writes, and the function or method in it. */
  readonly file: string;
  readonly within: string;
  /** Whether the field is declared, or its class is, in another file. */
  readonly foreign: boolean;
}

/** All writes to fields that files of the program declare. */
export function writesIn(program: ts.Program): Write[] {
  const checker = program.getTypeChecker();
  const own = program
    .getSourceFiles()
    .filter((file) => !/node_modules|lib\..*d\.ts/.test(file.fileName));
  const implemented = implementedInterfaces(own, checker);
  const found: Write[] = [];

  const add = (field: ts.Symbol | undefined, at: ts.Node): void => {
    const declarations = (field?.declarations ?? []).filter((it) =>
      own.includes(it.getSourceFile()),
    );
    const [first] = declarations;
    if (field === undefined || first === undefined) return;
    const file = at.getSourceFile();
    const isElsewhere = declarations.every((it) => it.getSourceFile() !== file);
    found.push({
      owner: nameOf(first.parent) ?? '?',
      field: field.name,
      file: basename(file.fileName),
      within: functionAround(at),
      foreign: isElsewhere || implemented.has(first.parent),
    });
  };

  /** The fields that an expression on the left of an assignment writes to. */
  const addTargets = (target: ts.Expression): void => {
    if (ts.isParenthesizedExpression(target) || ts.isAsExpression(target)) {
      addTargets(target.expression);
    } else if (ts.isNonNullExpression(target)) addTargets(target.expression);
    else if (ts.isPropertyAccessExpression(target)) {
      add(checker.getSymbolAtLocation(target.name), target);
    } else if (ts.isElementAccessExpression(target)) {
      const type = checker.getTypeAtLocation(target.expression);
      const key = checker.getTypeAtLocation(target.argumentExpression);
      for (const one of key.isUnion() ? key.types : [key]) {
        if (one.isStringLiteral()) add(checker.getPropertyOfType(type, one.value), target);
      }
    } else if (ts.isArrayLiteralExpression(target)) target.elements.forEach(addTargets);
    else if (ts.isSpreadElement(target)) addTargets(target.expression);
    else if (ts.isObjectLiteralExpression(target)) target.properties.forEach(addDestructured);
    else if (ts.isBinaryExpression(target)) addTargets(target.left); // with a default
  };

  const addDestructured = (property: ts.ObjectLiteralElementLike): void => {
    if (ts.isPropertyAssignment(property)) addTargets(property.initializer);
    if (ts.isSpreadAssignment(property)) addTargets(property.expression);
  };

  /** The fields that `Object.assign` gives to an object that existed before. */
  const addAssigned = ([to, ...from]: readonly ts.Expression[]): void => {
    if (to === undefined || ts.isObjectLiteralExpression(to)) return;
    const type = checker.getTypeAtLocation(to);
    for (const source of from) {
      for (const { name } of checker.getTypeAtLocation(source).getProperties()) {
        add(checker.getPropertyOfType(type, name), to);
      }
    }
  };

  const visit = (node: ts.Node): void => {
    const target = writtenBy(node);
    if (target !== undefined) addTargets(target);
    if (ts.isCallExpression(node) && node.expression.getText() === 'Object.assign') {
      addAssigned(node.arguments);
    }
    ts.forEachChild(node, visit);
  };
  own.forEach(visit);
  return found;
}

function writtenBy(node: ts.Node): ts.Expression | undefined {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return assigns ? node.left : undefined;
  }
  if (ts.isDeleteExpression(node)) return node.expression;
  if (ts.isForOfStatement(node) || ts.isForInStatement(node)) {
    return ts.isVariableDeclarationList(node.initializer) ? undefined : node.initializer;
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return undefined;
  const { operator } = node;
  const changes =
    operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken;
  return changes ? node.operand : undefined;
}

function nameOf(node: ts.Node): string | undefined {
  const { name } = node as { name?: ts.Node };
  if (name !== undefined) return name.getText();
  return ts.isSourceFile(node) ? undefined : nameOf(node.parent);
}

/** The name of the innermost function or method around a node that has one. */
function functionAround(node: ts.Node): string {
  for (let at = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isConstructorDeclaration(at)) return 'constructor';
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) && at.name) {
      return at.name.getText();
    }
  }
  return '';
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
