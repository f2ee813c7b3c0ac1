/** Reads durations as users write them. Only this file imports `ms`. */
import ms from 'ms';
import { badOption } from './bad-input.js';
import { refusable } from './stack.js';

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

const DURATION_ACCEPTED =
  "milliseconds (0 or more), or a number with a unit such as '10s' or '5 minutes'";

// Every call uses the same few strings, and parsing is the most expensive part of reading an option.
// The size is limited, so that computed strings cannot fill the memory.
const parsed = new Map<string, number>();
const PARSED_LIMIT = 500;

/**
 * Reads a duration into milliseconds, which may be Infinity.
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

/** Reads a duration into milliseconds, and refuses Infinity. */
export function finiteMs(value: unknown, name: string): number {
  const ms = durationMs(value, name);
  if (ms === Infinity) throw badOption(name, value, 'a finite duration');
  return ms;
}

/**
 * Reads a duration that the types cannot check, such as one from an environment variable. Returns
 * milliseconds.
 *
 * @param name the name that an error shows
 * @throws TypeError that gives the name, the value and what is accepted
 *
 * @example
 * const timeout = parseDuration(process.env.IMPORT_TIMEOUT ?? '2 minutes', 'IMPORT_TIMEOUT');
 */
export function parseDuration(text: string | number, name = 'duration'): number {
  return refusable(parseDuration, () => durationMs(text, name));
}

function parse(text: string): number | undefined {
  // `ms` reads a number without a unit as milliseconds. Here we treat that as a forgotten unit.
  if (text.length > 100 || !/[a-z]$/i.test(text)) return undefined;
  const value: unknown = ms(text as '1s');
  if (typeof value !== 'number' || !(value >= 0)) return undefined;
  if (parsed.size >= PARSED_LIMIT) parsed.clear();
  parsed.set(text, value);
  return value;
}
