/** Durations as users write them. The only file that imports `ms`. */
import ms from 'ms';
import { badOption } from './bad-input.js';

type Unit =
  | 'ms'
  | 'msec'
  | 'msecs'
  | 'millisecond'
  | 'milliseconds'
  | 's'
  | 'sec'
  | 'secs'
  | 'second'
  | 'seconds'
  | 'm'
  | 'min'
  | 'mins'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hr'
  | 'hrs'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'w'
  | 'week'
  | 'weeks'
  | 'y'
  | 'yr'
  | 'yrs'
  | 'year'
  | 'years';

/**
 * A duration: a number of milliseconds, or a number with a unit, such as `'10s'`, `'5 minutes'` or
 * `'1.5h'`.
 */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`;

export const DURATION_ACCEPTED =
  "milliseconds (0 or more), or a number with a unit such as '10s' or '5 minutes'";

// The same few strings come with every call, and a parse costs more than all the rest of reading
// an option. Bounded, so that computed strings cannot fill memory.
const parsed = new Map<string, number>();
const PARSED_LIMIT = 500;

/**
 * Milliseconds of a duration, Infinity included.
 *
 * @throws TypeError that names `name`, the value and what is accepted
 */
export function durationMs(value: unknown, name: string): number {
  if (typeof value === 'number' && value >= 0) return value;
  if (typeof value === 'string') {
    const known = parsed.get(value) ?? parse(value);
    if (known !== undefined) return known;
  }
  throw badOption(name, value, DURATION_ACCEPTED);
}

/** The same for a duration that must end. */
export function finiteMs(value: unknown, name: string): number {
  const ms = durationMs(value, name);
  if (ms === Infinity) throw badOption(name, value, 'a finite duration');
  return ms;
}

/**
 * Reads a duration that the types cannot check, such as one from an environment variable, and gives
 * its milliseconds.
 *
 * @param name what the error calls it
 * @throws TypeError that names it, the value and what is accepted
 *
 * @example
 * const timeout = parseDuration(process.env.IMPORT_TIMEOUT ?? '2 minutes', 'IMPORT_TIMEOUT');
 */
export function parseDuration(text: string | number, name = 'duration'): number {
  return durationMs(text, name);
}

function parse(text: string): number | undefined {
  // `ms` takes a bare number string for milliseconds; here that is a forgotten unit.
  if (text.length > 100 || !/[a-z]$/i.test(text)) return undefined;
  const value: unknown = ms(text as '1s');
  if (typeof value !== 'number' || !(value >= 0)) return undefined;
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  parsed.set(text, value);
  return value;
}
