/** Draws the block of lines. These functions are pure. */
import { nearnessOf, type Nearness } from '../live/deadline.js';
import { fullOf, PARTS, rowOf, type Part, type Row, type Shown } from './rows.js';
import { cut, pad, widthOf } from './width.js';

export interface FrameOptions {
  /** The number of open activities that have no line. */
  readonly more: number;
  /** The columns of the terminal. */
  readonly columns: number;
  readonly colours: boolean;
  /** The wall time in milliseconds. */
  readonly now: number;
}

const GAP = '  ';
const LONGEST_NAME = 40;
const SHORT_NAME = 20;
const SHORTEST_NAME = 5;

/** What is left out first if the terminal is narrow. The name stays. */
const DISPENSABLE: readonly Part[] = [
  'rate',
  'beat',
  'label',
  'count',
  'bar',
  'attempt',
  'left',
  'next',
];

const TO_THE_RIGHT: ReadonlySet<Part> = new Set<Part>(['percent', 'count', 'rate', 'left', 'beat']);

/** Draws the lines of the block. None is wider than the terminal. */
export function frame(shown: readonly Shown[], options: FrameOptions): string[] {
  const { more, columns, colours, now } = options;
  // The last column stays free: some terminals go to the next line when it is written.
  const room = Math.max(1, columns - 1);
  const rows = shown.map((one) => rowOf(one, now));
  const widths = fit(rows, room);
  const lines = rows.map((row) => line(row, widths, colours));
  if (more > 0)
    lines.push(cut(shown.length === 0 ? `${more} activities` : `and ${more} more`, room));
  return lines;
}

/** The columns of each part that is shown. */
function fit(rows: readonly Row[], room: number): Map<Part, number> {
  const widths = new Map<Part, number>();
  for (const part of PARTS) {
    const width = rows.reduce((widest, row) => Math.max(widest, widthOf(row[part])), 0);
    if (width > 0) widths.set(part, width);
  }
  const name = widths.get('name') ?? 0;
  widths.set('name', Math.min(name, LONGEST_NAME));
  if (total(widths) > room) widths.set('name', Math.min(name, SHORT_NAME));
  for (const part of DISPENSABLE) {
    if (total(widths) <= room) break;
    widths.delete(part);
  }
  if (total(widths) > room) widths.set('name', Math.min(name, SHORTEST_NAME));
  if (total(widths) > room) widths.delete('percent');
  // The name gets what is left over.
  const spare = room - total(widths);
  widths.set('name', Math.min(name, (widths.get('name') ?? 0) + spare));
  return widths;
}

function total(widths: ReadonlyMap<Part, number>): number {
  let sum = -GAP.length;
  for (const width of widths.values()) sum += width + GAP.length;
  return sum;
}

function line(row: Row, widths: ReadonlyMap<Part, number>, colours: boolean): string {
  const parts = [...widths].map(([part, width]) => {
    const text = part === 'name' ? cut(row.name, width) : row[part];
    const padded = pad(text, width, TO_THE_RIGHT.has(part));
    return colours ? coloured(part, padded, row) : padded;
  });
  return parts.join(GAP).trimEnd();
}

const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const DIM = 2;

const COLOURS: Readonly<Record<Nearness, number | undefined>> = {
  '': undefined,
  near: YELLOW,
  'very-near': RED,
};

function coloured(part: Part, text: string, { slack, part: done = 0 }: Row): string {
  if (part === 'bar' && text.trim() !== '') {
    const full = fullOf(done);
    return paint(GREEN, text.slice(0, full)) + paint(DIM, text.slice(full));
  }
  if (part === 'next') return paint(COLOURS[nearnessOf(slack)], text);
  return part === 'attempt' ? paint(YELLOW, text) : part === 'beat' ? paint(DIM, text) : text;
}

function paint(colour: number | undefined, text: string): string {
  return colour === undefined || text.trim() === '' ? text : `\u001b[${colour}m${text}\u001b[0m`;
}

/** Makes one line about all activities, for streams on which no block can be drawn. */
export function summary(shown: readonly Shown[], more: number, now: number): string {
  const parts = shown.map((one) => {
    const { name, percent, count, label, rate, left, attempt, next } = rowOf(one, now);
    const said = [percent, count, label, rate, left, attempt, next].filter((text) => text !== '');
    return said.length === 0 ? name : `${name}: ${said.join(', ')}`;
  });
  if (more > 0) parts.push(`and ${more} more`);
  return parts.join('; ');
}
