/** Everything that a user can name through the entries of the package, and its doc comment. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

export interface Documented {
  readonly path: string;
  readonly text: string;
  /** The words of a type, which its comment must explain, each in its own list item. */
  readonly items: readonly string[];
  /** The words of a property, which its comment must quote. */
  readonly words: readonly string[];
}

/** What the files export, and everything that can be named through it. */
export function documentedIn(
  files: readonly string[],
  options: ts.CompilerOptions = optionsOf('tsconfig.json'),
): Documented[] {
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const documented = new Map<ts.Symbol, Documented>();

  /** The symbol, and everything that can be named through it. */
  const visit = (symbol: ts.Symbol, prefix: string): void => {
    const declarations = (symbol.declarations ?? []).filter(isOurs);
    if (documented.has(symbol) || declarations.length === 0 || isInternal(symbol)) return;
    const path = `${prefix}${symbol.name}`;
    add(symbol, path, declarations);
    for (const declaration of declarations) {
      if (ts.isClassDeclaration(declaration)) {
        membersOf(declaration).forEach((member) => visitNode(member, `${path}.`));
      } else ts.forEachChild(declaration, (child) => visitMembers(child, `${path}.`));
      if (ts.isTypeAliasDeclaration(declaration)) visitMapped(symbol, `${path}.`);
    }
  };

  const add = (symbol: ts.Symbol, path: string, declarations: readonly ts.Declaration[]): void => {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    const items = declarations.flatMap((one) =>
      ts.isTypeAliasDeclaration(one) ? wordsOf(one.type) : [],
    );
    const words = declarations.flatMap((one) =>
      ts.isPropertySignature(one) ? wordsOf(one.type) : [],
    );
    documented.set(symbol, { path, text, items, words });
  };

  const visitNode = (
    node: ts.Node & { readonly name?: ts.Node | undefined },
    prefix: string,
  ): void => {
    const symbol = node.name && checker.getSymbolAtLocation(node.name);
    if (symbol !== undefined) visit(symbol, prefix);
  };

  /** Properties and methods of the object types in a declaration, wherever they are. */
  const visitMembers = (node: ts.Node, prefix: string): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) visitNode(node, prefix);
    else if (!ts.isBlock(node)) ts.forEachChild(node, (child) => visitMembers(child, prefix));
  };

  /** Properties that a mapped type makes. They have the comment of what they are made from, or none. */
  const visitMapped = (alias: ts.Symbol, prefix: string): void => {
    const type = checker.getDeclaredTypeOfSymbol(alias);
    if (type.isUnion() || checker.isArrayLikeType(type)) return;
    for (const property of type.getProperties()) {
      const { name, declarations } = property;
      const ours = declarations?.some(isOurs) ?? true;
      const isPrivate = name.includes('#');
      if (ours && isMapped(property) && !isPrivate) add(property, `${prefix}${name}`, []);
    }
  };

  /** The words of a type, which cannot have comments of their own. */
  const wordsOf = (type: ts.TypeNode | undefined): readonly string[] => {
    if (type === undefined) return [];
    if (ts.isUnionTypeNode(type)) return type.types.flatMap(wordsOf);
    if (ts.isLiteralTypeNode(type))
      return ts.isStringLiteral(type.literal) ? [type.literal.text] : [];
    if (!ts.isTypeReferenceNode(type)) return [];
    const symbol = resolved(checker.getSymbolAtLocation(type.typeName));
    // A type that users can name explains its own words.
    if (symbol === undefined || exported.has(symbol)) return [];
    return (symbol.declarations ?? []).flatMap((one) =>
      ts.isTypeAliasDeclaration(one) ? wordsOf(one.type) : [],
    );
  };

  const resolved = (symbol: ts.Symbol | undefined): ts.Symbol | undefined =>
    symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  /** The public members of a class, and those that it inherits from a class of ours. */
  const membersOf = (declaration: ts.ClassDeclaration): readonly ts.ClassElement[] => [
    ...declaration.members.filter(isPublic),
    ...(declaration.heritageClauses ?? [])
      .flatMap(({ types }) => types)
      .flatMap(
        ({ expression }) => resolved(checker.getSymbolAtLocation(expression))?.declarations ?? [],
      )
      .flatMap((base) => (ts.isClassDeclaration(base) && isOurs(base) ? membersOf(base) : [])),
  ];

  const isPublic = (member: ts.ClassElement): boolean =>
    member.name !== undefined &&
    !ts.isPrivateIdentifier(member.name) &&
    // Only `instanceof` and `await using` call them.
    !ts.isComputedPropertyName(member.name) &&
    !isInternal(checker.getSymbolAtLocation(member.name));

  const exported = new Set(
    files.flatMap((file) => {
      const source = program.getSourceFile(file);
      const module = source && checker.getSymbolAtLocation(source);
      if (module === undefined) throw new Error(`${file} exports nothing`);
      return checker.getExportsOfModule(module).map((one) => resolved(one)!);
    }),
  );
  for (const symbol of exported) visit(symbol, '');
  return [...documented.values()];
}

function optionsOf(path: string): ts.CompilerOptions {
  const config = ts.readConfigFile(path, (file) => readFileSync(file, 'utf8'));
  return ts.parseJsonConfigFileContent(config.config, ts.sys, '.').options;
}

function isOurs(node: ts.Node): boolean {
  const { fileName } = node.getSourceFile();
  return /\/(src|dist)\//.test(fileName) && !fileName.includes('node_modules');
}

function isInternal(symbol: ts.Symbol | undefined): boolean {
  return symbol?.getJsDocTags().some(({ name }) => name === 'internal') === true;
}

function isMapped(property: ts.Symbol): boolean {
  return (property.flags & ts.SymbolFlags.Transient) !== 0;
}

/** Phrases that no one uses in speech. */
const STILTED =
  /^As `|\bas of\b|\bis to\b|\bare to\b|\bbut for\b|\bfor ever\b|\bwhoever\b|\bbe it\b|\bnobody need\b|\bgo(es)? on\b|\blest\b/i;

/** The faults of all comments, each with its path and its text. */
export function faultsOf(documented: readonly Documented[]): string[] {
  return documented.flatMap((one) => {
    const fault = faultOf(one);
    return fault === undefined ? [] : [`${one.path} ${fault}: ${one.text}`];
  });
}

export function faultOf({ text, items, words }: Documented): string | undefined {
  const [first = ''] = text.split(/\n\s*\n|\n\s*-/);
  const sentence = first.replace(/\s+/g, ' ').trim();
  if (sentence === '') return 'has no doc comment';
  if (!/^[A-Z]/.test(sentence)) return 'does not start with a capital';
  if (sentence.split(' ').length < 4) return 'has fewer than four words';
  const list = text.length > first.length;
  if (!(list ? /[.:]$/ : /\.$/).test(sentence)) return 'does not end with a full stop';
  const stilted = STILTED.exec(text);
  if (stilted !== null) return `says "${stilted[0]}"`;
  const missing = [
    ...items.filter((value) => !itemOf(text, value)),
    ...words.filter((value) => !text.includes(`\`'${value}'\``)),
  ];
  return missing.length === 0 ? undefined : `does not explain ${missing.join(', ')}`;
}

/** `- 'VALUE': A sentence.` */
function itemOf(text: string, value: string): boolean {
  return new RegExp(`^- \`'?${value}'?\`: [A-Z].*\\w.*`, 'm').test(text);
}
