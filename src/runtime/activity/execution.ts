/**
 * The life of one activity, from the call to its end. Every change happens at the event that causes
 * it. `state.ts` draws the phases, `endings.ts` ends what is here begun, and `control.ts` is what may
 * be asked of an activity from outside.
 */
import type { EventFields } from '../../kernel/events.js';
import type { TimeoutType } from '../../kernel/failures.js';
import { ensureError } from '../../kernel/thrown.js';
import { loadDetails } from '../../heartbeat/store/load.js';
import { retryLoop } from '../../retry/loop.js';
import { Attempt } from '../attempt/attempt.js';
import { requested } from '../attempt/requests.js';
import { NO_FIELDS } from '../shared/outbox.js';
import type { Services } from '../shared/services.js';
import { Activity } from './activity.js';
import { conclude, timedOut } from './endings.js';
import { attemptTimeout } from './failure-messages.js';
import { afterAccepted, afterFailure, failing } from './next-attempt.js';
import { logIgnored } from './warnings.js';

export class Execution extends Activity {
  #inRetryLoop = false;

  // ── From the start to an attempt ─────────────────────────────────────────────────────────────

  /** Schedules the activity; with a free slot its function has been called when this returns. */
  schedule(): void {
    const { knownId: givenId, roster, services, state } = this;
    if (givenId !== undefined) {
      roster.untold.get(givenId)?.flush();
      roster.open.name(this, givenId);
    }
    const { startDelayMs } = this.options;
    state.schedule(startDelayMs > 0 ? this.scheduledAt + startDelayMs : undefined);
    this.emit('scheduled', NO_FIELDS);
    if (!this.isOpen) return;
    const { store } = services;
    if (store === undefined || givenId === undefined) this.dispatch(this.scheduledAt);
    else this.#load(store, givenId);
  }

  /** The caller's signal had aborted before the call: nothing is scheduled, and the caller is told. */
  closeUnscheduled(reason: unknown): void {
    this.state.close('CANCELED');
    this.letGo();
    const cause = requested('CANCELLED', reason);
    this.caller.reject(() => this.failure('CANCELED', cause, 'CANCEL_REQUESTED'));
  }

  #load(store: NonNullable<Services['store']>, activityId: string): void {
    this.state.beginLoading();
    this.rearm(this.scheduledAt);
    const earlier = this.services.writers.get(activityId)?.flush();
    if (earlier === undefined) this.#read(store, activityId);
    else void earlier.then(() => this.#read(store, activityId));
  }

  #read(store: NonNullable<Services['store']>, activityId: string): void {
    if (!this.isOpen) return;
    loadDetails(store, activityId, this.services.codec, (details, failure) => {
      if (!this.isOpen) return;
      const forgotten = this.hasCheckpoint && this.checkpoint.forgotten; // by a reset meanwhile
      if (details !== undefined && !forgotten) this.checkpoint.adopt(details);
      this.state.endLoading();
      if (failure === undefined || forgotten) this.dispatch(this.services.clock.now());
      else conclude(this, failing('FAILED', failure, 'NON_RETRYABLE_FAILURE'));
    });
  }

  /** Asks for a slot if every lock is open and there is time; otherwise looks again later. */
  dispatch(now: number, how: 'request' | 'enqueue' | 'resume' = 'request'): void {
    const { state, services } = this;
    if (now >= this.expiresAt || !state.isUnlocked(now)) {
      if (how === 'resume') services.slots.giveBack(this);
      this.rearm(now);
      return;
    }
    state.wait(now);
    if (this.place?.hasRoom(this) !== false) services.slots[how](this, now);
    else if (how === 'resume') services.slots.giveBack(this);
    if (state.phase === 'WAITING') this.rearm(now);
  }

  /** There may be room where the function runs: now it needs a slot, unless it waits for one. */
  onRoom(): void {
    const { state, services, queue } = this;
    if (state.phase === 'WAITING' && queue === undefined) {
      services.slots.request(this, services.clock.now());
    }
  }

  /**
   * The slot is there.
   *
   * @param read a reading of the clock, for an activity that has not waited
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
  }

  /** The loop only follows: what happens next is decided here, at the event. */
  enterRetryLoop(): void {
    if (this.#inRetryLoop) return;
    this.#inRetryLoop = true;
    retryLoop(this.state);
  }

  // ── What its attempts come to ────────────────────────────────────────────────────────────────

  returned(attempt: Attempt, result: unknown): void {
    this.functionSettled();
    if (attempt.ended) this.#settledLate(attempt, { result });
    else if (attempt.holdsSlot) this.complete(result);
  }

  threw(attempt: Attempt, thrown: unknown): void {
    this.functionSettled();
    if (!attempt.ended && attempt.holdsSlot) {
      this.failAttempt(attempt, thrown);
      return;
    }
    logIgnored(this, attempt, thrown);
    if (attempt.ended) this.#settledLate(attempt, { error: thrown });
  }

  leftOpen(): void {
    this.services.slots.giveBack(this);
  }

  /** The function of an ended attempt has settled: its outcome counts no longer. */
  #settledLate(attempt: Attempt, outcome: EventFields<'attemptSettled'>): void {
    this.emit('attemptSettled', outcome, attempt.number);
    if (this.state.waitsFor === attempt) this.#endOverlap(this.services.clock.now());
  }

  /** The function of the attempt before is waited for no longer: its slot goes to the next attempt. */
  #endOverlap(now: number): void {
    this.dispatch(now, this.state.endOverlap()?.holdsSlot === true ? 'resume' : 'request');
  }

  /** With a result, from the function or from outside; an attempt may run or not. */
  complete(result: unknown): void {
    conclude(this, { again: false, status: 'COMPLETED', result });
  }

  /**
   * The function threw, or somebody says from outside that the attempt has failed. To read what was
   * thrown may run the user's code, which may end the attempt.
   */
  failAttempt(attempt: Attempt, thrown: unknown): void {
    const now = this.services.clock.now();
    const reason = attempt.accepted(thrown);
    if (reason !== undefined) {
      const next = afterAccepted(this, attempt, reason);
      if (!attempt.ended) conclude(this, next, { failure: reason, accepted: true }, now);
    } else {
      const failure = ensureError(thrown);
      const next = afterFailure(this, attempt, failure, now);
      if (!attempt.ended) conclude(this, next, { failure }, now);
    }
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  onDue(now: number): void {
    const { state } = this;
    const { attempt } = state;
    if (attempt !== undefined) {
      const expired = attempt.expired(now, this.expiresAt);
      if (expired !== undefined) this.#timeOut(expired, now);
      else {
        attempt.reportDue(now);
        if (this.bucket === undefined) this.rearm(now);
      }
    } else if (this.enforceLimits(now)) return;
    else if (state.waitsFor !== undefined && now >= state.opensAt) {
      this.#endOverlap(this.services.clock.now());
    } else this.dispatch(now, 'enqueue');
  }

  /**
   * Times the activity out if a limit has passed that counts time on the wall: the event loop may
   * have been blocked, so that no timer could fire yet. True if it has.
   */
  enforceLimits(read?: number): boolean {
    const { expiresAt, scheduleToStartAt, services } = this;
    const { attempt } = this.state;
    const limitAt = attempt?.limitAt(expiresAt) ?? Math.min(scheduleToStartAt, expiresAt);
    if (limitAt === Infinity || !this.isOpen) return false;
    const now = read ?? services.clock.now();
    if (now < limitAt) return false;
    services.deadlines.blocks.note(limitAt, now);
    const limit = scheduleToStartAt <= expiresAt ? 'SCHEDULE_TO_START' : 'SCHEDULE_TO_CLOSE';
    this.#timeOut(attempt?.firstLimit(expiresAt) ?? limit, now);
    return true;
  }

  /** Since when the activity has waited for what a timeout of this type says did not come. */
  #waitedSince(timeoutType: TimeoutType): number {
    const { attempt, waitingSince } = this.state;
    if (attempt !== undefined) return attempt.waitedSince(timeoutType);
    return timeoutType === 'SCHEDULE_TO_START' ? waitingSince : this.scheduledAt;
  }

  #timeOut(timeoutType: TimeoutType, now: number): void {
    const { attempt } = this.state;
    const { blocks } = this.services.deadlines;
    const failure = attemptTimeout(timeoutType, {
      options: this.options,
      lastHeartbeatDetails: this.copyDetails(),
      eventLoopBlockedMs: blocks.since(this.#waitedSince(timeoutType)),
      previous: this.past?.lastFailure,
    });
    if (attempt === undefined) {
      conclude(this, failing('TIMED_OUT', failure, 'TIMEOUT'));
      return;
    }
    const next = afterFailure(this, attempt, failure, now, timeoutType);
    if (!attempt.ended) conclude(this, next, { failure, told: timedOut(failure) }, now);
  }
}
