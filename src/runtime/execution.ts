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
import type { ActivityEventName, EventFields } from '../events.js';
import { ensureError, CancelledFailure, TimeoutFailure, type RetryState } from '../failures.js';
import type { Snapshot } from '../heartbeat/details.js';
import { StoreWriter } from '../heartbeat/store.js';
import { Deferred } from '../promises.js';
import { classify } from '../retry/classify.js';
import { retry, RETRY, type RetrySubject } from '../retry/retry.js';
import { Attempt, type AnyFunction, type AttemptOwner } from './attempt.js';
import { loadDetails } from './load-details.js';
import type { ResolvedOptions } from './options.js';
import {
  activityFailure,
  attemptTimeout,
  failedStatus,
  noTimeToRetry,
  RetryLog,
  type ClosedStatus,
} from './outcome.js';
import { randomToken } from './random-token.js';
import type { Queue, Waiter } from './scheduler.js';
import type { Services } from './services.js';
import type { SignalFollower } from './signals.js';

type State = 'LOADING' | 'DELAYED' | 'WAITING' | 'RUNNING' | 'CLOSED';

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
  details: Snapshot | undefined = undefined;
  undelivered: CancelledFailure | undefined = undefined;
  queue: Queue | undefined = undefined;
  ahead: Waiter | undefined = undefined;
  behind: Waiter | undefined = undefined;

  readonly #fn: AnyFunction;
  readonly #args: readonly unknown[];
  readonly #caller: Caller;
  readonly #onClosed: ((execution: Execution) => void) | undefined;
  /** The scheduleToClose deadline. */
  readonly #expiresAt: number;

  #state: State = 'DELAYED';
  #id: string | undefined;
  /** The last attempt made. */
  #attemptNumber = 0;
  #attempt: Attempt | undefined = undefined;
  /** In DELAYED: when the delay is over. In WAITING: since when it waits. */
  #dispatchAt: number;
  #lastFailure: Error | undefined = undefined;
  #cancelRequest: CancelledFailure | undefined = undefined;
  #overlap: Overlap | undefined = undefined;
  #abandonedAttempts = 0;
  #warnedOfSize = false;
  #writer: StoreWriter | undefined = undefined;
  #retryLog: RetryLog | undefined = undefined;
  /** The retry loop waits on these: for the delay to be over, and for the attempt to end. */
  #backoff: Deferred<boolean> | undefined = undefined;
  #turn: Deferred<void> | undefined = undefined;

  constructor(
    services: Services,
    activity: {
      readonly fn: AnyFunction;
      readonly args: readonly unknown[];
      readonly options: ResolvedOptions;
    },
    caller: Caller,
    onClosed: ((execution: Execution) => void) | undefined,
  ) {
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

  // ── From the start to the first attempt ──────────────────────────────────────────────────────

  /** Schedules the activity; with a free slot its function has been called when this returns. */
  schedule(): void {
    const { signal, activityId } = this.options;
    if (signal !== undefined) this.services.signals.follow(signal, this);
    this.#emit('scheduled', {});
    if (this.#isClosed()) return;
    const { store } = this.services;
    if (store === undefined || activityId === undefined) {
      this.#dispatchFirst(this.scheduledAt);
      return;
    }
    this.#state = 'LOADING';
    loadDetails(store, activityId, this.services.codec, (details, failure) => {
      if (this.#isClosed()) return;
      this.details = details;
      if (failure === undefined) this.#dispatchFirst(this.services.clock.now());
      else this.#fail('FAILED', failure, 'NON_RETRYABLE_FAILURE');
    });
    this.#armFor('LOADING', this.scheduledAt);
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
    this.#armFor('WAITING', now);
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

  // ── News of the running attempt ──────────────────────────────────────────────────────────────

  returned(attempt: Attempt, result: unknown): void {
    if (attempt.ended) {
      this.#abandonedSettled(attempt, { result });
      return;
    }
    attempt.end(); // details held back die with the activity
    this.#close();
    if (this.details !== undefined) this.#storeWriter()?.delete();
    this.#emit('completed', { result });
    this.#tell(() => {
      this.#caller.resolve(result);
    });
    this.services.scheduler.handOut();
  }

  threw(attempt: Attempt, thrown: unknown): void {
    if (attempt.ended) {
      this.#abandonedSettled(attempt, { error: thrown });
      return;
    }
    const { interruption } = attempt;
    if (this.#cancelRequest !== undefined && interruption.isAcceptedBy(thrown)) {
      this.#closeCancelled(attempt, interruption.reason ?? this.#cancelRequest);
    } else {
      this.#attemptFailed(attempt, ensureError(thrown), this.services.clock.now());
    }
  }

  report(attempt: Attempt): void {
    const { details, services } = this;
    if (details === undefined) return;
    this.#storeWriter()?.write(services.codec.encode(details));
    if (services.events.has('heartbeat')) {
      this.#emit('heartbeat', { details: services.codec.copy(details) }, attempt.number);
    }
  }

  #storeWriter(): StoreWriter | undefined {
    const { store, log } = this.services;
    if (store === undefined) return undefined;
    return (this.#writer ??= new StoreWriter(store, this.activityId, (error) => {
      log('error', 'The store failed; heartbeat details are written again with the next report', {
        ...this.#attributes(),
        error,
      });
    }));
  }

  largeDetails(bytes: number): void {
    if (this.#warnedOfSize) return;
    this.#warnedOfSize = true;
    this.services.log(
      'warn',
      `Heartbeat details of ${String(bytes)} bytes: keep a cursor in them, not the data`,
      this.#attributes(),
    );
  }

  // ── The end of an attempt ────────────────────────────────────────────────────────────────────

  /** The running attempt threw or timed out: another one, or the end. */
  #attemptFailed(attempt: Attempt, failure: Error, now: number): void {
    const timedOut = failure instanceof TimeoutFailure && attempt.running;
    const verdict = classify({
      failure,
      policy: this.options.retryPolicy,
      attempt: attempt.number,
      cancelRequested: this.#cancelRequest !== undefined,
      remainingMs: this.#expiresAt - now,
      random: this.services.random,
    });
    const unreported = attempt.end();
    this.#attempt = undefined;
    this.#lastFailure = failure;
    if (verdict.retry) {
      this.#state = 'DELAYED';
      this.#dispatchAt = now + verdict.delayMs;
      this.#backoff = new Deferred();
      const waitMs = this.options.overlapWaitMs;
      if (attempt.running && waitMs > 0) this.#overlap = { attempt, until: now + waitMs };
      else this.services.scheduler.release();
      this.rearm(now);
    } else {
      this.#close();
    }

    if (unreported) this.report(attempt);
    if (timedOut) {
      attempt.interruption.deliver(new CancelledFailure('TIMED_OUT', { cause: failure }));
    }
    const nextAttempt = verdict.retry
      ? { nextAttempt: { attempt: attempt.number + 1, delayMs: verdict.delayMs } }
      : undefined;
    this.#emit('attemptFailed', { failure, ...nextAttempt }, attempt.number);
    if (attempt.running) this.#abandon(attempt);

    if (verdict.retry) {
      this.#retryLog ??= new RetryLog(this.services.log, this.options);
      this.#retryLog.write(failure, verdict.delayMs, this.#attributes());
      if (this.#turn === undefined) retry(this);
      else this.#turn.reject(RETRY);
    } else {
      const final = timedOut && verdict.retryState === 'TIMEOUT' ? noTimeToRetry(failure) : failure;
      this.#tellFailure(failedStatus(final), final, verdict.retryState);
    }
    this.services.scheduler.handOut();
  }

  #timedOut(timeoutType: TimeoutFailure['timeoutType'], now: number): void {
    const attempt = this.#attempt;
    const failure = attemptTimeout(timeoutType, {
      options: this.options,
      lastHeartbeatDetails: this.services.codec.copy(this.details),
      eventLoopBlockedMs: attempt?.monitor.blockedMs ?? 0,
      previous: this.#lastFailure,
    });
    if (attempt !== undefined) this.#attemptFailed(attempt, failure, now);
    else this.#fail('TIMED_OUT', failure, 'TIMEOUT');
  }

  #abandon(attempt: Attempt): void {
    this.#abandonedAttempts++;
    this.#emit('attemptAbandoned', {}, attempt.number);
    if (this.#abandonedAttempts >= ABANDONED_TO_WARN_OF) {
      this.services.log(
        'warn',
        `Abandoned attempt ${String(this.#abandonedAttempts)} of this activity: the function goes on ` +
          'after its timeout; it should watch ctx.signal',
        this.#attributes(attempt.number),
      );
    }
  }

  #abandonedSettled(attempt: Attempt, outcome: EventFields<'attemptSettled'>): void {
    this.#emit('attemptSettled', outcome, attempt.number);
    this.#settled(attempt);
  }

  /** The function of an ended attempt runs no more: a retry that waited for it may go on. */
  #settled(attempt: Attempt): void {
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
    const timeoutType = this.#expired(now);
    if (timeoutType !== undefined) {
      this.#timedOut(timeoutType, now);
      return;
    }
    if (this.#state === 'DELAYED') {
      this.#onDelay(now);
      this.services.scheduler.handOut();
    } else if (this.#attempt !== undefined && this.#attempt.reportAt <= now) {
      this.#attempt.reportDue(now);
    }
    if (!this.#isClosed() && this.bucket === undefined) this.rearm(now);
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

  /**
   * The deadline that has passed first. On a tie startToClose comes before scheduleToClose, and
   * that before heartbeat, as in Temporal; but an attempt that starts the moment it is scheduled
   * would there have started a little later.
   */
  #expired(now: number): TimeoutFailure['timeoutType'] | undefined {
    const attempt = this.#attempt;
    if (attempt === undefined) {
      const scheduleToStartAt = this.#scheduleToStartAt();
      if (Math.min(scheduleToStartAt, this.#expiresAt) > now) return undefined;
      return scheduleToStartAt <= this.#expiresAt ? 'SCHEDULE_TO_START' : 'SCHEDULE_TO_CLOSE';
    }
    const { monitor } = attempt;
    const startToCloseAt = this.#startToCloseAt(attempt);
    for (;;) {
      const due = Math.min(startToCloseAt, this.#expiresAt, monitor.deadline);
      if (due > now) return undefined;
      if (due === startToCloseAt && (due !== this.#expiresAt || attempt.number > 1)) {
        return 'START_TO_CLOSE';
      }
      if (due === this.#expiresAt) return 'SCHEDULE_TO_CLOSE';
      if (!monitor.extend(now)) return 'HEARTBEAT';
    }
  }

  #scheduleToStartAt(): number {
    const timeoutMs = this.options.scheduleToStartTimeoutMs;
    return this.#state === 'WAITING' && timeoutMs > 0 ? this.#dispatchAt + timeoutMs : Infinity;
  }

  #startToCloseAt(attempt: Attempt): number {
    const timeoutMs = this.options.startToCloseTimeoutMs;
    return timeoutMs > 0 ? attempt.startedAt + timeoutMs : Infinity;
  }

  /** Arms the one deadline for whatever comes first in this state. */
  rearm(now: number): void {
    const due = this.#nextDue();
    if (due === Infinity) this.services.deadlines.disarm(this);
    else this.services.deadlines.arm(this, due, now);
  }

  #armFor(state: State, now: number): void {
    if (this.#state === state) this.rearm(now);
  }

  #nextDue(): number {
    const attempt = this.#attempt;
    if (attempt !== undefined) {
      const end = Math.min(this.#startToCloseAt(attempt), this.#expiresAt);
      return Math.min(end, attempt.monitor.deadline, attempt.reportAt);
    }
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

  #closeCancelled(attempt: Attempt, reason: CancelledFailure): void {
    const unreported = attempt.end();
    this.#close();
    if (unreported) this.report(attempt);
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
    else if (this.#state === 'WAITING') scheduler.withdraw(this);
    this.#state = 'CLOSED';
    this.#attempt = undefined;
    this.#endOverlap();
    deadlines.disarm(this);
    if (this.options.signal !== undefined) signals.unfollow(this.options.signal, this);
    this.#onClosed?.(this);
    this.#backoff?.resolve(false);
    this.#turn?.resolve();
  }

  #tellFailure(status: ClosedStatus, cause: Error, retryState: RetryState): void {
    this.#emit('failed', { status, failure: cause });
    const failure = this.#activityFailure(status, cause, retryState);
    this.#tell(() => {
      this.#caller.reject(failure);
    });
  }

  #activityFailure(status: ClosedStatus, cause: Error, retryState: RetryState): Error {
    return activityFailure(status, cause, retryState, this.#attributes());
  }

  /** Tells the caller, after the last write has ended. */
  #tell(settle: () => void): void {
    const writing = this.#writer?.flush();
    if (writing === undefined) settle();
    else void writing.then(settle);
  }

  // ── Telling ──────────────────────────────────────────────────────────────────────────────────

  #emit<Name extends ActivityEventName>(
    name: Name,
    fields: EventFields<Name>,
    attempt: number = this.#attemptNumber,
  ): void {
    const { events, clock } = this.services;
    if (!events.has(name)) return;
    const common = { ...this.#attributes(attempt), timestamp: clock.wallNow() };
    events.emit(name, Object.assign(common, fields));
  }

  #attributes(attempt: number = this.#attemptNumber): {
    activityId: string;
    activityType: string;
    attempt: number;
  } {
    return { activityId: this.activityId, activityType: this.options.activityType, attempt };
  }
}

/** One zombie is an accident; from the third on the activity ignores its signal. */
const ABANDONED_TO_WARN_OF = 3;
