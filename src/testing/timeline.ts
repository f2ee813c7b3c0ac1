/** Draws what happened in a test environment as text. */
import { timelineText } from '../timeline/text.js';
import type { Recorded as Recording } from '../timeline/events.js';

/** What a timeline is drawn from, such as a `TestActivityEnvironment`. */
export interface Recorded {
  /** What happened, as `systole/timeline` records it. */
  readonly recording: Recording;
  /** The plans that have not happened, such as `failOnHeartbeat(5)`, as a sentence. */
  readonly unmet?: string | undefined;
}

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
export function timeline({ recording, unmet }: Recorded): string {
  const text = timelineText(recording);
  return unmet === undefined ? text : `${text}\n${unmet}`;
}
