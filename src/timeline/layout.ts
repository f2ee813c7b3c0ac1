/** Decides where in a picture each part of a story stands. */
import { axisOf, type Axis } from './axis.js';
import type { Beat, Lane, Try, Wait } from './lane.js';
import type { Story } from './story.js';

export const MARGIN = 12;
/** The room for the names of activities. */
export const NAMES_WIDTH = 170;
export const TOP = 26;
export const BAR_HEIGHT = 12;
export const TAIL_HEIGHT = 5;
const TAIL_STEP = 7;
const NOTE_HEIGHT = 14;
const LANE_GAP = 12;
/** The least width of an attempt. It moves right by at most `MAX_SHIFT` to stay visible. */
const MIN_WIDTH = 4;
const MAX_SHIFT = 14;
/** The room for the note of an attempt at the right edge. */
const END_WIDTH = 36;
/** Heartbeats that are closer are drawn as one. */
const BEAT_WIDTH = 2.5;
/** About the width of a character of a note. */
export const NOTE_CHARACTER = 6;

/** One attempt, or several that are too close to be told apart. */
export interface Bar {
  readonly tries: readonly Try[];
  readonly x: number;
  readonly to: number;
  readonly beats: readonly { readonly x: number; readonly beats: readonly Beat[] }[];
}

interface Tail {
  readonly of: Try;
  readonly x: number;
  readonly to: number;
  /** Tails in one lane that overlap in time get rows of their own. */
  readonly row: number;
}

interface Note {
  readonly of: Try;
  readonly x: number;
  /** The most characters that fit. */
  readonly room: number;
}

export interface LaneLayout {
  readonly lane: Lane;
  readonly y: number;
  readonly height: number;
  readonly noteY: number;
  readonly waits: readonly (Wait & { readonly x: number; readonly toX: number })[];
  readonly bars: readonly Bar[];
  readonly tails: readonly Tail[];
  readonly notes: readonly Note[];
  readonly endX: number;
}

export interface Layout {
  readonly axis: Axis;
  readonly left: number;
  readonly right: number;
  readonly lanes: readonly LaneLayout[];
  /** Where the lanes end. */
  readonly bottom: number;
}

export function layoutOf(story: Story, width: number): Layout {
  const left = MARGIN + NAMES_WIDTH;
  const right = width - MARGIN - END_WIDTH;
  const axis = axisOf(story, left, right - left);
  let y = TOP + 6;
  const lanes = story.lanes.map((lane) => {
    const layout = layLane(lane, y, axis, width - MARGIN);
    y += layout.height + LANE_GAP;
    return layout;
  });
  return { axis, left, right, lanes, bottom: y - LANE_GAP / 2 };
}

function layLane(lane: Lane, y: number, axis: Axis, edge: number): LaneLayout {
  const bars = layBars(lane.tries, axis);
  const tails = layTails(lane.tries, axis);
  const rows = tails.reduce((count, { row }) => Math.max(count, row + 1), 0);
  const noteY = y + BAR_HEIGHT + rows * TAIL_STEP + NOTE_HEIGHT - 3;
  return {
    lane,
    y,
    height: BAR_HEIGHT + rows * TAIL_STEP + NOTE_HEIGHT,
    noteY,
    waits: layWaits(lane.waits, bars, axis),
    bars,
    tails,
    notes: bars.map((bar, index) => {
      const x = bar.x;
      const next = bars[index + 1]?.x ?? edge;
      return { of: bar.tries.at(-1) as Try, x, room: Math.floor((next - x) / NOTE_CHARACTER) - 1 };
    }),
    endX: Math.max(axis.x(lane.to), bars.at(-1)?.to ?? 0),
  };
}

function layBars(tries: readonly Try[], axis: Axis): Bar[] {
  const bars: { tries: Try[]; x: number; to: number }[] = [];
  for (const one of tries) {
    const last = bars.at(-1);
    const from = axis.x(one.from);
    const x = Math.max(from, last?.to ?? 0);
    if (last !== undefined && x - from > MAX_SHIFT) {
      last.tries.push(one);
      last.to = Math.max(last.to, axis.x(one.to));
    } else {
      bars.push({ tries: [one], x, to: Math.max(axis.x(one.to), x + MIN_WIDTH) });
    }
  }
  return bars.map((bar) => ({ ...bar, beats: layBeats(bar, axis) }));
}

function layBeats({ tries, x, to }: Omit<Bar, 'beats'>, axis: Axis): Bar['beats'] {
  const marks: { x: number; beats: Beat[] }[] = [];
  for (const beat of tries.flatMap(({ beats }) => beats)) {
    const place = Math.min(Math.max(axis.x(beat.at), x + 1), to - 1);
    const last = marks.at(-1);
    if (last !== undefined && place - last.x < BEAT_WIDTH) last.beats.push(beat);
    else marks.push({ x: place, beats: [beat] });
  }
  return marks;
}

/** Each tail goes into the first row where it overlaps no other. */
function layTails(tries: readonly Try[], axis: Axis): Tail[] {
  const ends: number[] = [];
  return tries.flatMap((one) => {
    const { tail } = one;
    if (tail === undefined || (tail.settled && tail.to === tail.from)) return [];
    const x = axis.x(tail.from);
    const to = Math.max(axis.x(tail.to), x + MIN_WIDTH);
    const free = ends.findIndex((end) => end <= x);
    const row = free < 0 ? ends.length : free;
    ends[row] = to;
    return [{ of: one, x, to, row }];
  });
}

/** Waits stand between the bars: a bar that was moved or widened covers a part of them. */
function layWaits(waits: readonly Wait[], bars: readonly Bar[], axis: Axis): LaneLayout['waits'] {
  let index = 0;
  return waits.flatMap((wait) => {
    while (index < bars.length && ((bars[index] as Bar).tries[0] as Try).from < wait.to) index++;
    const before = bars[index - 1]?.to ?? 0;
    const x = Math.max(axis.x(wait.from), before);
    const toX = Math.min(axis.x(wait.to), bars[index]?.x ?? Infinity);
    return toX > x ? [{ ...wait, x, toX }] : [];
  });
}
