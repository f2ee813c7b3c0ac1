/** Draws what happened in a test environment as text. */
import { TimeoutFailure } from '../kernel/failures.js';
import { activityOf } from './activity-of.js';
import type { AttemptRecord, HeartbeatRecord } from './recorder.js';
import { shown } from './shown.js';

/** What a timeline is drawn from, such as a `TestActivityEnvironment`. */
export interface Recorded {
  /** The attempts to draw, in the order they began. */
  readonly attempts: readonly AttemptRecord[];
  /** The plans that have not happened, such as `failOnHeartbeat(5)`, as a sentence. */
  readonly unmet?: string | undefined;
}

/** The number of heartbeats shown at the beginning of an attempt. The last one is shown too. */
const SHOWN_FIRST = 3;
const LONGEST_DETAILS = 60;

/**
 * Draws the attempts of a test environment as text, one row each: when it started, the details it
 * was given, its heartbeats, how it ended, and the delay before the next attempt.
 *
 * @example
 * console.log(timeline(env));
 * // importRows (bulk-1)
 * //   1  at 0 ms   given nothing      ♥ {"line":1} at 0 ms   FAILED at 0 ms: Error: boom   retry in 1 s
 * //   2  at 1 s    given {"line":1}   no heartbeat           COMPLETED at 1 s
 */
export function timeline({ attempts, unmet }: Recorded): string {
  const text = attempts.length === 0 ? 'no attempt was made' : rowsOf(attempts);
  return unmet === undefined ? text : `${text}\n${unmet}`;
}

function rowsOf(attempts: readonly AttemptRecord[]): string {
  const activities = new Map<unknown, AttemptRecord[]>();
  for (const one of attempts) {
    const activity = activityOf.get(one) ?? nameOf(one); // by name if another copy recorded it
    const rows = activities.get(activity);
    if (rows === undefined) activities.set(activity, [one]);
    else rows.push(one);
  }
  return [...activities.values()]
    .flatMap((rows) => [...rows.slice(0, 1).map(nameOf), ...table(rows.map(cells))])
    .join('\n');
}

function nameOf({ activityType, activityId }: AttemptRecord): string {
  return `${activityType} (${activityId})`;
}

function cells(record: AttemptRecord): string[] {
  const { attempt, startedAt, heartbeatDetails, heartbeats, retryDelayMs } = record;
  return [
    String(attempt),
    `at ${time(startedAt)}`,
    `given ${heartbeatDetails === undefined ? 'nothing' : short(heartbeatDetails)}`,
    beats(heartbeats),
    ending(record),
    retryDelayMs === undefined ? '' : `retry in ${time(retryDelayMs)}`,
  ];
}

function beats(heartbeats: readonly HeartbeatRecord[]): string {
  if (heartbeats.length === 0) return 'no heartbeat';
  const beat = ({ at, details }: HeartbeatRecord): string =>
    `♥ ${details === undefined ? '' : `${short(details)} `}at ${time(at)}`;
  const first = heartbeats.slice(0, SHOWN_FIRST).map(beat);
  const last = heartbeats.slice(SHOWN_FIRST).slice(-1).map(beat);
  const hidden = heartbeats.length - first.length - last.length;
  return [...first, ...(hidden > 0 ? [`${hidden} more`] : []), ...last].join(', ');
}

function ending({ outcome, endedAt, error }: AttemptRecord): string {
  if (endedAt === undefined) return 'still RUNNING';
  let why = '';
  if (error instanceof TimeoutFailure) why = error.timeoutType;
  else if (error instanceof Error) why = String(error);
  return `${outcome} at ${time(endedAt)}${why === '' ? '' : `: ${why}`}`;
}

/** Lines with columns as wide as their widest cell. */
function table(rows: readonly string[][]): string[] {
  const width = (column: number): number =>
    Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(width(column))).join('   ')}`.trimEnd(),
  );
}

function short(details: unknown): string {
  const text = shown(details);
  return text.length > LONGEST_DETAILS ? `${text.slice(0, LONGEST_DETAILS - 3)}...` : text;
}

const UNITS: readonly [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A time in the largest unit that needs no more than three decimals. */
function time(ms: number): string {
  for (const [size, name] of UNITS) {
    const value = ms / size;
    if (value >= 1 && Number.isInteger(Math.round(value * 1e6) / 1e3)) return `${value} ${name}`;
  }
  return `${Math.round(ms * 1e3) / 1e3} ms`;
}
