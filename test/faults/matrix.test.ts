/** Tries every fault at every moment, and prints the table at the end. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cell } from './cell.js';
import { faults } from './faults.js';
import { moments } from './moments.js';

const held: Record<string, Record<string, boolean>> = {};
const stray: unknown[] = [];
const keep = (error: unknown): void => void stray.push(error);

beforeEach(() => {
  stray.length = 0;
  process.on('unhandledRejection', keep).on('uncaughtExceptionMonitor', keep);
});

afterEach(() => {
  process.off('unhandledRejection', keep).off('uncaughtExceptionMonitor', keep);
});

describe.each(Object.keys(faults))('%s', (fault) => {
  test.each(Object.keys(moments))('%s', async (moment) => {
    const row = (held[fault] ??= {});
    row[moment] = false;
    await new Cell(faults[fault]!, moments[moment]!).play();
    expect(stray, 'unhandled').toEqual([]);
    row[moment] = true;
  });
});

afterAll(() => {
  const names = Object.keys(moments);
  const lines = Object.entries(held).map(([fault, row]) => {
    const cells = names.map((name) => (row[name] === true ? '·' : 'X'));
    return `${fault.padEnd(48)} ${cells.join(' ')}`;
  });
  const all = Object.values(held).flatMap((row) => Object.values(row));
  console.log(
    [
      `faults at moments: ${names.join(', ')}`,
      ...lines,
      `${all.filter(Boolean).length} of ${all.length} cells hold`,
    ].join('\n'),
  );
});
