/** Draws the lane of one activity. */
import { shortened } from '../kernel/text.js';
import type { Try } from './lane.js';
import {
  BAR_HEIGHT,
  MARGIN,
  NAMES_WIDTH,
  NOTE_CHARACTER,
  TAIL_HEIGHT,
  type Bar,
  type LaneLayout,
} from './layout.js';
import { lookOf, WAITS } from './look.js';
import { element, text, title } from './markup.js';
import { moment, time } from './time.js';

export function drawLane(layout: LaneLayout, base: number): string {
  const { lane, y, waits, bars, tails, notes, noteY, endX } = layout;
  const middle = y + BAR_HEIGHT / 2;
  const room = Math.floor(NAMES_WIDTH / NOTE_CHARACTER) - 1;
  const parts = [
    title(`${lane.activityType} (${lane.activityId})`),
    text({ x: MARGIN, y: y + 10 }, shortened(lane.activityType, room)),
    text({ class: 'small', x: MARGIN, y: y + 23 }, shortened(lane.activityId, room)),
  ];
  for (const { kind, x, toX, from, to } of waits) {
    const hint = title(`${WAITS[kind].words} ${time(to - from)} from ${moment(from - base)}`);
    const lines = kind === 'pause' ? [middle - 2, middle + 2] : [middle];
    const dash = { 'stroke-dasharray': WAITS[kind].dash || undefined };
    for (const at of lines) {
      parts.push(element('line', { class: 'wait', x1: x, x2: toX, y1: at, y2: at, ...dash }, hint));
    }
  }
  parts.push(...bars.map((bar) => drawBar(bar, y, base)));
  for (const { of, x, to, row } of tails) {
    const settled =
      of.tail?.settled === true ? `until ${moment(of.tail.to - base)}` : 'and has not settled';
    parts.push(
      element(
        'rect',
        {
          class: 'tail',
          x,
          y: y + BAR_HEIGHT + 2 + row * (TAIL_HEIGHT + 2),
          width: to - x,
          height: TAIL_HEIGHT,
          fill: 'url(#hatch)',
        },
        title(`The function of attempt ${of.number} kept running ${settled}`),
      ),
    );
  }
  for (const { of, x, room: limit } of notes) {
    const said = note(of, limit);
    if (said !== '') parts.push(text({ class: 'small', x, y: noteY }, said));
  }
  if (lane.status !== undefined && bars.at(-1)?.tries.at(-1)?.outcome !== lane.status) {
    const end = `${lookOf(lane.status).sign} ${lane.timeoutType ?? lookOf(lane.status).words}`;
    parts.push(text({ class: 'small', x: endX + 3, y: y + 10 }, end));
  }
  return element('g', {}, parts.join(''));
}

/** A reason that is cut shorter says nothing. */
const MIN_REASON = 12;

/** The number, the sign and the reason of an attempt, as far as there is room. */
function note({ number, outcome, timeoutType, reason }: Try, room: number): string {
  const { sign, words } = lookOf(outcome);
  const brief = `${number} ${sign}`;
  if (brief.length > room) return '';
  const why = timeoutType === undefined ? reason?.replace(/^\w*: /, '') : `${timeoutType} timeout`;
  const full = outcome === 'COMPLETED' ? brief : `${brief} ${why ?? words}`;
  return full.length <= room || room >= MIN_REASON ? shortened(full, room) : brief;
}

function drawBar({ tries, x, to, beats }: Bar, y: number, base: number): string {
  const last = tries.at(-1) as Try;
  const { outcome, timeoutType } = last;
  const hints = tries.slice(0, MAX_HINTS).map((one) => hintOf(one, base));
  if (tries.length > MAX_HINTS) hints.push(`and ${tries.length - MAX_HINTS} more`);
  const parts = [
    element(
      'rect',
      { class: 'bar', x, y, width: to - x, height: BAR_HEIGHT, fill: lookOf(outcome).colour },
      title(hints.join('\n')),
    ),
    ...beats.map((mark) =>
      element(
        'line',
        { class: 'beat', x1: mark.x, x2: mark.x, y1: y + 2, y2: y + BAR_HEIGHT - 2 },
        title(beatHint(mark.beats, base)),
      ),
    ),
  ];
  if (timeoutType !== undefined) {
    const limit = { class: 'limit', x1: to, x2: to, y1: y - 3, y2: y + BAR_HEIGHT + 1 };
    parts.push(element('line', limit, title(`${timeoutType} timeout`)));
  }
  return parts.join('');
}

const MAX_HINTS = 5;

function hintOf({ number, from, to, outcome, timeoutType, reason }: Try, base: number): string {
  const why = timeoutType ?? reason;
  const said = why === undefined ? '' : `: ${why}`;
  return `attempt ${number}, ${moment(from - base)} to ${moment(to - base)}, ${lookOf(outcome).words}${said}`;
}

function beatHint(beats: Bar['beats'][number]['beats'], base: number): string {
  const shown = beats
    .slice(-MAX_HINTS)
    .map(({ at, details = '' }) => `♥ ${moment(at - base)} ${details}`);
  return [...(beats.length > MAX_HINTS ? [`${beats.length} heartbeats`] : []), ...shown].join('\n');
}
