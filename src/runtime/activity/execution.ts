/**
 * The life of one activity. Every change of state happens at the event that causes it, in the
 * order: state, abort, events, then the caller's promise.
 *
 *   loading ──▶ dispatch ──▶ an attempt runs ──▶ closed
 *   (store)        ▲                │
 *                  └────────────────┘ it failed and is retried, was paused, or reset
 *
 * What is asked of it from outside comes through `control.ts`; it may close at any time.
 */
import { Deadline } from '../../kernel/deadlines.js';
import type { ActivityEventName, EventFields } from '../../kernel/events.js';
import { CancelledFailure, type RetryState, type TimeoutType } from '../../kernel/failures.js';
import { functionName } from '../../kernel/function-name.js';
import { withoutFrames } from '../../kernel/stack.js';
import { ensureError } from '../../kernel/thrown.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { Deferred } from '../../kernel/promises.js';
import { attributesOf, emit, NO_FIELDS } from '../shared/announce.js';
import { Attempt, type AnyFunction, type AttemptOwner } from '../attempt/attempt.js';
import { Dispatch, type Dispatched } from './dispatch.js';
import { HeartbeatRecord } from '../attempt/checkpoint.js';
import { History, type News } from './history.js';
import { loadDetails } from '../../heartbeat/store/load.js';
import { afterAccepted, afterFailure, withoutProgress } from './next-attempt.js';
import type { ResolvedOptions } from '../options/activity-options.js';
import {
  activityFailure,
  attemptTimeout,
  type ClosedStatus,
  type Next,
} from './failure-messages.js';
import { lostThis } from './lost-this.js';
import type { Registered, Registry } from '../shared/registry.js';
import type { ResolvedReset } from '../options/steering-options.js';
import { requested, type Requests } from '../attempt/requests.js';
import type { Services } from '../shared/services.js';
import { logIgnored, logUnheard, warnOfAbandoned, warnOfRetry, type Audience } from './warnings.js';

/** What an execution is listed in. */
export interface Listing {
  readonly open: Registry<Execution>;
  /** Those whose store is being read, but for what is delayed anyway: soon they want a slot. */
  readonly loading: Set<Execution>;
  /** The ids of those that have closed, of which functions still run; until when they do. */
  readonly haunted: Map<Deferred<void>, string>;
  /** Those that have closed and are about to say so: code of the user's hears of it first. */
  readonly untold: Set<Execution>;
}

export class Execution extends Deadline implements AttemptOwner, Dispatched, Registered {
  readonly services: Services;
  readonly fn: AnyFunction;
  readonly scheduledAt: number;
  readonly dispatch: Dispatch;
  options: ResolvedOptions;
  before: Registered | undefined;
  after: Registered | undefined;
  /** What is asked of the running attempt; undefined if nothing is. */
  requests: Requests | undefined;
  /** The running one. */
  attempt: Attempt | undefined;
  /** The last attempt made; after a reset, 0. */
  attemptNumber = 0;
  /** Undefined until an attempt has ended that was not the last. */
  history: History | undefined;
  /** The running one, or the one before. */
  lastAttempt: Attempt | undefined;
  /** How it has ended; undefined while it is open. */
  closed: ClosedStatus | 'COMPLETED' | undefined;
  /** When. Known if somebody has a handle: a reading of the clock is a tenth of a short call. */
  closedAt: number | undefined;
  observed = false;
  /** Who hears of a failure: a promise that `run` has given out tells of its own. */
  audience: Audience = 'ASKED';

  onClosed: (() => void) | undefined;

  readonly #args: readonly unknown[];
  /** As they were at the call. */
  readonly #firstOptions: ResolvedOptions;
  #resolve!: (result: unknown) => void;
  #reject!: (failure: Error) => void;
  readonly #listing: Listing;
  #id: string | undefined;
  /** Functions that have not settled: more than one if attempts were abandoned. */
  #functions = 0;
  #heartbeats: HeartbeatRecord | undefined;
  #settled: Deferred<void> | undefined;

  /** What the caller waits for. Made here, and not in the constructor, so that V8 needs no closure. */
  readonly result = new Promise<unknown>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  /** @param activityId undefined: one is generated when it is asked for */
  constructor(
    services: Services,
    listing: Listing,
    fn: AnyFunction,
    args: readonly unknown[],
    options: ResolvedOptions,
    activityId: string | undefined,
  ) {
    super();
    this.services = services;
    this.fn = fn;
    this.options = options;
    this.#args = args;
    this.#firstOptions = options;
    this.#listing = listing;
    this.#id = activityId;
    this.dispatch = new Dispatch(this);
    this.scheduledAt = services.clock.now();
  }

  /** So that the call that starts it need make nothing more. */
  get execution(): this {
    return this;
  }

  /** Made when first asked for: most activities are never called by their id. */
  get activityId(): string {
    if (this.#id === undefined) {
      this.#id = this.services.ids.next();
      if (this.closed === undefined) this.#listing.open.name(this, this.#id);
    }
    return this.#id;
  }

  get activityType(): string {
    return this.options.activityType ?? functionName(this.fn) ?? 'anonymous';
  }

  get heartbeats(): HeartbeatRecord {
    return (this.#heartbeats ??= new HeartbeatRecord(this));
  }

  get details(): Snapshot | undefined {
    return this.#heartbeats?.details;
  }

  /** For those who look on. */
  copyDetails(): unknown {
    return this.#heartbeats?.copy();
  }

  /** When the last heartbeat of any attempt came. */
  get lastHeartbeatAt(): number | undefined {
    return this.lastAttempt?.heartbeatAt ?? this.history?.lastHeartbeatAt;
  }

  /** The scheduleToClose deadline. */
  get expiresAt(): number {
    const { scheduleToCloseTimeoutMs, startDelayMs } = this.options;
    if (scheduleToCloseTimeoutMs === 0) return Infinity;
    return this.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs;
  }

  // ── From the start to an attempt ─────────────────────────────────────────────────────────────

  /** Schedules the activity; with a free slot its function has been called when this returns. */
  schedule(): void {
    const givenId = this.#id;
    for (const one of this.#listing.untold) {
      if (one.#id === givenId) tellAll(one.#remember().news ?? []); // the id was that one's
    }
    this.#listing.open.add(this, givenId);
    this.emit('scheduled', NO_FIELDS);
    if (this.closed !== undefined) return;
    const { store } = this.services;
    if (store === undefined || givenId === undefined) this.#dispatchFirst(this.scheduledAt);
    else this.#load(store, givenId);
  }

  /** Its signal had aborted before the call: nothing is scheduled, and the caller is told. */
  closeUnscheduled(reason: unknown): void {
    this.closed = 'CANCELED';
    this.closedAt = this.scheduledAt;
    const cause = requested('CANCELLED', reason);
    this.rejectCaller('CANCELED', cause, 'CANCEL_REQUESTED');
  }

  #load(store: NonNullable<Services['store']>, activityId: string): void {
    this.rearm(this.scheduledAt);
    if (this.options.startDelayMs === 0) this.#listing.loading.add(this);
    const earlier = this.services.writers.get(activityId)?.flush();
    if (earlier === undefined) this.#read(store, activityId);
    else void earlier.then(() => this.#read(store, activityId));
  }

  #read(store: NonNullable<Services['store']>, activityId: string): void {
    if (this.closed !== undefined) return;
    loadDetails(store, activityId, this.services.codec, (details, failure) => {
      if (this.closed !== undefined) return;
      this.#listing.loading.delete(this);
      const forgotten = this.#heartbeats?.forgotten === true; // by a reset meanwhile
      if (details !== undefined && !forgotten) this.heartbeats.details = details;
      if (failure === undefined || forgotten) this.#dispatchFirst(this.services.clock.now());
      else this.fail('FAILED', failure, 'NON_RETRYABLE_FAILURE');
    });
  }

  #dispatchFirst(now: number): void {
    this.dispatch.first(this.scheduledAt + this.options.startDelayMs, now);
  }

  beginAttempt(dispatchedAt: number, now: number): void {
    const attempt = new Attempt(this, this.attemptNumber + 1, dispatchedAt, now);
    if (this.history !== undefined) this.history.lastHeartbeatAt = this.lastHeartbeatAt;
    this.attemptNumber = attempt.number;
    this.attempt = this.lastAttempt = attempt;
    this.#listing.open.countRunning(1);
    this.rearm(now);
    this.emit('started', NO_FIELDS);
    if (attempt.ended) return; // who heard that it starts has closed the activity
    this.#functions++;
    attempt.run(this.fn, this.#args);
  }

  // ── News of an attempt ───────────────────────────────────────────────────────────────────────

  returned(attempt: Attempt, result: unknown): void {
    this.#functions--;
    if (attempt.ended) this.#settledLate(attempt, { result });
    else if (attempt.holdsSlot) this.complete(result);
  }

  threw(attempt: Attempt, thrown: unknown): void {
    this.#functions--;
    if (!attempt.ended && attempt.holdsSlot) {
      this.failAttempt(attempt, thrown);
      return;
    }
    logIgnored(this, attempt, thrown);
    if (attempt.ended) this.#settledLate(attempt, { error: thrown });
  }

  /** After its attempt: the outcome counts no longer. */
  #settledLate(attempt: Attempt, outcome: EventFields<'attemptSettled'>): void {
    this.emit('attemptSettled', outcome, attempt.number);
    this.dispatch.settled(attempt, this.services.clock.now());
    if (this.#functions > 0 || this.closed === undefined || this.#settled === undefined) return;
    this.#listing.haunted.delete(this.#settled);
    this.#settled.resolve();
  }

  leftOpen(attempt: Attempt): void {
    attempt.holdsSlot = false;
    this.services.scheduler.release(this.dispatch);
    this.services.scheduler.handOut();
  }

  // ── The end of an attempt ────────────────────────────────────────────────────────────────────

  /** With a result, from the function or from outside; there may be no attempt, or one that runs. */
  complete(result: unknown): void {
    const { attempt } = this;
    attempt?.end(); // details held back die with the activity
    this.#close('COMPLETED');
    this.#forgetDetails();
    if (attempt?.running === true) {
      const hear = (): void => this.#leave(attempt);
      this.#tellAfter(hear, [
        () => this.#tellIfAbandoned(attempt),
        () => emit(this, 'completed', attempt.number, { result }),
      ]);
    } else {
      attempt?.release();
      this.emit('completed', { result });
    }
    this.#onceWritten(this.#resolve, result);
    this.services.scheduler.handOut();
  }

  /** The function threw, or somebody says from outside that the attempt has failed. */
  failAttempt(attempt: Attempt, thrown: unknown): void {
    const now = this.services.clock.now();
    const reason = attempt.accepted(thrown);
    if (reason !== undefined) {
      this.endAttempt(attempt, reason, afterAccepted(this, attempt, reason), now);
    } else {
      const failure = ensureError(thrown);
      this.endAttempt(attempt, failure, afterFailure(this, attempt, failure, now), now);
    }
  }

  #timeOut(timeoutType: TimeoutType, now: number): void {
    const { attempt } = this;
    const failure = attemptTimeout(timeoutType, {
      options: this.options,
      lastHeartbeatDetails: this.copyDetails(),
      eventLoopBlockedMs: attempt?.blockedMs(timeoutType) ?? 0,
      previous: this.history?.lastFailure,
    });
    if (attempt === undefined) {
      this.fail('TIMED_OUT', failure, 'TIMEOUT');
      return;
    }
    const next = afterFailure(this, attempt, failure, now, timeoutType);
    this.endAttempt(attempt, failure, next, now, timeoutType);
  }

  /** @param failure what ended it: thrown, a timeout, or the reason it was told to stop */
  endAttempt(
    attempt: Attempt,
    failure: Error,
    next: Next,
    now: number,
    timedOut?: TimeoutType,
  ): void {
    if (attempt.ended) return; // by code of the user's, such as a getter of the failure
    const cancelled = !next.again && next.status === 'CANCELED' && next.cause === failure;
    const accepted = cancelled || failure === attempt.interruptedBy;
    const unreported = attempt.end();
    const reset = next.again ? this.requests?.reset : undefined;
    if (!accepted) this.#remember().lastFailure = failure;
    if (next.again) this.#yield(attempt, next, now);
    else this.#close(next.status);

    const news: News = [];
    if (next.again || !accepted) {
      news.push(() => this.#tellAttemptFailed(attempt, failure, next));
    }
    news.push(() => this.#tellIfAbandoned(attempt));
    if (next.again) {
      const before = next.attempt - 1;
      if (reset !== undefined) news.push(() => emit(this, 'reset', before, NO_FIELDS));
      if (next.paused) news.push(() => emit(this, 'paused', before, NO_FIELDS));
    } else news.push(() => this.#tellFailed(next.status, next.cause));

    const hear = (): void => {
      if (unreported) this.#reportLast(attempt, news);
      if (timedOut !== undefined) {
        const told = withoutFrames(() => new CancelledFailure('TIMED_OUT', { cause: failure }));
        attempt.interruption.deliver(told);
      }
      this.#leave(attempt);
    };
    this.#tellAfter(hear, news);

    if (!next.again) this.#rejectOnceWritten(next.status, next.cause, next.retryState);
    else {
      if (!accepted && this.closed === undefined) {
        const { delayMs } = next;
        warnOfRetry(this, this.#remember(), { failure, delayMs, attempt: attempt.number });
      }
      this.dispatch.goOn();
    }
    this.services.scheduler.handOut();
  }

  #tellAttemptFailed(attempt: Attempt, failure: Error, next: Next): void {
    const coming = next.again && this.#isComing(next) ? nextAttempt(next) : {};
    emit(this, 'attemptFailed', attempt.number, { failure, ...coming });
  }

  /** The attempt is over and another one is due: the state of that. */
  #yield(attempt: Attempt, next: Next & { again: true }, now: number): void {
    this.attempt = undefined;
    const reset = this.requests?.reset;
    const history = this.#remember();
    history.lastEndedAt = next.delayMs > 0 && reset === undefined ? now : undefined;
    history.attemptsWithoutProgress = next.attempt === 1 ? 0 : withoutProgress(this, attempt);
    this.attemptNumber = next.attempt - 1;
    this.requests = undefined;
    if (reset !== undefined) this.applyReset(reset.options);
    this.#listing.open.countRunning(-1);
    this.dispatch.again(attempt, next.delayMs, now);
    if (next.paused) this.park(now);
  }

  /** False if somebody who heard the abort has closed, paused or reset the activity. */
  #isComing({ attempt }: Next & { again: true }): boolean {
    return this.closed === undefined && !this.dispatch.paused && this.attemptNumber === attempt - 1;
  }

  #remember(): History {
    return (this.history ??= new History());
  }

  applyReset(options: ResolvedReset): void {
    if (options.resetHeartbeat) {
      this.#forgetDetails();
      this.lastAttempt?.forgetHeartbeats();
      if (this.history !== undefined) this.history.lastHeartbeatAt = undefined;
    }
    if (options.restoreOriginalOptions) this.options = this.#firstOptions;
  }

  /** No attempt begins until it is unpaused. */
  park(now: number): void {
    this.dispatch.pause(now);
    this.#listing.open.countPaused(1);
  }

  unpark(extraMs: number, now: number): void {
    this.dispatch.unpause(extraMs, now);
    this.#listing.open.countPaused(-1);
  }

  /** The attempt has ended. If its function goes on, that is told so. */
  #leave(attempt: Attempt): void {
    if (!attempt.running) {
      attempt.release();
      return;
    }
    this.#remember().abandonedAttempts++;
    attempt.interruption.deliver(new CancelledFailure('NOT_FOUND'));
  }

  #tellIfAbandoned(attempt: Attempt): void {
    if (!attempt.running) return;
    emit(this, 'attemptAbandoned', attempt.number, NO_FIELDS);
    warnOfAbandoned(this, this.#remember(), attempt.number);
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  onDue(now: number): void {
    const { attempt, expiresAt } = this;
    const expired =
      attempt === undefined ? this.#expiredWaiting(now) : attempt.expired(now, expiresAt);
    if (expired !== undefined) {
      this.#timeOut(expired, now);
      return;
    }
    // A round of deadlines may begin many: each attempt counts from when its own function starts.
    if (attempt === undefined) this.dispatch.onDue(this.services.clock.now());
    else attempt.reportDue(now);
    if (this.bucket === undefined) this.rearm(now);
    this.services.scheduler.handOut();
  }

  #expiredWaiting(now: number): TimeoutType | undefined {
    const { expiresAt } = this;
    const { scheduleToStartAt } = this.dispatch;
    if (Math.min(scheduleToStartAt, expiresAt) > now) return undefined;
    return scheduleToStartAt <= expiresAt ? 'SCHEDULE_TO_START' : 'SCHEDULE_TO_CLOSE';
  }

  /** Arms the one deadline of the activity for whatever comes first. */
  rearm(now: number): void {
    if (this.closed !== undefined) return;
    const { attempt, expiresAt } = this;
    const due =
      attempt === undefined ? Math.min(this.dispatch.dueAt, expiresAt) : attempt.nextDue(expiresAt);
    if (due === Infinity) this.services.deadlines.disarm(this);
    else this.services.deadlines.arm(this, due, now);
  }

  // ── The end of the activity ──────────────────────────────────────────────────────────────────

  /**
   * Ends an activity, whatever it is doing.
   *
   * @param told what a running attempt hears of it
   */
  fail(
    status: ClosedStatus,
    failure: Error,
    retryState: RetryState | undefined,
    told?: CancelledFailure,
  ): void {
    if (this.closed !== undefined) return; // by code of the user's, such as a serializer
    const { attempt } = this;
    const unreported = attempt?.end() === true;
    this.#close(status);
    if (status === 'TERMINATED') this.#forgetDetails();
    if (attempt === undefined) this.#tellFailed(status, failure);
    else {
      const news: News = [
        () => this.#tellIfAbandoned(attempt),
        () => this.#tellFailed(status, failure),
      ];
      const hear = (): void => {
        if (unreported && status !== 'TERMINATED') this.#reportLast(attempt, news);
        if (told !== undefined) attempt.interruption.deliver(told);
        this.#leave(attempt);
      };
      this.#tellAfter(hear, news);
    }
    this.#rejectOnceWritten(status, failure, retryState);
    this.services.scheduler.handOut();
  }

  #forgetDetails(): void {
    if (this.dispatch.ready || this.services.store === undefined) this.#heartbeats?.forget();
    else this.heartbeats.forget(true);
  }

  /** The state of the end, before anybody is told: nothing is held and nothing waits any more. */
  #close(status: ClosedStatus | 'COMPLETED'): void {
    const { deadlines, scheduler, clock } = this.services;
    const { attempt, dispatch } = this;
    const { open, loading, haunted } = this.#listing;
    this.closed = status;
    if (this.observed) this.closedAt = clock.now();
    this.attempt = undefined;
    if (attempt !== undefined) open.countRunning(-1);
    if (dispatch.paused) open.countPaused(-1);
    if (attempt?.holdsSlot === true) scheduler.release(dispatch);
    dispatch.close();
    deadlines.disarm(this);
    if (this.#functions > 0) {
      // No more than this: a function that hangs may be all that is left of the activity.
      haunted.set((this.#settled ??= new Deferred()), this.activityId);
    } else this.#settled?.resolve();
    if (loading.size > 0) loading.delete(this);
    open.remove(this, this.#id);
    this.onClosed?.();
  }

  #tellFailed(status: ClosedStatus, failure: Error): void {
    if (this.services.events.reach('failed')) this.audience = 'ASKED'; // a listener hears of it
    this.emit('failed', { status, failure });
  }

  #rejectOnceWritten(status: ClosedStatus, cause: Error, retryState: RetryState | undefined): void {
    const failure = this.failure(status, cause, retryState);
    if (this.audience !== 'ASKED') logUnheard(this, status, cause, failure);
    this.#onceWritten(this.#reject, failure);
  }

  /** Before the activity has ended, whatever it goes on to do. */
  rejectCaller(status: ClosedStatus, cause: Error, retryState: RetryState | undefined): void {
    this.audience = 'TOLD';
    this.#reject(this.failure(status, cause, retryState));
  }

  /** Somebody asks for the outcome, and so hears of a failure. */
  ask(): void {
    if (this.audience === 'UNASKED') this.audience = 'ASKED';
  }

  /** What a caller gets. */
  failure(status: ClosedStatus, cause: Error, retryState: RetryState | undefined): Error {
    const attributes = attributesOf(this, this.attemptNumber);
    return activityFailure(status, cause, retryState, attributes, lostThis(this.fn, cause));
  }

  /** Tells the caller, after the last write to the store. */
  #onceWritten<T>(settle: (outcome: T) => void, outcome: T): void {
    const writing = this.written();
    if (writing === undefined) settle(outcome);
    else this.#after(writing, settle, outcome);
  }

  #after<T>(writing: Promise<void>, settle: (outcome: T) => void, outcome: T): void {
    void writing.then(() => {
      settle(outcome);
    });
  }

  /** Settles when no write to the store is under way. */
  written(): Promise<void> | undefined {
    return this.#heartbeats?.written();
  }

  /** Settles when the activity has closed and none of its functions runs. */
  settled(): Promise<void> {
    if (this.closed !== undefined && this.#functions === 0) return Promise.resolve();
    return (this.#settled ??= new Deferred<void>()).promise;
  }

  // ── Telling ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Tells of the end of an attempt after `hear`, in which code of the user's hears of it: a store,
   * abort listeners. What that brings about is told later, even a new run of the same id.
   */
  #tellAfter(hear: () => void, news: News): void {
    const history = this.#remember();
    const { untold } = this.#listing;
    history.news = news;
    if (this.closed !== undefined) untold.add(this);
    hear();
    tellAll(news);
    untold.delete(this);
    history.news = undefined;
  }

  /** Details that were held back: what their store brings about is told after them. */
  #reportLast(attempt: Attempt, news: News): void {
    const { details } = this;
    news.unshift(() => this.heartbeats.tell(details, attempt.number));
    this.heartbeats.write();
    news.shift()?.();
  }

  /** Tells of a change; after the end of an attempt, if a listener of that has brought it about. */
  emit<Name extends ActivityEventName>(
    name: Name,
    fields: EventFields<Name>,
    attempt: number = this.attemptNumber,
  ): void {
    const news = this.history?.news;
    if (news === undefined) {
      emit(this, name, attempt, fields);
      return;
    }
    news.push(() => emit(this, name, attempt, fields));
    // Its id is free now: whatever is told of the next of that name comes later.
    if (this.closed !== undefined) tellAll(news);
  }
}

/** Tells what is there, and what the listeners of that add. */
function tellAll(news: News): void {
  for (let tell = news.shift(); tell !== undefined; tell = news.shift()) tell();
}

function nextAttempt(next: Next): Pick<EventFields<'attemptFailed'>, 'nextAttempt'> {
  if (!next.again || next.paused) return {};
  return { nextAttempt: Object.freeze({ attempt: next.attempt, delayMs: next.delayMs }) };
}
