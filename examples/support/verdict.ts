/** Compares what the activity imported with a plain pass over the file. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseRow, type Row } from './dataset.js';
import { count } from './narrate.js';
import type { Table } from './table.js';

/** Prints the comparison. Returns true if nothing differs. */
export async function compare(table: Table, file: string): Promise<boolean> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const expected = lines.slice(1).map(parseRow);
  console.log();
  console.log(summary('imported', table.rows));
  console.log(summary('plain pass', expected));

  const lost = expected.filter(({ id }) => table.insertsOf(id) === 0).length;
  const twice = expected.filter(({ id }) => table.insertsOf(id) > 1).length;
  const same = checksum(table.rows) === checksum(expected);
  if (lost > 0 || twice > 0) {
    console.log(`DIFFERENT: ${count(lost)} rows lost, ${count(twice)} imported more than once`);
  } else {
    console.log(
      same ? 'no row lost, none imported twice' : 'DIFFERENT: other rows, or another order',
    );
  }
  return same;
}

function summary(name: string, rows: readonly Row[]): string {
  return `${name.padEnd(10)}  ${count(rows.length)} rows  sha256 ${checksum(rows)}`;
}

/** The hash of all rows in their order. */
function checksum(rows: readonly Row[]): string {
  const hash = createHash('sha256');
  for (const { text } of rows) hash.update(`${text}\n`);
  return hash.digest('hex');
}
