/** Explains the signs of a picture: only those that it has. */
import { NOTE_CHARACTER } from './layout.js';
import { lookOf, WAITS } from './look.js';
import { element, text } from './markup.js';
import type { WaitKind } from './lane.js';
import type { Story } from './story.js';

const ROW = 16;
const SAMPLE = 22;

interface Entry {
  readonly sample: (x: number, y: number) => string;
  readonly words: string;
}

export function legend(
  story: Story,
  left: number,
  top: number,
  width: number,
): { markup: string; height: number } {
  let [x, y] = [left, top + 10];
  const parts = entriesOf(story).map(({ sample, words }) => {
    const needed = SAMPLE + 6 + words.length * NOTE_CHARACTER + 14;
    if (x > left && x + needed > left + width) [x, y] = [left, y + ROW];
    const part = sample(x, y - 4) + text({ class: 'small', x: x + SAMPLE + 5, y }, words);
    x += needed;
    return part;
  });
  if (parts.length === 0) return { markup: '', height: 0 };
  return { markup: element('g', { class: 'legend' }, parts.join('')), height: y - top };
}

function entriesOf({ lanes, blocks }: Story): Entry[] {
  const tries = lanes.flatMap((lane) => lane.tries);
  const outcomes = [...new Set(tries.map(({ outcome }) => outcome))];
  const kinds = new Set(lanes.flatMap(({ waits }) => waits.map(({ kind }) => kind)));
  const entries: Entry[] = [];
  const looks = new Map(outcomes.map((outcome) => [lookOf(outcome).words, lookOf(outcome)]));
  for (const { sign, colour, words } of looks.values()) {
    const sample: Entry['sample'] = (x, y) =>
      element('rect', { class: 'bar', x, y: y - 5, width: SAMPLE, height: 10, fill: colour });
    entries.push({ sample, words: `${sign} ${words}` });
  }
  for (const kind of Object.keys(WAITS) as WaitKind[]) {
    if (!kinds.has(kind)) continue;
    const { dash, words } = WAITS[kind];
    const line = (x: number, y: number): string =>
      element('line', {
        class: 'wait',
        x1: x,
        x2: x + SAMPLE,
        y1: y,
        y2: y,
        'stroke-dasharray': dash || undefined,
      });
    entries.push({
      sample: (x, y) => (kind === 'pause' ? line(x, y - 2) + line(x, y + 2) : line(x, y)),
      words,
    });
  }
  if (tries.some(({ beats }) => beats.length > 0)) {
    entries.push({
      sample: (x, y) =>
        element('line', { class: 'beat', x1: x + 11, x2: x + 11, y1: y - 4, y2: y + 4 }),
      words: 'heartbeat',
    });
  }
  if (tries.some(({ timeoutType }) => timeoutType !== undefined)) {
    entries.push({
      sample: (x, y) =>
        element('line', { class: 'limit', x1: x + 11, x2: x + 11, y1: y - 7, y2: y + 7 }),
      words: 'timeout',
    });
  }
  if (tries.some(({ tail }) => tail !== undefined && !(tail.settled && tail.to === tail.from))) {
    entries.push({
      sample: (x, y) =>
        element('rect', {
          class: 'tail',
          x,
          y: y - 3,
          width: SAMPLE,
          height: 6,
          fill: 'url(#hatch)',
        }),
      words: 'function outlives its attempt',
    });
  }
  if (blocks.length > 0) {
    entries.push({
      sample: (x, y) => element('rect', { class: 'block', x, y: y - 6, width: SAMPLE, height: 12 }),
      words: 'event loop blocked',
    });
  }
  return entries;
}
