/** Durations in Temporal's form. */
import { durationMs } from '../kernel/duration.js';

/** Reads a duration into milliseconds. Unlike in systole, `'100'` counts as 100 milliseconds. */
export function temporalDurationMs(duration: string | number): number {
  const number = Number(duration);
  return Number.isNaN(number) ? durationMs(duration, 'a duration') : number;
}

/** A hundred years, the longest duration on the server. It has no infinite ones. */
const LONGEST_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/** A duration for the server, in whole milliseconds. It is rounded up, so it never becomes 0. */
export function serverMs(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_MS);
}
