/**
 * Editors show the doc comment of one symbol, without its surroundings. So everything that a user
 * can name needs one that can be read alone. A test cannot judge a sentence, but it can check that
 * there is one.
 */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => (path === '.' ? 'src/index.ts' : `src/${path.slice(2)}.ts`));

const config = ts.readConfigFile('tsconfig.json', (path) => readFileSync(path, 'utf8'));
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, '.');
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();

/** Phrases that no one uses in speech. */
const STILTED =
  /^As `|\bas of\b|\bis to\b|\bare to\b|\bbut for\b|\bfor ever\b|\bwhoever\b|\bbe it\b|\bnobody need\b|\bgo(es)? on\b|\blest\b/i;

interface Documented {
  readonly path: string;
  readonly text: string;
  /** The words that the comment must explain, each in its own list item. */
  readonly values: readonly string[];
}

const documented = new Map<ts.Symbol, Documented>();
for (const entry of entries) {
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) continue;
  for (const exported of checker.getExportsOfModule(module)) visit(resolved(exported), '');
}

function resolved(symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The symbol, and everything that can be named through it. */
function visit(symbol: ts.Symbol, prefix: string): void {
  const declarations = (symbol.declarations ?? []).filter(isOurs);
  if (documented.has(symbol) || declarations.length === 0 || isInternal(symbol)) return;
  const path = `${prefix}${symbol.name}`;
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  documented.set(symbol, { path, text, values: declarations.flatMap(valuesOf) });
  for (const declaration of declarations) {
    if (ts.isClassDeclaration(declaration)) {
      declaration.members.filter(isPublic).forEach((member) => visitNode(member, `${path}.`));
    } else ts.forEachChild(declaration, (child) => visitMembers(child, `${path}.`));
  }
}

function visitNode(node: ts.Node & { readonly name?: ts.Node | undefined }, prefix: string): void {
  const symbol = node.name && checker.getSymbolAtLocation(node.name);
  if (symbol !== undefined) visit(symbol, prefix);
}

/** Properties and methods of the object types in a declaration, wherever they are. */
function visitMembers(node: ts.Node, prefix: string): void {
  if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) visitNode(node, prefix);
  else if (!ts.isBlock(node)) ts.forEachChild(node, (child) => visitMembers(child, prefix));
}

function isOurs(node: ts.Node): boolean {
  const { fileName } = node.getSourceFile();
  return fileName.includes('/src/') && !fileName.includes('node_modules');
}

function isPublic(member: ts.ClassElement): boolean {
  if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return false;
  // Members of `Error`, and those that only `instanceof` and `await using` call.
  if (ts.isComputedPropertyName(member.name)) return false;
  const inherited = ['name', 'message', 'cause'].includes(member.name.getText());
  return !inherited && !isInternal(checker.getSymbolAtLocation(member.name));
}

function isInternal(symbol: ts.Symbol | undefined): boolean {
  return symbol?.getJsDocTags().some(({ name }) => name === 'internal') === true;
}

/** The words of a union, which cannot have comments of their own. */
function valuesOf(declaration: ts.Declaration): readonly string[] {
  if (!ts.isTypeAliasDeclaration(declaration)) return [];
  const members = ts.isUnionTypeNode(declaration.type) ? declaration.type.types : [];
  return members.flatMap((member) =>
    ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal) ? [member.literal.text] : [],
  );
}

function faultOf({ text, values }: Documented): string | undefined {
  const [first = ''] = text.split(/\n\s*\n|\n\s*-/);
  const sentence = first.replace(/\s+/g, ' ').trim();
  if (sentence === '') return 'has no doc comment';
  if (!/^[A-Z]/.test(sentence)) return 'does not start with a capital';
  if (sentence.split(' ').length < 4) return 'has fewer than four words';
  const list = text.length > first.length;
  if (!(list ? /[.:]$/ : /\.$/).test(sentence)) return 'does not end with a full stop';
  const stilted = STILTED.exec(text);
  if (stilted !== null) return `says "${stilted[0]}"`;
  const missing = values.filter((value) => !itemOf(text, value));
  return missing.length === 0 ? undefined : `does not explain ${missing.join(', ')}`;
}

/** `- 'VALUE': A sentence.` */
function itemOf(text: string, value: string): boolean {
  return new RegExp(`^- \`'?${value}'?\`: [A-Z].*\\w.*`, 'm').test(text);
}

test('everything a user can name has a doc comment that can be read alone', () => {
  const faults = [...documented.values()].flatMap((one) => {
    const fault = faultOf(one);
    return fault === undefined ? [] : [`${one.path} ${fault}: ${one.text}`];
  });
  expect(documented.size).toBeGreaterThan(300);
  expect(faults).toEqual([]);
});

test.each([
  ['', 'has no doc comment'],
  ['for a slot.', 'does not start with a capital'],
  ['For a slot.', 'has fewer than four words'],
  ['Activities that wait for a slot', 'does not end with a full stop'],
  ['When the attempt is to stop.', 'says "is to"'],
  ['Activities that are waiting for a free slot.', undefined],
])('%j: %s', (text, fault) => {
  expect(faultOf({ path: '', text, values: [] })).toBe(fault);
});

test('every word of a union is explained', () => {
  const text = 'What an activity is doing now:\n\n- `PAUSED`: No attempt runs.';
  expect(faultOf({ path: '', text, values: ['PAUSED'] })).toBeUndefined();
  expect(faultOf({ path: '', text, values: ['PAUSED', 'STARTED'] })).toBe(
    'does not explain STARTED',
  );
});
