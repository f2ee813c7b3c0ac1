/**
 * The life of one activity. Every change of state happens at the event that causes it, in the
 * order: state, abort, events, then the caller's promise.
 *
 *   loading ──▶ dispatch ──▶ an attempt runs ──▶ closed
 *   (store)        ▲                │
 *                  └────────────────┘ it failed and is retried
 *
 * It may close at any time: by a cancellation, or by a timeout of the whole activity.
 */
import { Deadline } from '../deadlines.js';
import type { ActivityEventName, EventFields } from '../events.js';
import { CancelledFailure, ensureError, type RetryState, type TimeoutType } from '../failures.js';
import type { Snapshot } from '../heartbeat/details.js';
import { classify, type Verdict } from '../retry/classify.js';
import { attributesOf, emit } from './announce.js';
import { Attempt, type AnyFunction, type AttemptOwner } from './attempt.js';
import { Dispatch, type Dispatched } from './dispatch.js';
import { HeartbeatRecord } from './heartbeat-record.js';
import { loadDetails } from './load-details.js';
import type { ResolvedOptions } from './options.js';
import { activityFailure, attemptTimeout, finalFailure, type ClosedStatus } from './outcome.js';
import { randomToken } from './random-token.js';
import type { Services } from './services.js';
import type { SignalFollower } from './signals.js';
import { AttemptWarnings } from './warnings.js';

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

export class Execution extends Deadline implements AttemptOwner, Dispatched, SignalFollower {
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly scheduledAt: number;
  undelivered: CancelledFailure | undefined;

  readonly #activity: Activity;
  readonly #caller: Caller;
  readonly #onClosed: (() => void) | undefined;
  /** The scheduleToClose deadline. */
  readonly #expiresAt: number;
  readonly #dispatch: Dispatch;

  #closed = false;
  #id: string | undefined;
  /** The last attempt made. */
  #attemptNumber = 0;
  /** The running one. */
  #attempt: Attempt | undefined;
  #lastFailure: Error | undefined;
  #cancelRequest: CancelledFailure | undefined;
  #heartbeats: HeartbeatRecord | undefined;
  #warnings: AttemptWarnings | undefined;

  constructor(services: Services, activity: Activity, caller: Caller, onClosed?: () => void) {
    super();
    this.services = services;
    this.options = activity.options;
    this.#activity = activity;
    this.#caller = caller;
    this.#onClosed = onClosed;
    const { scheduleToCloseTimeoutMs, startDelayMs, activityId } = activity.options;
    this.#id = activityId;
    this.#dispatch = new Dispatch(this);
    this.scheduledAt = services.clock.now();
    this.#expiresAt =
      scheduleToCloseTimeoutMs === 0
        ? Infinity
        : this.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs;
  }

  /** Made when first asked for: most activities are never called by their id. */
  get activityId(): string {
    return (this.#id ??= randomToken());
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
    if (this.#closed) return;
    const { store } = this.services;
    if (store === undefined || activityId === undefined) this.#dispatchFirst(this.scheduledAt);
    else this.#load(store, activityId);
  }

  #load(store: NonNullable<Services['store']>, activityId: string): void {
    this.rearm(this.scheduledAt);
    loadDetails(store, activityId, this.services.codec, (details, failure) => {
      if (this.#closed) return;
      if (details !== undefined) this.heartbeats.details = details;
      if (failure === undefined) this.#dispatchFirst(this.services.clock.now());
      else this.#fail('FAILED', failure, 'NON_RETRYABLE_FAILURE');
    });
  }

  #dispatchFirst(now: number): void {
    this.#dispatch.first(this.scheduledAt + this.options.startDelayMs, now);
  }

  beginAttempt(dispatchedAt: number, now: number): void {
    const attempt = new Attempt(this, this.#attemptNumber + 1, dispatchedAt, now);
    this.#attemptNumber = attempt.number;
    this.#attempt = attempt;
    this.rearm(now);
    this.#emit('started', {});
    attempt.run(this.#activity.fn, this.#activity.args);
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

  /** The running attempt threw, or a deadline of it passed: another one, or the end. */
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
    this.#lastFailure = failure;
    if (verdict.retry) {
      this.#attempt = undefined;
      this.#dispatch.again(attempt, verdict.delayMs, now);
    } else {
      this.#close();
    }

    if (unreported) this.heartbeats.report(attempt.number);
    if (timedOut !== undefined) {
      attempt.interruption.deliver(new CancelledFailure('TIMED_OUT', { cause: failure }));
    }
    this.#emit('attemptFailed', { failure, ...nextAttempt(attempt, verdict) }, attempt.number);
    if (attempt.running) {
      this.#emit('attemptAbandoned', {}, attempt.number);
      this.#warn().abandoned(attempt.number);
    }

    if (verdict.retry) {
      this.#warn().retry(failure, verdict.delayMs, attempt.number);
      this.#dispatch.loop();
    } else {
      const { status, cause } = finalFailure(failure, verdict.retryState, timedOut);
      this.#tellFailure(status, cause, verdict.retryState);
    }
    this.services.scheduler.handOut();
  }

  #abandonedSettled(attempt: Attempt, outcome: EventFields<'attemptSettled'>): void {
    this.#emit('attemptSettled', outcome, attempt.number);
    this.#dispatch.settled(attempt, this.services.clock.now());
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  onDue(now: number): void {
    const attempt = this.#attempt;
    const expired =
      attempt === undefined ? this.#expiredWaiting(now) : attempt.expired(now, this.#expiresAt);
    if (expired !== undefined) {
      this.#timedOut(expired, now);
      return;
    }
    if (attempt === undefined) this.#dispatch.onDue(now);
    else attempt.reportDue(now);
    if (!this.#closed && this.bucket === undefined) this.rearm(now);
    this.services.scheduler.handOut();
  }

  #expiredWaiting(now: number): TimeoutType | undefined {
    const { scheduleToStartAt } = this.#dispatch;
    if (Math.min(scheduleToStartAt, this.#expiresAt) > now) return undefined;
    return scheduleToStartAt <= this.#expiresAt ? 'SCHEDULE_TO_START' : 'SCHEDULE_TO_CLOSE';
  }

  /** Arms the one deadline of the activity for whatever comes first. */
  rearm(now: number): void {
    const due =
      this.#attempt === undefined
        ? Math.min(this.#dispatch.dueAt, this.#expiresAt)
        : this.#attempt.nextDue(this.#expiresAt);
    if (due === Infinity) this.services.deadlines.disarm(this);
    else this.services.deadlines.arm(this, due, now);
  }

  // ── Cancellation ─────────────────────────────────────────────────────────────────────────────

  /** The outside signal: always at once. */
  signalAborted(reason: unknown): void {
    this.cancel(reason, true);
  }

  /** @param immediate whether a running function hears it now, or inside its next heartbeat */
  cancel(cause: unknown, immediate: boolean): void {
    if (this.#closed) return;
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

  /** Ends an activity of which no attempt runs. */
  #fail(status: ClosedStatus, failure: Error, retryState: RetryState): void {
    this.#close();
    this.#tellFailure(status, failure, retryState);
    this.services.scheduler.handOut();
  }

  /** The state of the end, before anybody is told: nothing is held and nothing waits any more. */
  #close(): void {
    const { deadlines, scheduler, signals } = this.services;
    if (this.#attempt !== undefined) scheduler.release();
    this.#closed = true;
    this.#attempt = undefined;
    this.#dispatch.close();
    deadlines.disarm(this);
    if (this.options.signal !== undefined) signals.unfollow(this.options.signal, this);
    this.#onClosed?.();
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

  #emit<Name extends ActivityEventName>(
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
  return { nextAttempt: Object.freeze({ attempt: attempt.number + 1, delayMs: verdict.delayMs }) };
}
