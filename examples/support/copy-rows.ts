/** Copies the rows of the dataset to a file, and is not afraid of being killed: used by two examples. */
import { open, type FileHandle } from 'node:fs/promises';
import type { ActivityContext } from 'systole';
import { olympians, readRows } from './dataset.js';

/** So many rows are in the output, in its first so many bytes. */
export interface Cursor {
  readonly row: number;
  readonly bytes: number;
}

const BATCH = 100;

/**
 * The activity. What a killed program had written after its last stored report is cut off, and
 * written again: no row is lost, and none is there twice.
 */
export async function copyRows(ctx: ActivityContext<Cursor>, output: string): Promise<number> {
  let { row, bytes } = ctx.heartbeatDetails ?? { row: 0, bytes: 0 };
  console.log(`copies from row ${row} on`);
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
