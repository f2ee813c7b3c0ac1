/**
 * The life of one activity. Every change of state happens at the event that causes it, in the
 * order: state, abort, events, then the caller's promise.
 *
 *   LOADING ──▶ DELAYED ──▶ WAITING ──▶ RUNNING ──▶ CLOSED
 *   (store)   (startDelay  (for a slot)    │
 *              or backoff) ◀───────────────┘ an attempt failed and is retried
 *
 * Any state may close: by a cancellation, or by a timeout of the whole activity.
 */
import { Deadline } from '../deadlines.js';
import type { EventFields } from '../events.js';
import { CancelledFailure, ensureError, type RetryState, type TimeoutType } from '../failures.js';
import type { Snapshot } from '../heartbeat/details.js';
import { Deferred } from '../promises.js';
import { classify, type Verdict } from '../retry/classify.js';
import { retry, RETRY, type RetrySubject } from '../retry/retry.js';
import { attributesOf, emit } from './announce.js';
import { Attempt, type AnyFunction, type AttemptOwner } from './attempt.js';
import { HeartbeatRecord } from './heartbeat-record.js';
import { loadDetails } from './load-details.js';
import type { ResolvedOptions } from './options.js';
import { activityFailure, attemptTimeout, finalFailure, type ClosedStatus } from './outcome.js';
import { randomToken } from './random-token.js';
import type { Queue, Waiter } from './scheduler.js';
import type { Services } from './services.js';
import type { SignalFollower } from './signals.js';
import { AttemptWarnings } from './warnings.js';

type State = 'LOADING' | 'DELAYED' | 'WAITING' | 'RUNNING' | 'CLOSED';

/** What is run. */
export interface Activity {
  readonly fn: AnyFunction;
  readonly args: readonly unknown[];
  readonly options: ResolvedOptions;
}

/** Whom the outcome is told. */
export interface Caller {
  resolve(result: unknown): void;
  reject(failure: Error): void;
}

/** A timed-out attempt whose function the retry waits for; it keeps its slot meanwhile. */
interface Overlap {
  readonly attempt: Attempt;
  readonly until: number;
}

export class Execution
  extends Deadline
  implements AttemptOwner, RetrySubject, SignalFollower, Waiter
{
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly scheduledAt: number;
  undelivered: CancelledFailure | undefined = undefined;
  queue: Queue | undefined = undefined;
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;

  readonly #fn: AnyFunction;
  readonly #args: readonly unknown[];
  readonly #caller: Caller;
  readonly #onClosed: (() => void) | undefined;
  /** The scheduleToClose deadline. */
  readonly #expiresAt: number;

  #state: State = 'DELAYED';
  #id: string | undefined;
  /** The last attempt made. */
  #attemptNumber = 0;
  /** The running one. */
  #attempt: Attempt | undefined = undefined;
  /** In DELAYED: when the delay is over. In WAITING: since when it waits. */
  #dispatchAt: number;
  #lastFailure: Error | undefined = undefined;
  #cancelRequest: CancelledFailure | undefined = undefined;
  #overlap: Overlap | undefined = undefined;
  #heartbeats: HeartbeatRecord | undefined = undefined;
  #warnings: AttemptWarnings | undefined = undefined;
  /** The retry loop waits on these: for the delay to be over, and for the attempt to end. */
  #backoff: Deferred<boolean> | undefined = undefined;
  #turn: Deferred<void> | undefined = undefined;

  constructor(services: Services, activity: Activity, caller: Caller, onClosed?: () => void) {
    super();
    this.services = services;
    this.#fn = activity.fn;
    this.#args = activity.args;
    this.options = activity.options;
    this.#caller = caller;
    this.#onClosed = onClosed;
    const { scheduleToCloseTimeoutMs, startDelayMs, activityId } = activity.options;
    this.#id = activityId;
    this.scheduledAt = services.clock.now();
    this.#dispatchAt = this.scheduledAt + startDelayMs;
    this.#expiresAt =
      scheduleToCloseTimeoutMs === 0 ? Infinity : this.#dispatchAt + scheduleToCloseTimeoutMs;
  }

  /** Made when first asked for: most activities are never called by their id. */
  get activityId(): string {
    return (this.#id ??= randomToken());
  }

  get priority(): number {
    return this.options.priority;
  }

  get heartbeats(): HeartbeatRecord {
    return (this.#heartbeats ??= new HeartbeatRecord(this));
  }

  get details(): Snapshot | undefined {
    return this.#heartbeats?.details;
  }

  // ── From the start to an attempt ─────────────────────────────────────────────────────────────

  /** Schedules the activity; with a free slot its function has been called when this returns. */
  schedule(): void {
    const { signal, activityId } = this.options;
    if (signal !== undefined) this.services.signals.follow(signal, this);
    this.#emit('scheduled', {});
    if (this.#isClosed()) return;
    const { store } = this.services;
    if (store === undefined || activityId === undefined) this.#dispatchFirst(this.scheduledAt);
    else this.#load(store, activityId);
  }

  #load(store: NonNullable<Services['store']>, activityId: string): void {
    this.#state = 'LOADING';
    this.rearm(this.scheduledAt);
    loadDetails(store, activityId, this.services.codec, (details, failure) => {
      if (this.#isClosed()) return;
      if (details !== undefined) this.heartbeats.details = details;
      if (failure === undefined) this.#dispatchFirst(this.services.clock.now());
      else this.#fail('FAILED', failure, 'NON_RETRYABLE_FAILURE');
    });
  }

  #dispatchFirst(now: number): void {
    this.#state = 'DELAYED';
    if (now >= this.#dispatchAt) this.#enqueue(now);
    else this.rearm(now);
  }

  #enqueue(now: number): void {
    this.#state = 'WAITING';
    this.#dispatchAt = now;
    this.services.scheduler.request(this, now);
    if (this.queue !== undefined) this.rearm(now);
  }

  /** The slot is there: an attempt begins. */
  begin(now: number = this.services.clock.now()): void {
    const attempt = new Attempt(this, this.#attemptNumber + 1, this.#dispatchAt, now);
    this.#state = 'RUNNING';
    this.#attemptNumber = attempt.number;
    this.#attempt = attempt;
    this.rearm(now);
    this.#emit('started', {});
    attempt.run(this.#fn, this.#args);
  }

  // ── The end of an attempt ────────────────────────────────────────────────────────────────────

  returned(attempt: Attempt, result: unknown): void {
    if (attempt.ended) {
      this.#abandonedSettled(attempt, { result });
      return;
    }
    attempt.end(); // details held back die with the activity
    this.#close();
    this.#heartbeats?.forget();
    this.#emit('completed', { result });
    this.#tell(() => this.#caller.resolve(result));
    this.services.scheduler.handOut();
  }

  threw(attempt: Attempt, thrown: unknown): void {
    if (attempt.ended) {
      this.#abandonedSettled(attempt, { error: thrown });
      return;
    }
    const { interruption } = attempt;
    if (this.#cancelRequest !== undefined && interruption.isAcceptedBy(thrown)) {
      this.#accepted(attempt, interruption.reason ?? this.#cancelRequest);
    } else {
      this.#attemptFailed(attempt, ensureError(thrown), this.services.clock.now());
    }
  }

  #timedOut(timeoutType: TimeoutType, now: number): void {
    const attempt = this.#attempt;
    const failure = attemptTimeout(timeoutType, {
      options: this.options,
      lastHeartbeatDetails: this.services.codec.copy(this.details),
      eventLoopBlockedMs: attempt?.monitor.blockedMs ?? 0,
      previous: this.#lastFailure,
    });
    if (attempt === undefined) this.#fail('TIMED_OUT', failure, 'TIMEOUT');
    else this.#attemptFailed(attempt, failure, now, timeoutType);
  }

  /** The running attempt threw or timed out: another one, or the end. */
  #attemptFailed(attempt: Attempt, failure: Error, now: number, timedOut?: TimeoutType): void {
    const verdict = classify({
      failure,
      timedOut,
      policy: this.options.retryPolicy,
      attempt: attempt.number,
      cancelRequested: this.#cancelRequest !== undefined,
      remainingMs: this.#expiresAt - now,
      random: this.services.random,
    });
    const unreported = attempt.end();
    if (verdict.retry) this.#delay(attempt, verdict.delayMs, now);
    else this.#close();
    this.#lastFailure = failure;

    if (unreported) this.heartbeats.report(attempt.number);
    if (timedOut !== undefined) {
      attempt.interruption.deliver(new CancelledFailure('TIMED_OUT', { cause: failure }));
    }
    this.#emit('attemptFailed', { failure, ...nextAttempt(attempt, verdict) }, attempt.number);
    if (attempt.running) this.#abandon(attempt);

    if (verdict.retry) this.#goOn(failure, verdict.delayMs);
    else {
      const { status, cause } = finalFailure(failure, verdict.retryState, timedOut);
      this.#tellFailure(status, cause, verdict.retryState);
    }
    this.services.scheduler.handOut();
  }

  #delay(attempt: Attempt, delayMs: number, now: number): void {
    this.#state = 'DELAYED';
    this.#attempt = undefined;
    this.#dispatchAt = now + delayMs;
    this.#backoff = new Deferred();
    const waitMs = this.options.overlapWaitMs;
    if (attempt.running && waitMs > 0) this.#overlap = { attempt, until: now + waitMs };
    else this.services.scheduler.release();
    this.rearm(now);
  }

  /** Another attempt is due: into the retry loop, or on with it. */
  #goOn(failure: Error, delayMs: number): void {
    this.#warn().retry(failure, delayMs, this.#attemptNumber);
    if (this.#turn === undefined) retry(this);
    else this.#turn.reject(RETRY);
  }

  #abandon(attempt: Attempt): void {
    this.#emit('attemptAbandoned', {}, attempt.number);
    this.#warn().abandoned(attempt.number);
  }

  #abandonedSettled(attempt: Attempt, outcome: EventFields<'attemptSettled'>): void {
    this.#emit('attemptSettled', outcome, attempt.number);
    if (this.#overlap?.attempt !== attempt) return;
    this.#endOverlap();
    this.#onDelay(this.services.clock.now());
    this.services.scheduler.handOut();
  }

  #endOverlap(): void {
    if (this.#overlap === undefined) return;
    this.#overlap = undefined;
    this.services.scheduler.release();
  }

  // ── The retry loop asks ──────────────────────────────────────────────────────────────────────

  backoff(): Promise<boolean> {
    return this.#backoff?.promise ?? Promise.resolve(false);
  }

  nextAttempt(): Promise<void> {
    if (this.#isClosed()) return Promise.resolve();
    const turn = (this.#turn = new Deferred<void>());
    this.#enqueue(this.services.clock.now());
    return turn.promise;
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  onDue(now: number): void {
    const expired =
      this.#attempt === undefined
        ? this.#expiredWaiting(now)
        : this.#attempt.expired(now, this.#expiresAt);
    if (expired !== undefined) {
      this.#timedOut(expired, now);
      return;
    }
    if (this.#state === 'DELAYED') this.#onDelay(now);
    this.#attempt?.reportDue(now);
    if (!this.#isClosed() && this.bucket === undefined) this.rearm(now);
    this.services.scheduler.handOut();
  }

  #expiredWaiting(now: number): TimeoutType | undefined {
    const scheduleToStartAt = this.#scheduleToStartAt();
    if (Math.min(scheduleToStartAt, this.#expiresAt) > now) return undefined;
    return scheduleToStartAt <= this.#expiresAt ? 'SCHEDULE_TO_START' : 'SCHEDULE_TO_CLOSE';
  }

  #scheduleToStartAt(): number {
    const timeoutMs = this.options.scheduleToStartTimeoutMs;
    return this.#state === 'WAITING' && timeoutMs > 0 ? this.#dispatchAt + timeoutMs : Infinity;
  }

  /** In DELAYED: goes on to the next attempt once the delay and the overlap are over. */
  #onDelay(now: number): void {
    if (this.#overlap !== undefined) {
      if (now < this.#overlap.until) return;
      this.#endOverlap();
    }
    if (this.#state !== 'DELAYED' || now < this.#dispatchAt) return;
    this.#dispatchAt = Infinity; // over: it does not fall due again
    if (this.#backoff === undefined) this.#enqueue(now);
    else this.#backoff.resolve(true);
  }

  /** Arms the one deadline for whatever comes first in this state. */
  rearm(now: number): void {
    const due = this.#nextDue();
    if (due === Infinity) this.services.deadlines.disarm(this);
    else this.services.deadlines.arm(this, due, now);
  }

  #nextDue(): number {
    if (this.#attempt !== undefined) return this.#attempt.nextDue(this.#expiresAt);
    const next =
      this.#state === 'DELAYED'
        ? (this.#overlap?.until ?? this.#dispatchAt)
        : this.#scheduleToStartAt();
    return Math.min(next, this.#expiresAt);
  }

  // ── Cancellation ─────────────────────────────────────────────────────────────────────────────

  /** The outside signal: always at once. */
  signalAborted(reason: unknown): void {
    this.cancel(reason, true);
  }

  /** @param immediate whether a running function hears it now, or inside its next heartbeat */
  cancel(cause: unknown, immediate: boolean): void {
    if (this.#isClosed()) return;
    const attempt = this.#attempt;
    if (this.#cancelRequest !== undefined) {
      if (immediate) attempt?.interruption.deliver(this.#cancelRequest);
      return;
    }
    const request = new CancelledFailure('CANCELLED', cause === undefined ? {} : { cause });
    if (attempt === undefined) {
      this.#fail('CANCELED', request, 'CANCEL_REQUESTED');
      return;
    }
    const type = this.options.cancellationType;
    if (type !== 'ABANDON') {
      this.#cancelRequest = request;
      if (immediate) attempt.interruption.deliver(request);
      else this.undelivered = request;
    }
    if (type !== 'WAIT_CANCELLATION_COMPLETED') {
      this.#caller.reject(this.#activityFailure('CANCELED', request, 'CANCEL_REQUESTED'));
    }
  }

  /** The function stopped because it was told to. */
  #accepted(attempt: Attempt, reason: CancelledFailure): void {
    const unreported = attempt.end();
    this.#close();
    if (unreported) this.heartbeats.report(attempt.number);
    this.#tellFailure('CANCELED', reason, 'CANCEL_REQUESTED');
    this.services.scheduler.handOut();
  }

  // ── The end of the activity ──────────────────────────────────────────────────────────────────

  #isClosed(): boolean {
    return this.#state === 'CLOSED';
  }

  /** Ends an activity of which no attempt runs. */
  #fail(status: ClosedStatus, failure: Error, retryState: RetryState): void {
    this.#close();
    this.#tellFailure(status, failure, retryState);
    this.services.scheduler.handOut();
  }

  /** The state of the end, before anybody is told: nothing is held and nothing waits any more. */
  #close(): void {
    const { deadlines, scheduler, signals } = this.services;
    if (this.#state === 'RUNNING') scheduler.release();
    else scheduler.withdraw(this);
    this.#state = 'CLOSED';
    this.#attempt = undefined;
    this.#endOverlap();
    deadlines.disarm(this);
    if (this.options.signal !== undefined) signals.unfollow(this.options.signal, this);
    this.#onClosed?.();
    this.#backoff?.resolve(false);
    this.#turn?.resolve();
  }

  #tellFailure(status: ClosedStatus, cause: Error, retryState: RetryState): void {
    this.#emit('failed', { status, failure: cause });
    const failure = this.#activityFailure(status, cause, retryState);
    this.#tell(() => this.#caller.reject(failure));
  }

  #activityFailure(status: ClosedStatus, cause: Error, retryState: RetryState): Error {
    return activityFailure(status, cause, retryState, attributesOf(this, this.#attemptNumber));
  }

  /** Tells the caller, after the last write to the store. */
  #tell(settle: () => void): void {
    const writing = this.#heartbeats?.written();
    if (writing === undefined) settle();
    else void writing.then(settle);
  }

  #emit<Name extends Parameters<typeof emit>[1]>(
    name: Name,
    fields: EventFields<Name>,
    attempt: number = this.#attemptNumber,
  ): void {
    emit(this, name, attempt, fields);
  }

  #warn(): AttemptWarnings {
    return (this.#warnings ??= new AttemptWarnings(this));
  }
}

function nextAttempt(
  attempt: Attempt,
  verdict: Verdict,
): { readonly nextAttempt?: { readonly attempt: number; readonly delayMs: number } } {
  if (!verdict.retry) return {};
  return { nextAttempt: { attempt: attempt.number + 1, delayMs: verdict.delayMs } };
}
