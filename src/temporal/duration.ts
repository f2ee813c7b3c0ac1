/** Durations, as Temporal reads them. */
import { durationMs } from '../kernel/duration.js';

/** Milliseconds. Unlike in systole, a number in a string counts as milliseconds. */
export function temporalDurationMs(duration: string | number): number {
  const number = Number(duration);
  return Number.isNaN(number) ? durationMs(duration, 'a duration') : number;
}
