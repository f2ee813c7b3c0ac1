// What recover() knows of the activities that it has started: the results and details of the functions.
import {
  ActivityRuntime,
  type ActivityContext,
  type ActivityHandle,
  type Recovered,
  type RecoveredHandle,
} from 'systole';
import { workerPool } from 'systole/workers';
import { check, typeOf, type AnyMembers, type Equal } from './assert.js';

declare function parseCsv(ctx: ActivityContext<{ line: number }>, file: string): Promise<number>;
declare function resize(ctx: ActivityContext<string>, width: number, height: number): string;
declare function ping(): Promise<void>;
const runtime = new ActivityRuntime();
declare const some: object;

export async function recovers(): Promise<void> {
  const { recovered, unknown, held } = await runtime.recover({ parseCsv }, { every: '10s' });
  typeOf(recovered).is<ActivityHandle<number, { line: number }>[]>();
  typeOf(unknown).is<typeof held>();
  check<Equal<AnyMembers<(typeof recovered)[0]>, never>>(true);
  const everything: ActivityHandle[] = recovered;
  void everything;

  // Several functions: one of their results, and one of their details.
  const both = await runtime.recover({ parseCsv, resize });
  typeOf(both.recovered).is<ActivityHandle<number | string, { line: number } | string>[]>();
  typeOf(await Promise.all(both.recovered.map((one) => one.result()))).is<(number | string)[]>();
  typeOf(await runtime.recover({ ping })).is<Recovered<ActivityHandle<void>>>();

  // A pool.
  const pool = workerPool<{ parseCsv: typeof parseCsv; readonly VERSION: 1 }>('/csv.js');
  typeOf(await runtime.recover({ parseCsv: pool.activities.parseCsv })).is<
    Recovered<ActivityHandle<number, { line: number }>>
  >();
  typeOf(await runtime.recover(pool.activities)).is<
    Recovered<ActivityHandle<number, { line: number }>>
  >();

  // Nothing is known of these.
  typeOf(await runtime.recover({})).is<Recovered<ActivityHandle>>();

  typeOf(await runtime.recover(some)).is<Recovered<ActivityHandle>>();
  typeOf(await runtime.recover(workerPool('/csv.js').activities)).is<Recovered<ActivityHandle>>();
  check<Equal<RecoveredHandle<{ ping: typeof ping }>, ActivityHandle<void>>>(true);

  // @ts-expect-error Property 'lines' does not exist on type 'number'
  void (await recovered[0]!.result()).lines;
  // @ts-expect-error is not assignable to parameter of type 'object'
  void runtime.recover(5);
}
