// A program in TypeScript, for loaders and bundlers.
import { runActivity } from 'systole';
import { workerPool } from 'systole/workers';
import type * as activities from './typed.activities.ts';

declare const MODULE: string;
const file = typeof MODULE === 'string' ? MODULE : './typed.activities.ts';

for (const isolation of ['process', 'thread'] as const) {
  const pool = workerPool<typeof activities>(new URL(file, import.meta.url), { isolation });
  const retryPolicy = { initialInterval: 1, maximumAttempts: 2 };
  console.log(await runActivity(pool.activities.twice, { args: [21], retryPolicy }));
}
