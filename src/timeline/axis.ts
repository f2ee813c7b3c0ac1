/** Maps times to places from left to right. Long stretches in which nothing happens are folded. */
import type { Span } from './lane.js';
import type { Story } from './story.js';

interface Fold extends Span {
  /** The middle of the fold. */
  readonly x: number;
}

export interface Axis {
  /** The place of a time; later times are never further left. */
  x(this: void, at: number): number;
  readonly folds: readonly Fold[];
  /** Round times, counted from the base of the story, that have room for a label. */
  readonly ticks: readonly { readonly at: number; readonly x: number }[];
}

const FOLD_WIDTH = 26;

/** An idle stretch is folded if it is longer than everything shorter together, by this factor. */
const FOLD_FROM = 5;

/** The least distance between two labels. */
const TICK_WIDTH = 76;

interface Stretch extends Span {
  readonly folded: boolean;
}

export function axisOf(story: Story, left: number, width: number): Axis {
  const stretches = fold(story, Math.floor(width / 2 / FOLD_WIDTH));
  const folded = stretches.filter((one) => one.folded).length;
  const shownMs = stretches.reduce((sum, one) => sum + (one.folded ? 0 : one.to - one.from), 0);
  const perMs = shownMs > 0 ? (width - folded * FOLD_WIDTH) / shownMs : 0;
  const starts: number[] = [];
  let x = left;
  for (const one of stretches) {
    starts.push(x);
    x += one.folded ? FOLD_WIDTH : (one.to - one.from) * perMs;
  }
  const place = (at: number): number => {
    const index = lastBefore(stretches, at);
    const stretch = stretches[index];
    if (stretch === undefined) return left;
    const ms = Math.min(Math.max(at, stretch.from), stretch.to) - stretch.from;
    const scale = stretch.folded ? FOLD_WIDTH / (stretch.to - stretch.from) : perMs;
    return Math.min((starts[index] ?? left) + ms * scale, left + width);
  };
  return {
    x: place,
    folds: stretches
      .filter((one) => one.folded)
      .map(({ from, to }) => ({ from, to, x: (place(from) + place(to)) / 2 })),
    ticks: ticks(story, stretches, perMs, place),
  };
}

/** The index of the last stretch that begins at that time or before it. */
function lastBefore(stretches: readonly Stretch[], at: number): number {
  let [low, high] = [0, stretches.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((stretches[middle] as Stretch).from <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Cuts the story at the idle stretches that are so long that they would hide the rest. */
function fold(story: Story, limit: number): Stretch[] {
  const idle = idleStretches(story).sort((a, b) => a.to - a.from - (b.to - b.from));
  let restMs = story.to - story.from - idle.reduce((sum, { from, to }) => sum + to - from, 0);
  const long = new Set<Span>();
  for (const one of idle) {
    const ms = one.to - one.from;
    if (restMs > 0 && ms > FOLD_FROM * restMs) long.add(one);
    else restMs += ms;
  }
  const folds = [...long].slice(-limit).sort((a, b) => a.from - b.from);
  const stretches: Stretch[] = [];
  let from = story.from;
  for (const one of folds) {
    if (one.from > from) stretches.push({ from, to: one.from, folded: false });
    stretches.push({ from: one.from, to: one.to, folded: true });
    from = one.to;
  }
  if (story.to > from || stretches.length === 0)
    stretches.push({ from, to: story.to, folded: false });
  return stretches;
}

/** The stretches in which no attempt runs, the event loop is not blocked, and nothing happens. */
function idleStretches({ from, to, lanes, blocks }: Story): Span[] {
  const busy: Span[] = [...blocks];
  for (const lane of lanes) {
    busy.push(...lane.tries);
    for (const at of [lane.from, lane.to]) busy.push({ from: at, to: at });
    for (const wait of lane.waits)
      busy.push({ from: wait.from, to: wait.from }, { from: wait.to, to: wait.to });
  }
  busy.sort((a, b) => a.from - b.from);
  const idle: Span[] = [];
  let end = from;
  for (const one of [...busy, { from: to, to }]) {
    if (one.from > end) idle.push({ from: end, to: one.from });
    end = Math.max(end, one.to);
  }
  return idle;
}

const ROUND = [1, 2, 5, 10, 20, 50, 100, 200, 500]
  .concat([1, 2, 5, 10, 20, 30].map((s) => s * 1_000))
  .concat([1, 2, 5, 10, 20, 30].map((min) => min * 60_000))
  .concat([1, 2, 3, 6, 12].map((h) => h * 3_600_000));
const DAY_MS = 86_400_000;

function ticks(
  { base }: Story,
  stretches: readonly Stretch[],
  perMs: number,
  place: (at: number) => number,
): Axis['ticks'] {
  if (perMs === 0)
    return stretches.slice(0, 1).map(({ from }) => ({ at: from - base, x: place(from) }));
  const minMs = TICK_WIDTH / perMs;
  const days = 10 ** Math.ceil(Math.log10(Math.max(1, minMs / DAY_MS)));
  const step = ROUND.find((round) => round >= minMs) ?? days * DAY_MS;
  const all: { at: number; x: number }[] = [];
  for (const { from, to, folded } of stretches) {
    if (folded) continue;
    for (let n = Math.ceil((from - base) / step); n * step <= to - base; n++) {
      const x = place(base + n * step);
      if (x - (all.at(-1)?.x ?? -Infinity) >= TICK_WIDTH - 1) all.push({ at: n * step, x });
    }
  }
  return all;
}
