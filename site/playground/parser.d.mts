/** As far as the playground needs it. */
export interface Statement {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly id?: { readonly name: string } | null;
  readonly declaration?: Statement | null;
}

/** @throws SyntaxError with `loc` */
export declare function parse(
  code: string,
  options: {
    readonly ecmaVersion: 'latest';
    readonly sourceType: 'module';
    readonly locations: true;
  },
): { readonly body: readonly Statement[] };
