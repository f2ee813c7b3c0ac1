/** Starts an activity again where an earlier process has left it. */
import { ApplicationFailure } from '../kernel/failures.js';
import { classify } from '../retry/classify.js';
import { conclude } from '../runtime/activity/endings.js';
import type { Execution } from '../runtime/activity/execution.js';
import { lastFailure } from '../runtime/activity/next-attempt.js';
import { pause } from '../runtime/activity/pausing.js';
import { cancel } from '../runtime/activity/stopping.js';
import type { Services } from '../runtime/shared/services.js';
import { callOf, isUnderWay, type Found } from './entry.js';

/** What recoveries use of their runtime. */
export interface Host {
  readonly services: () => Services;
  readonly start: (fn: never, call: object, prepare: (execution: never) => void) => unknown;
}

/** What recoveries use of their ledger. */
export interface Book {
  /** Whether the runtime has an activity with this id already. */
  readonly has: (activityId: string) => boolean;
  /** Takes up the activity of an entry before it is scheduled. */
  readonly adopt: (execution: Execution, call: object, found: Found) => void;
  /** Resolves when the details of the activity have been read, or never will be. */
  readonly whenRead: (execution: Execution) => Promise<unknown>;
  /** Called when the activity is as its entry says. */
  readonly recovered: (execution: Execution) => void;
}

interface Restarting {
  readonly host: Host;
  readonly book: Book;
  readonly countCrashes: boolean;
}

/**
 * Starts the activity of an entry as its process has left it: with its delay, and with the requests
 * to pause or to cancel that its function has not answered.
 *
 * @throws ActivityAlreadyStartedError, RuntimeShutdownError, or whatever makes the call impossible
 */
export function restart(
  fn: unknown,
  found: Found,
  { host, book, countCrashes }: Restarting,
): Execution {
  const { entry } = found;
  const { codec, clock } = host.services();
  const { attempt, runState, scheduledAt, dueAt, withoutProgress = 0 } = entry;
  const hasCrashed = countCrashes && isUnderWay(entry);
  const now = clock.wallNow();
  const call = callOf(codec, entry);
  const prepare = (execution: Execution): void => {
    execution.caller.expectNobody();
    execution.backdate(Math.max(0, now - scheduledAt));
    execution.state.prepare(execution.options, hasCrashed ? attempt : attempt - 1);
    if (withoutProgress > 0) execution.remember().retried(withoutProgress, undefined);
    book.adopt(execution, call, found);
  };
  const execution = host.start(fn as never, call, prepare) as Execution;
  execution.caller.keepQuiet();
  if (hasCrashed) countCrash(execution, attempt, runState === 'CANCEL_REQUESTED');
  else if (dueAt !== undefined && dueAt > now) {
    execution.state.delayUntil(clock.now() + dueAt - now);
  }
  if (runState === 'CANCEL_REQUESTED') cancel(execution, undefined, false);
  else if (runState.startsWith('PAUSE') && execution.isOpen) pause(execution);
  book.recovered(execution);
  return execution;
}

/**
 * Treats an attempt that its process has not survived as one that has failed. Whether it had new
 * details is not known, so it counts as one without progress.
 */
function countCrash(execution: Execution, attempt: number, isCancelled: boolean): void {
  const { options, services, state, expiresAt } = execution;
  const message = `The process died during attempt ${attempt}`;
  const failure = new ApplicationFailure(message, { type: 'ProcessDied' });
  const past = execution.remember();
  past.failed(failure);
  const now = services.clock.now();
  if (isCancelled || execution.enforceLimits(now)) return;
  const withoutProgress = past.withoutProgress + 1;
  const verdict = classify({
    failure,
    timedOut: undefined,
    policy: options.retryPolicy,
    attempt,
    attemptsWithoutProgress: withoutProgress,
    cancelRequested: false,
    remainingMs: expiresAt - now,
    random: services.random,
  });
  if (verdict.retry) {
    past.retried(withoutProgress, verdict.delayMs > 0 ? now : undefined);
    state.delayUntil(now + verdict.delayMs);
  } else conclude(execution, lastFailure(failure, verdict.retryState, undefined));
}
