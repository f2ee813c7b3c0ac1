// `args`: a tuple typed from the function, required exactly when the function needs it.
import { runActivity, type ActivityContext, type RunParameters } from 'systole';
import { check, typeOf, type Equal } from './assert.js';

declare const none: (ctx: ActivityContext) => Promise<void>;
declare const contextless: () => Promise<void>;
declare const one: (ctx: ActivityContext, file: string) => Promise<void>;
declare const two: (ctx: ActivityContext, file: string, from: number) => Promise<void>;
declare const optional: (ctx: ActivityContext, file?: string) => Promise<void>;
declare const mixed: (ctx: ActivityContext, file: string, from?: number) => Promise<void>;
declare const rest: (ctx: ActivityContext, ...files: string[]) => Promise<void>;
declare const oneAndRest: (ctx: ActivityContext, file: string, ...n: number[]) => Promise<void>;
declare const tuple: (ctx: ActivityContext, ...at: [x: number, y: number]) => Promise<void>;
declare const list: (ctx: ActivityContext, rows: readonly number[]) => Promise<void>;
declare const literal: (ctx: ActivityContext, mode: 'fast' | 'safe') => Promise<void>;
declare const callback: (ctx: ActivityContext, f: (row: string) => number) => Promise<void>;
declare const nullable: (ctx: ActivityContext, file: string | undefined) => Promise<void>;

// Needed by none: no options, no `args`, or empty ones.
void runActivity(none);
void runActivity(none, {});
void runActivity(none, { args: [] });
void runActivity(none, { args: undefined });
void runActivity(none, undefined);
void runActivity(contextless);
void runActivity(contextless, { heartbeatTimeout: '1s' });

// Optional and rest parameters.
void runActivity(optional);
void runActivity(optional, { args: [] });
void runActivity(optional, { args: ['a.csv'] });
void runActivity(rest);
void runActivity(rest, { args: [] });
void runActivity(rest, { args: ['a.csv', 'b.csv'] });
void runActivity(mixed, { args: ['a.csv'] });
void runActivity(mixed, { args: ['a.csv', 7] });
void runActivity(oneAndRest, { args: ['a.csv'] });
void runActivity(oneAndRest, { args: ['a.csv', 1, 2, 3] });
void runActivity(tuple, { args: [1, 2] });

// Contextual types reach into `args`.
void runActivity(literal, { args: ['fast'] });
void runActivity(list, { args: [[1, 2]] });
void runActivity(callback, { args: [(row) => row.length] });
void runActivity(nullable, { args: [undefined] });

// Constants, read-only tuples, arrays.
const constant = ['a.csv', 7] as const;
declare const readonlyPair: readonly [string, number];
declare const mutablePair: [string, number];
declare const strings: readonly string[];
void runActivity(one, { args: ['a.csv'] as const });
void runActivity(two, { args: constant });
void runActivity(two, { args: readonlyPair });
void runActivity(two, { args: mutablePair });
void runActivity(mixed, { args: constant });
void runActivity(rest, { args: strings });
void runActivity(list, { args: [[1, 2]] as const });
const options = { args: ['a.csv'], heartbeatTimeout: '10s' } as const;
void runActivity(one, options);

// Missing.
// @ts-expect-error Expected 2 arguments, but got 1
void runActivity(one);
// @ts-expect-error Property 'args' is missing in type '\{\}'
void runActivity(one, {});
// @ts-expect-error Property 'args' is missing in type '\{ heartbeatTimeout: "10s"; \}'
void runActivity(one, { heartbeatTimeout: '10s' });
// @ts-expect-error Type 'undefined' is not assignable to type 'readonly \[file: string\]'
void runActivity(one, { args: undefined });
// @ts-expect-error Argument of type 'undefined' is not assignable to parameter of type 'ActivityOp
void runActivity(one, undefined);
// @ts-expect-error Property 'args' is missing
void runActivity(nullable, {});

// Too few, too many.
// @ts-expect-error Source has 0 element\(s\) but target requires 1
void runActivity(one, { args: [] });
// @ts-expect-error Source has 2 element\(s\) but target allows only 1
void runActivity(one, { args: ['a.csv', 'b.csv'] });
// @ts-expect-error Source has 1 element\(s\) but target requires 2
void runActivity(two, { args: ['a.csv'] });
// @ts-expect-error Type 'string' is not assignable to type 'undefined'
void runActivity(none, { args: ['a.csv'] });
// @ts-expect-error Source has 3 element\(s\) but target allows only 2
void runActivity(mixed, { args: ['a.csv', 1, 2] });
// @ts-expect-error Target requires 1 element\(s\) but source may have fewer
void runActivity(one, { args: strings });

// Of the wrong type: the error stands at the element.
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runActivity(one, { args: [1] });
// @ts-expect-error Type 'string' is not assignable to type 'number'
void runActivity(two, { args: ['a.csv', '7'] });
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runActivity(rest, { args: ['a.csv', 1] });
// @ts-expect-error Type '"slow"' is not assignable to type '"fast" \| "safe"'
void runActivity(literal, { args: ['slow'] });
// @ts-expect-error Type 'null' is not assignable to type 'string'
void runActivity(one, { args: [null] });
// @ts-expect-error Type 'string' is not assignable to type 'readonly \[file: string\]'
void runActivity(one, { args: 'a.csv' });
// @ts-expect-error Property 'args' is missing in type 'string\[\]'
void runActivity(one, ['a.csv']);
// @ts-expect-error Expected 2 arguments, but got 3
void runActivity(two, { args: ['a.csv', 1] }, {});

// Inline functions: annotated parameters need their args, and nobody mixes them up.
void runActivity(async (_ctx, file: string, n: number) => file.repeat(n), { args: ['a', 2] });
// @ts-expect-error Expected 2 arguments, but got 1
void runActivity(async (_ctx, file: string) => file);
// @ts-expect-error Type 'string' is not assignable to type 'number'
void runActivity(async (_ctx, n: number) => n, { args: ['2'] });
void runActivity((_ctx, ...names: string[]) => names.join(), { args: ['a', 'b'] });
void runActivity((_ctx, ...names: string[]) => names.join(), { heartbeatTimeout: '1s' });
void runActivity((_ctx, name?: string) => name, { heartbeatTimeout: '1s' });
void runActivity((_ctx, name?: string) => name);
// @ts-expect-error Source has 2 element\(s\) but target allows only 1
void runActivity(async (_ctx, file: string) => file, { args: ['a.csv', 1] });

// Parameters without an annotation have their types from the args.
typeOf(runActivity(async (_ctx, file) => file, { args: ['a.csv'] })).is<Promise<string>>();
typeOf(runActivity((_ctx, n, file) => ({ n, file }), { args: [1, 'a.csv'] })).is<
  Promise<{ n: number; file: string }>
>();
// @ts-expect-error Property 'toFixed' does not exist on type 'string'
void runActivity(async (_ctx, file) => file.toFixed(), { args: ['a.csv'] });

// The parameters after the function, by name.
check<Equal<RunParameters<[]>['length'], 0 | 1>>(true);
check<Equal<RunParameters<[string]>['length'], 1>>(true);
check<Equal<RunParameters<[string?]>['length'], 0 | 1>>(true);
check<Equal<RunParameters<string[]>['length'], 0 | 1>>(true);
check<Equal<RunParameters<[string, number?]>[0]['args'], readonly [string, number?]>>(true);

// A function of one's own that passes everything on needs no cast.
function traced<A extends unknown[], R>(
  fn: (this: void, ctx: ActivityContext, ...args: A) => R,
  ...parameters: RunParameters<A>
): Promise<Awaited<R>> {
  return runActivity(fn, ...parameters);
}
typeOf(traced(async (_ctx, file: string) => file.length, { args: ['a.csv'] })).is<
  Promise<number>
>();
// @ts-expect-error Expected 2 arguments, but got 1
void traced(one);
