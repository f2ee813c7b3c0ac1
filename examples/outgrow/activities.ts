/** Activities for both places. Their arguments, results and heartbeat details are JSON. */
import { ApplicationFailure, type ActivityContext } from 'systole';

/** How far an import got, and at which row each of its attempts started. */
interface Progress {
  readonly row: number;
  readonly starts: readonly number[];
}

/** Imports rows one by one. The connection is lost once. */
export async function importRows(
  ctx: ActivityContext<Progress>,
  rows: readonly string[],
): Promise<Progress> {
  let { row, starts } = ctx.heartbeatDetails ?? { row: 0, starts: [] };
  starts = [...starts, row];
  while (row < rows.length) {
    if (row === 3 && starts.length === 1) throw new Error('connection lost');
    await ctx.sleep(5);
    ctx.heartbeat({ row: ++row, starts });
  }
  return { row, starts };
}

/** Refuses a file for good. */
export async function checkFile(_ctx: ActivityContext, name: string): Promise<void> {
  throw ApplicationFailure.nonRetryable(`${name} is empty`, 'EmptyFile', { name });
}

/** Watches a folder until it is told to stop. */
export async function watchFolder(ctx: ActivityContext): Promise<never> {
  for (;;) {
    await ctx.sleep(20);
    ctx.heartbeat();
  }
}
