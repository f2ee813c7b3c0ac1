/** Prints what happens, one line per event. */
import { inspect } from 'node:util';
import type { ActivityEvent, ActivityRuntime } from 'systole';

export type Say = (attempt: number, text: string) => void;

/** Prints a line with the time since the demo began. */
export const say: Say = (attempt, text) => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2);
  console.log(
    `${seconds.padStart(6)} s  ${attempt === 0 ? ' '.repeat(9) : `attempt ${attempt}`}  ${text}`,
  );
};

const startedAt = performance.now();

export function narrate(runtime: ActivityRuntime): void {
  const tell = (event: ActivityEvent, text: string): void => say(event.attempt, text);

  runtime.on('scheduled', (event) => tell(event, `${event.activityType} is scheduled`));
  runtime.on('started', (event) => tell(event, 'starts'));
  runtime.on('heartbeat', (event) => tell(event, `heartbeat report: ${inspect(event.details)}`));
  runtime.on('attemptFailed', (event) => {
    const { failure, nextAttempt } = event;
    const next =
      nextAttempt && `attempt ${nextAttempt.attempt} follows in ${nextAttempt.delayMs} ms`;
    tell(event, `FAILS: ${failure.message}; ${next ?? 'it was the last one'}`);
  });
  runtime.on('attemptAbandoned', (event) => tell(event, 'is abandoned: its function still runs'));
  runtime.on('attemptSettled', (event) => {
    const outcome = 'error' in event ? `it threw ${String(event.error)}` : 'it returned a value';
    tell(event, `has settled at last: ${outcome}, which no longer counts`);
  });
  runtime.on('completed', (event) => tell(event, `COMPLETES and returns ${String(event.result)}`));
  runtime.on('failed', (event) => tell(event, `ends as ${event.status}: ${event.failure.message}`));
}

/** 11538 as `11,538`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
