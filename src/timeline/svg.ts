/** Draws a recording as SVG. */
import { badOption, checkNames } from '../kernel/bad-input.js';
import { refusable } from '../kernel/stack.js';
import type { Recorded } from './events.js';
import { layoutOf, MARGIN, TOP, type Layout } from './layout.js';
import { drawLane } from './draw-lane.js';
import { legend } from './legend.js';
import { STYLE } from './look.js';
import { element, escape, round, text, title } from './markup.js';
import { storyOf, type Story } from './story.js';
import { textOf } from './text.js';
import { moment, time } from './time.js';

/** The options of `timelineSvg`. */
export interface PictureOptions {
  /** The width of the picture in pixels, from 400 to 20,000. Default 960. */
  readonly width?: number | undefined;
  /** The title of the picture, for readers who cannot see it. Default `'Timeline'`. */
  readonly title?: string | undefined;
}

const OPTIONS = {
  of: 'timelineSvg',
  example: '{ width: 960 }',
  known: ['width', 'title'],
};
const MIN_WIDTH = 400;
const MAX_WIDTH = 20_000;
const SLOTS_HEIGHT = 34;

/**
 * Draws a recording as one SVG image, with a lane for each activity. Waits are thin, attempts are
 * thick and coloured by their outcome, and heartbeats are ticks that show their details under the
 * pointer. A function that outlives its attempt is a hatched tail, and a blocked event loop is a grey
 * band. Long stretches in which nothing happens are cut short. The image also contains the timeline as text.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function timelineSvg(recording: Recorded, options: PictureOptions = {}): string {
  return refusable(timelineSvg, () => {
    checkNames(options, OPTIONS);
    const { width = 960, title: name = 'Timeline' } = options;
    if (!(width >= MIN_WIDTH && width <= MAX_WIDTH)) {
      throw badOption('timelineSvg width', width, `a number from ${MIN_WIDTH} to ${MAX_WIDTH}`);
    }
    if (typeof name !== 'string') throw badOption('timelineSvg title', name, 'a string');
    return svgOf(storyOf(recording, 'timelineSvg'), width, name);
  });
}

export function svgOf(story: Story, width: number, name: string): string {
  const layout = layoutOf(story, width);
  const counts = slots(story, layout);
  const bottom = layout.bottom + (counts === '' ? 0 : SLOTS_HEIGHT);
  const key = legend(story, MARGIN, bottom + 10, width - 2 * MARGIN);
  const height = round(bottom + 10 + key.height + MARGIN);
  const parts = [
    element('title', {}, escape(name)),
    element('desc', {}, escape(textOf(story))),
    element('style', {}, STYLE),
    HATCH,
    element('rect', { class: 'paper', width, height }),
    axis(story, layout),
    ...layout.lanes.map((lane) => drawLane(lane, story.base)),
    blocks(story, layout),
    counts,
    key.markup,
  ];
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
    },
    `\n${parts.filter((part) => part !== '').join('\n')}\n`,
  );
}

const HATCH = element(
  'defs',
  {},
  element(
    'pattern',
    {
      id: 'hatch',
      width: 5,
      height: 5,
      patternUnits: 'userSpaceOnUse',
      patternTransform: 'rotate(45)',
    },
    element('line', { class: 'hatch', x1: 0, y1: 0, x2: 0, y2: 5 }),
  ),
);

function axis({ base }: Story, { axis: { ticks, folds }, bottom }: Layout): string {
  const lines = ticks.map(
    ({ at, x }) =>
      element('line', { class: 'grid', x1: x, x2: x, y1: TOP - 6, y2: bottom }) +
      text({ x, y: TOP - 11, 'text-anchor': 'middle' }, moment(at)),
  );
  const marks = folds.map(({ from, to, x }) => {
    const zigzag = [-4, 4, -4, 4].map((dx, index) => `${round(x + dx)},${TOP - 6 + index * 4}`);
    const hint = `${moment(to - from)} from ${moment(from - base)}, in which nothing happens`;
    return (
      element('polyline', { class: 'fold', points: zigzag.join(' ') }, title(hint)) +
      element('line', {
        class: 'fold',
        'stroke-dasharray': '1 5',
        x1: x,
        x2: x,
        y1: TOP + 8,
        y2: bottom,
      })
    );
  });
  return element('g', { class: 'axis' }, [...lines, ...marks].join(''));
}

function blocks({ blocks: all, base }: Story, { axis: { x }, bottom }: Layout): string {
  return all
    .map(({ from, to }) => {
      const hint = `The event loop was blocked for ${time(to - from)} at ${moment(from - base)}`;
      const width = Math.max(1, x(to) - x(from));
      const band = { class: 'block', x: x(from), y: TOP - 6, width, height: bottom - TOP + 6 };
      return element('rect', band, title(hint));
    })
    .join('');
}

/** How many activities ran and waited, as two staircases. */
function slots({ slots: all }: Story, { axis: { x }, right, bottom }: Layout): string {
  const peak = all.reduce((top, { running, waiting }) => Math.max(top, running, waiting), 0);
  if (peak === 0) return '';
  const floor = bottom + SLOTS_HEIGHT - 4;
  const scale = (SLOTS_HEIGHT - 12) / peak;
  const stairs = (count: (one: Story['slots'][number]) => number): string => {
    let path = '';
    let before = -1;
    for (const one of all) {
      const y = round(floor - count(one) * scale);
      if (y === before) continue;
      path += path === '' ? `M${round(x(one.at))} ${y}` : `H${round(x(one.at))}V${y}`;
      before = y;
    }
    return `${path}H${round(right)}`;
  };
  const queue = all.some(({ waiting }) => waiting > 0)
    ? element(
        'path',
        { class: 'queue', d: stairs(({ waiting }) => waiting) },
        title('waiting for a slot'),
      )
    : '';
  const label = `running: up to ${all.reduce((top, { running }) => Math.max(top, running), 0)}`;
  return (
    text({ class: 'small', x: MARGIN, y: floor - 6 }, label) +
    queue +
    element('path', { class: 'slots', d: stairs(({ running }) => running) }, title('running'))
  );
}
