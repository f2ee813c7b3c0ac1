/** Durations, as Temporal reads them. */
import { durationMs } from '../kernel/duration.js';

/** Milliseconds. Unlike in systole, a number in a string counts as milliseconds. */
export function temporalDurationMs(duration: string | number): number {
  const number = Number(duration);
  return Number.isNaN(number) ? durationMs(duration, 'a duration') : number;
}

/** A hundred years: the server shortens what is longer, and no duration is infinite there. */
const LONGEST_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/** A duration as the server takes it: in whole milliseconds, rounded up so that none becomes 0. */
export function serverMs(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_MS);
}
