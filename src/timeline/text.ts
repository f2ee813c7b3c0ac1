/** Draws a recording as text. */
import { refusable } from '../kernel/stack.js';
import { shortened } from '../kernel/text.js';
import type { Recorded } from './events.js';
import type { Beat, Lane, Try, WaitKind } from './lane.js';
import { storyOf, type Story } from './story.js';
import { time } from './time.js';

/** The number of heartbeats shown at the beginning of an attempt. The last one is shown too. */
const SHOWN_FIRST = 3;
const LONGEST_DETAILS = 60;

/**
 * Draws a recording as text, with one row for each attempt: when it started, its heartbeats, how it
 * ended, and the delay before the next attempt. Times count from the beginning of the recording.
 *
 * @example
 * console.log(timelineText(recording));
 * // importRows (bulk-1)
 * //   1   at 0 ms   ♥ {"line":1} at 0 ms   FAILED at 0 ms: Error: boom   retry in 1 s
 * //   2   at 1 s    no heartbeat           COMPLETED at 1 s
 *
 * @throws TypeError if it gets something other than a recording, or text that is not lines of JSON
 */
export function timelineText(recording: Recorded): string {
  return refusable(timelineText, () => textOf(storyOf(recording, 'timelineText')));
}

export function textOf(story: Story): string {
  const { base, lanes, blocks, dropped } = story;
  const lines = lanes.flatMap((lane) => [
    `${lane.activityType} (${lane.activityId})`,
    ...rows(lane, base),
  ]);
  if (lines.length === 0) lines.push('no attempt was made');
  if (dropped > 0) lines.unshift(`${dropped} earlier events were dropped`);
  for (const { from, to } of blocks) {
    lines.push(`the event loop was blocked for ${time(to - from)} at ${time(from - base)}`);
  }
  return lines.join('\n');
}

function rows(lane: Lane, base: number): string[] {
  const { tries } = lane;
  if (tries.length === 0) return [`  no attempt   ${endOfLane(lane, base)}`.trimEnd()];
  return table(tries.map((one, index) => cells(lane, one, tries[index - 1], base)));
}

function cells(lane: Lane, one: Try, before: Try | undefined, base: number): string[] {
  const { number, from, given, beats, retryDelayMs, tail } = one;
  const last = one === lane.tries.at(-1);
  return [
    String(number),
    `at ${time(from - base)}`,
    waited(lane, before?.to ?? -Infinity, from),
    given === undefined
      ? ''
      : `given ${given === '' ? 'nothing' : shortened(given, LONGEST_DETAILS)}`,
    heartbeats(beats, base),
    ending(one, base),
    retryDelayMs === undefined ? '' : `retry in ${time(retryDelayMs)}`,
    last ? endAfter(lane, one, base) : '',
    tail === undefined || (tail.settled && tail.to === tail.from)
      ? ''
      : `its function ran until ${tail.settled ? time(tail.to - base) : 'the end'}`,
  ];
}

const WAITED: Readonly<Record<WaitKind, string>> = {
  slot: 'waited for a slot',
  delay: 'delayed',
  backoff: '',
  pause: 'paused',
};

/** Why the attempt began no earlier. The backoff stands with the attempt before. */
function waited({ waits }: Lane, from: number, to: number): string {
  return waits
    .filter((wait) => wait.from >= from && wait.to <= to && WAITED[wait.kind] !== '')
    .map((wait) => `${WAITED[wait.kind]} ${time(wait.to - wait.from)}`)
    .join(', ');
}

function heartbeats(beats: readonly Beat[], base: number): string {
  if (beats.length === 0) return 'no heartbeat';
  const beat = ({ at, details = '' }: Beat): string =>
    `♥ ${details === '' ? '' : `${shortened(details, LONGEST_DETAILS)} `}at ${time(at - base)}`;
  const first = beats.slice(0, SHOWN_FIRST).map(beat);
  const last = beats.slice(SHOWN_FIRST).slice(-1).map(beat);
  const hidden = beats.length - first.length - last.length;
  return [...first, ...(hidden > 0 ? [`${hidden} more`] : []), ...last].join(', ');
}

function ending({ outcome, to, timeoutType, reason }: Try, base: number): string {
  if (outcome === 'RUNNING') return 'still RUNNING';
  const why = timeoutType ?? reason;
  return `${outcome} at ${time(to - base)}${why === undefined ? '' : `: ${why}`}`;
}

/** How the activity closed, if it was later than its last attempt. */
function endAfter(lane: Lane, { to }: Try, base: number): string {
  if (lane.status === undefined || lane.to === to) return '';
  return `then ${endOfLane(lane, base)}`;
}

function endOfLane({ status, to, timeoutType, reason }: Lane, base: number): string {
  if (status === undefined) return 'still open';
  const why = timeoutType ?? reason;
  return `${status} at ${time(to - base)}${why === undefined ? '' : `: ${why}`}`;
}

/** Lines with columns as wide as their widest cell. A column of empty cells is left out. */
function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, (row[column] ?? '').length), 0),
  );
  const columns = [...widths.keys()].filter((column) => widths[column] !== 0);
  return rows.map((row) =>
    `  ${columns.map((column) => (row[column] ?? '').padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd(),
  );
}
