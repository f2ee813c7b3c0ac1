/** Copies the rows of the dataset to a file, and survives being killed. Two examples use it. */
import { open, type FileHandle } from 'node:fs/promises';
import type { ActivityContext } from 'systole';
import { olympians, readRows } from './dataset.js';

/** How many rows are in the output, and how many bytes they take. */
export interface Cursor {
  readonly row: number;
  readonly bytes: number;
}

const BATCH = 100;

/**
 * The activity. What a killed program wrote after its last stored report is cut off and written
 * again. So no row is lost, and none is there twice.
 */
export async function copyRows(ctx: ActivityContext<Cursor>, output: string): Promise<number> {
  let { row, bytes } = ctx.heartbeatDetails ?? { row: 0, bytes: 0 };
  console.log(`copies from row ${row}`);
  const file = await open(output, 'a+');
  try {
    await file.truncate(bytes);
    let batch: string[] = [];
    const flush = async (): Promise<void> => {
      bytes += await append(file, batch);
      row += batch.length;
      batch = [];
      ctx.heartbeat({ row, bytes });
      await ctx.sleep(5); // a slow table
    };
    for await (const { text } of readRows(olympians, row)) {
      batch.push(text);
      if (batch.length === BATCH) await flush();
    }
    await flush();
    return row;
  } finally {
    await file.close();
  }
}

async function append(file: FileHandle, lines: readonly string[]): Promise<number> {
  const { bytesWritten } = await file.write(lines.map((line) => `${line}\n`).join(''));
  await file.sync();
  return bytesWritten;
}
