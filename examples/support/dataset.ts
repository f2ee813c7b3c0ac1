/** The dataset: a CSV file with one row per line. */
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Athletes of the Olympic games of 2016, from the npm package @observablehq/sample-datasets. */
export const olympians = createRequire(import.meta.url).resolve(
  '@observablehq/sample-datasets/olympians.csv',
);

export interface Row {
  readonly id: string;
  /** The whole line. */
  readonly text: string;
}

/** Streams the rows, without the first `from` of them. */
export async function* readRows(file: string, from: number): AsyncGenerator<Row, void> {
  const handle = await open(file);
  try {
    let row = -1; // the line of column names
    for await (const text of handle.readLines()) {
      if (row >= from) yield parseRow(text);
      row++;
    }
  } finally {
    await handle.close();
  }
}

export function parseRow(text: string): Row {
  return { id: text.slice(0, text.indexOf(',')), text };
}
