import { expect } from 'vitest';
import { ActivityFailure, TimeoutFailure } from '../../src/index.js';
import type { Harness, Outcome } from './harness.js';

interface Watched {
  readonly outcome: Outcome<unknown>;
}

/** The rejection of a watched run. */
export function failureOf({ outcome }: Watched): ActivityFailure {
  if (outcome.state !== 'rejected') throw new Error(`the run is ${outcome.state}, not rejected`);
  expect(outcome.error).toBeInstanceOf(ActivityFailure);
  return outcome.error as ActivityFailure;
}

/** The timeout that is the cause of a watched run's rejection. */
export function timeoutOf(watched: Watched): TimeoutFailure {
  const { cause } = failureOf(watched);
  expect(cause).toBeInstanceOf(TimeoutFailure);
  return cause as TimeoutFailure;
}

/** When a watched run settled. */
export function settledAt({ outcome }: Watched): number {
  if (outcome.state === 'pending') throw new Error('the run is still pending');
  return outcome.at;
}

/** All reports: the details and when. */
export function reportsOf(h: Harness): [details: unknown, at: number][] {
  return h.of('heartbeat').map(({ details, at }) => [details, at]);
}

/** When each attempt started. */
export function startsOf(h: Harness): number[] {
  return h.of('started').map(({ at }) => at);
}

/** The delay after each failed attempt; `undefined` for the last. */
export function delaysOf(h: Harness): (number | undefined)[] {
  return h.of('attemptFailed').map(({ nextAttempt }) => nextAttempt?.delayMs);
}

/** Collects unhandled rejections of this process until `stop`, which returns them. */
export function collectUnhandledRejections(): { stop(): unknown[] } {
  const seen: unknown[] = [];
  const listener = (reason: unknown): void => void seen.push(reason);
  process.on('unhandledRejection', listener);
  return {
    stop() {
      process.off('unhandledRejection', listener);
      return seen;
    },
  };
}
