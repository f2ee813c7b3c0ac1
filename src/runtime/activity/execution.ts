/**
 * The life of one activity, from the call to its end. Every change happens at the event that causes
 * it. `state.ts` draws the phases, and `endings.ts` ends what starts here. `stopping`, `pausing`,
 * `update-options` and `outside` handle requests from outside.
 */
import type { EventFields } from '../../kernel/events.js';
import type { DeadlineType } from '../../kernel/failures.js';
import { ensureError } from '../../kernel/thrown.js';
import { Attempt } from '../attempt/attempt.js';
import { requested } from '../attempt/requests.js';
import { expired, firstLimit, limitAt, nextDue, waitedSince } from '../attempt/timing.js';
import { NO_FIELDS } from '../shared/outbox.js';
import { Activity } from './activity.js';
import { conclude, timedOut } from './endings.js';
import { attemptTimeout, failureOf } from './failure-messages.js';
import { concludeFailed } from './hooks.js';
import { load } from './loading.js';
import { afterAccepted, failing } from './next-attempt.js';
import { logIgnored, warnOfBlocking } from './warnings.js';

/** It has public methods only, because a field or a private method would slow down each call. */
export class Execution extends Activity {
  // ── From the start to an attempt ─────────────────────────────────────────────────────────────

  /** Schedules the activity. If a slot is free, its function has been called when this returns. */
  schedule(): void {
    const { knownId: givenId, roster, services, state } = this;
    if (givenId !== undefined) {
      roster.untold.get(givenId)?.flush();
      roster.open.name(this, givenId);
    }
    const { startDelayMs } = this.options;
    state.schedule(startDelayMs > 0 ? this.scheduledAt + startDelayMs : undefined);
    this.emit('scheduled', startDelayMs > 0 ? { startDelayMs } : NO_FIELDS);
    if (!this.isOpen) return;
    const { store } = services;
    if (store === undefined || givenId === undefined) this.dispatch(this.scheduledAt);
    else load(this, store, givenId);
  }

  /** Rejects a call whose signal has already aborted. Nothing is scheduled. */
  closeUnscheduled(reason: unknown): void {
    this.state.close('CANCELED');
    this.letGo();
    const cause = requested('CANCELLED', reason);
    this.remember().cancel(cause);
    this.caller.reject(() => failureOf(this, 'CANCELED', cause, 'CANCEL_REQUESTED'));
  }

  /** Asks for a slot if every lock is open and there is time. Otherwise it checks again later. */
  dispatch(now: number, how: 'request' | 'enqueue' | 'resume' = 'request'): void {
    const { state, services } = this;
    if (now >= this.expiresAt || !state.isUnlocked(now)) {
      if (how === 'resume') services.slots.giveBack(this);
      this.rearm(now);
      return;
    }
    state.wait(now);
    this.askForSlot(now, how);
  }

  /** Asks for room where the function runs, and then for a slot. */
  askForSlot(now: number, how: 'request' | 'enqueue' | 'resume' = 'request'): void {
    const { state, services } = this;
    if (this.place?.hasRoom(this) !== false) services.slots[how](this, now);
    else if (how === 'resume') services.slots.giveBack(this);
    if (state.phase !== 'WAITING') return;
    this.roster.open.addWaiter(this);
    this.rearm(now);
  }

  /** Called when there may be room where the function runs. The attempt still needs a slot. */
  onRoom(): void {
    const { state, services, queue } = this;
    if (state.phase === 'WAITING' && queue === undefined) {
      services.slots.request(this, services.clock.now());
    }
  }

  /**
   * Called when the activity has a slot. Starts an attempt.
   *
   * @param read a fresh reading of the clock, if the activity did not have to wait
   */
  begin(read?: number): void {
    const { state, services } = this;
    const now = read ?? services.clock.now();
    if (read === undefined && this.enforceLimits(now)) {
      services.slots.release(this);
      return;
    }
    const { place } = this;
    const room = place?.enter(this);
    if (place !== undefined && room === undefined) {
      services.slots.release(this);
      return;
    }
    const attempt = new Attempt(this, state.attemptNumber + 1, state.waitingSince, now);
    this.past?.heartbeatAt(this.lastHeartbeatAt);
    state.run(attempt);
    this.rearm(now);
    this.emit('started', NO_FIELDS);
    if (attempt.ended) {
      room?.leave(); // a listener has closed the activity
      return;
    }
    this.functionCalled();
    attempt.run(this.fn, this.args, room);
    if (this.options.heartbeatTimeoutMs === 0) {
      warnOfBlocking(this, attempt, services.clock.now() - now, true);
    }
  }

  // ── What its attempts come to ────────────────────────────────────────────────────────────────

  returned(attempt: Attempt, result: unknown): void {
    this.functionSettled();
    if (attempt.ended) settledLate(this, attempt, { result });
    else if (attempt.holdsSlot) this.complete(result);
  }

  threw(attempt: Attempt, thrown: unknown): void {
    this.functionSettled();
    if (!attempt.ended && attempt.holdsSlot) {
      this.failAttempt(attempt, thrown);
      return;
    }
    logIgnored(this, attempt, thrown);
    if (attempt.ended) settledLate(this, attempt, { error: thrown });
  }

  leftOpen(): void {
    this.services.slots.giveBack(this);
  }

  /** Completes the activity with a result, from its function or from outside. */
  complete(result: unknown): void {
    conclude(this, { again: false, status: 'COMPLETED', result });
  }

  /**
   * Fails an attempt, because its function threw or because of a request from outside. Reading the
   * thrown value may run the user's code, which may end the attempt.
   */
  failAttempt(attempt: Attempt, thrown: unknown): void {
    const now = this.services.clock.now();
    const reason = attempt.accepted(thrown);
    if (reason !== undefined) {
      const next = afterAccepted(this, attempt, reason);
      if (!attempt.ended) conclude(this, next, { failure: reason, accepted: true }, now);
    } else {
      const failure = ensureError(thrown);
      concludeFailed(this, attempt, { failure }, now);
    }
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  onDue(now: number): void {
    const { state } = this;
    const { attempt } = state;
    if (attempt !== undefined) {
      warnOfBlocking(this, attempt, now - nextDue(attempt));
      const timeoutType = expired(attempt, now);
      if (timeoutType !== undefined) timeOut(this, timeoutType, now);
      else {
        attempt.reports?.reportDue(now);
        if (this.bucket === undefined) this.rearm(now);
      }
    } else if (this.enforceLimits(now)) return;
    else if (state.waitsFor !== undefined && now >= state.opensAt) {
      endOverlap(this);
    } else this.dispatch(now, 'enqueue');
  }

  /**
   * Times the activity out if a limit has passed that holds even on a blocked event loop, where no
   * timer can fire. Returns true if it has timed out.
   */
  enforceLimits(read?: number): boolean {
    const { services } = this;
    const { attempt } = this.state;
    const limit = attempt
      ? limitAt(attempt)
      : Math.min(this.state.scheduleToStartAt, this.expiresAt);
    const first = Math.min(limit, attempt?.alive.deadline ?? Infinity);
    if (first === Infinity || !this.isOpen) return false;
    const now = read ?? services.clock.now();
    if (attempt) warnOfBlocking(this, attempt, now - first);
    if (now < limit) return false;
    services.deadlines.blocks.note(limit, now);
    if (attempt) timeOut(this, firstLimit(attempt), now);
    else if (limit === this.state.scheduleToStartAt) timeOut(this, 'SCHEDULE_TO_START', now);
    else timeOut(this, 'SCHEDULE_TO_CLOSE', now);
    return true;
  }
}

// ── Functions that settle late, and timeouts ─────────────────────────────────────────────────────

/** Called when the function of an ended attempt has settled. Its outcome does not count. */
function settledLate(
  execution: Execution,
  attempt: Attempt,
  outcome: EventFields<'attemptSettled'>,
): void {
  execution.emit('attemptSettled', outcome, attempt.number);
  if (execution.state.waitsFor === attempt) endOverlap(execution);
}

/** Ends the wait for the function of the previous attempt. The next attempt gets its slot. */
function endOverlap(execution: Execution): void {
  const now = execution.services.clock.now();
  const kept = execution.state.endOverlap()?.holdsSlot === true;
  execution.dispatch(now, kept ? 'resume' : 'request');
}

/** The time from which a timeout of this type counts. */
function waitingSince({ state, scheduledAt }: Execution, timeoutType: DeadlineType): number {
  if (state.attempt !== undefined) return waitedSince(state.attempt, timeoutType);
  return timeoutType === 'SCHEDULE_TO_START' ? state.waitingSince : scheduledAt;
}

function timeOut(execution: Execution, timeoutType: DeadlineType, now: number): void {
  const { attempt } = execution.state;
  const { blocks } = execution.services.deadlines;
  const failure = attemptTimeout(timeoutType, {
    options: execution.options,
    lastHeartbeatDetails: execution.copyDetails(),
    eventLoopBlockedMs: blocks.since(waitingSince(execution, timeoutType)),
    previous: execution.past?.lastFailure,
  });
  if (attempt === undefined) {
    conclude(execution, failing('TIMED_OUT', failure, 'TIMEOUT'));
    return;
  }
  concludeFailed(execution, attempt, { failure, told: () => timedOut(failure) }, now, timeoutType);
}
