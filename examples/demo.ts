/**
 * Imports 11,538 rows of a public dataset as one activity, on a bad day: one attempt throws, one
 * hangs, and the one that hung wakes up late and continues. Run it with `npm run demo`.
 */
import { ActivityRuntime, type ActivityContext } from 'systole';
import { showProgress } from 'systole/progress';
import { BadDay } from './support/bad-day.js';
import { olympians, readRows, type Row } from './support/dataset.js';
import { narrate, say } from './support/narrate.js';
import type { Table } from './support/table.js';
import { compare } from './support/verdict.js';

/**
 * The activity. What it heartbeats is a cursor: how many rows are in the table so far.
 *
 * The cursor is exact. Nothing is awaited between the insert and its heartbeat, so no attempt can end
 * between them, and the next attempt always gets the last heartbeat, reported or not. An insert that
 * is awaited can be cut off there. Then make it safe to repeat (an upsert), or write the row and the
 * cursor in one transaction.
 */
async function importRows(
  ctx: ActivityContext<{ row: number }>,
  rowsFrom: (row: number) => AsyncIterable<Row>,
  table: Table,
): Promise<number> {
  let row = ctx.heartbeatDetails?.row ?? 0; // resume where the last attempt stopped
  for await (const record of rowsFrom(row)) {
    ctx.signal.throwIfAborted(); // stop if it timed out or was cancelled meanwhile
    table.insert(record);
    ctx.heartbeat({ row: ++row }); // I am alive, and this is how far I got
  }
  return row;
}

const ROWS = 11_538;

const badDay = new BadDay((from) => readRows(olympians, from), say);

const runtime = new ActivityRuntime({ logger: false });
narrate(runtime);
// On a terminal, a line below the others shows how far it is.
const shown = showProgress(runtime, {
  progress: ({ heartbeatDetails }) => {
    const { row = 0 } = (heartbeatDetails ?? {}) as { row?: number };
    return { done: row, total: ROWS };
  },
});
await runtime.run(
  (ctx: ActivityContext<{ row: number }>) => importRows(ctx, badDay.rowsFor(ctx), badDay.table),
  {
    activityType: 'importRows',
    heartbeatTimeout: '500ms',
    retryPolicy: { initialInterval: '100ms', maximumAttempts: 10 },
  },
);

shown.close();
badDay.assertOver();
if (!(await compare(badDay.table, olympians))) process.exitCode = 1;
