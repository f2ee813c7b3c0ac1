// What a call resolves to: `Awaited` of what the function returns.
import { ActivityRuntime, defaultRuntime, runActivity, type ActivityContext } from 'systole';
import { typeOf } from './assert.js';

async function countRows(ctx: ActivityContext<{ line: number }>, file: string): Promise<number> {
  await ctx.sleep('1s');
  return file.length;
}

typeOf(runActivity(countRows, { args: ['big.csv'] })).is<Promise<number>>();

// Inline functions.
typeOf(runActivity(async () => 'done')).is<Promise<string>>();
typeOf(runActivity(() => 1)).is<Promise<number>>();
typeOf(runActivity(async () => {})).is<Promise<void>>();
typeOf(runActivity(() => undefined)).is<Promise<undefined>>();
typeOf(runActivity(() => null)).is<Promise<null>>();
typeOf(runActivity(async () => [1, 'a'] as const)).is<Promise<readonly [1, 'a']>>();
typeOf(
  runActivity(() => {
    throw new Error('always');
  }),
).is<Promise<never>>();

// Declared results: thenables, nested ones, unions.
declare const thenable: (ctx: ActivityContext) => PromiseLike<Date>;
declare const nested: (ctx: ActivityContext) => Promise<PromiseLike<URL>>;
declare const sometimesAsync: (ctx: ActivityContext) => number | Promise<string>;
declare const optional: (ctx: ActivityContext) => Promise<{ id: string } | undefined>;
declare const tagged: (ctx: ActivityContext) => Promise<{ ok: true } | { ok: false; why: string }>;
typeOf(runActivity(thenable)).is<Promise<Date>>();
typeOf(runActivity(nested)).is<Promise<URL>>();
typeOf(runActivity(sometimesAsync)).is<Promise<number | string>>();
typeOf(runActivity(optional)).is<Promise<{ id: string } | undefined>>();
typeOf(runActivity(tagged)).is<Promise<{ ok: true } | { ok: false; why: string }>>();

// A generic function, from its args or from what it is instantiated with.
declare function first<T>(ctx: ActivityContext, items: readonly T[]): Promise<T>;
declare function echo<T>(ctx: ActivityContext, item: T): T;
typeOf(runActivity(first, { args: [[1, 2]] })).is<Promise<number>>();
typeOf(runActivity(echo, { args: [new Date()] })).is<Promise<Date>>();
typeOf(runActivity(first<string>, { args: [['a', 'b']] })).is<Promise<string>>();
typeOf(runActivity((ctx) => first(ctx, [1, 2]))).is<Promise<number>>();
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runActivity(first<string>, { args: [[1]] });

// A method of an object that does not need its `this`, and a bound one that does.
class Importer {
  readonly rows = 3;
  count(this: void, _ctx: ActivityContext, file: string): number {
    return file.length;
  }
  async import(this: Importer, _ctx: ActivityContext): Promise<number> {
    return this.rows;
  }
}
const importer = new Importer();
typeOf(runActivity(importer.count, { args: ['a.csv'] })).is<Promise<number>>();
typeOf(runActivity((ctx) => importer.import(ctx))).is<Promise<number>>();
// @ts-expect-error The 'this' types of each signature are incompatible
void runActivity(importer.import);

// Not activities.
// @ts-expect-error Argument of type 'string' is not assignable to parameter of type
void runActivity('countRows', { args: ['big.csv'] });
// @ts-expect-error Argument of type 'Promise<number>' is not assignable to parameter of type
void runActivity(Promise.resolve(1));
// @ts-expect-error Expected at least 1 arguments, but got 0
void runActivity();
// @ts-expect-error Types of parameters 'file' and 'ctx' are incompatible
void runActivity((file: string) => file.length);

// The result is what it says.
// @ts-expect-error Type 'Promise<number>' is not assignable to type 'Promise<string>'
const text: Promise<string> = runActivity(countRows, { args: ['big.csv'] });
void text;

// A runtime's `run` is the same call.
const runtime = new ActivityRuntime();
typeOf(runtime.run).is<typeof runActivity>();
typeOf(defaultRuntime()).is<ActivityRuntime>();
typeOf(runtime.run(countRows, { args: ['big.csv'] })).is<Promise<number>>();
typeOf(runtime.run(async (ctx) => ctx.info.attempt)).is<Promise<number>>();
typeOf(runtime.run(sometimesAsync)).is<Promise<number | string>>();
// @ts-expect-error Expected 2 arguments, but got 1
void runtime.run(countRows);
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runtime.run(countRows, { args: [1] });
// @ts-expect-error 'retries' does not exist in type
void runtime.run(countRows, { args: ['big.csv'], retries: 3 });
