/**
 * What an activity does when it is steered: the runtime's rules once more, in the shortest form.
 *
 * The model has no promises, timers or events. It is told what happens, in order: what is asked of
 * an activity, how its functions settle, that time has come (`tick`), and which attempts have begun
 * (`began`). That last one it does not foresee, since several activities may be due at one time; it
 * says whether it may be, and who should have begun.
 */
import type {
  CancellationDelivery,
  CancellationType,
  CancelReason,
  RetryState,
  RunState,
  TimeoutType,
} from 'systole';

/** Deadlines are exact. What a deadline causes at once comes one step later. */
export const GRID_MS = 1;
const onGrid = (at: number): number => Math.ceil(at / GRID_MS) * GRID_MS;

/** Options that `updateOptions` may change. Times in milliseconds, 0 for none. */
export interface Changeable {
  readonly heartbeat: number;
  readonly startToClose: number;
  readonly scheduleToStart: number;
  readonly scheduleToClose: number;
  readonly startDelay: number;
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumAttempts: number;
  readonly priority: number;
}

export interface ModelOptions extends Changeable {
  readonly overlapMs: number;
  readonly type: CancellationType;
  readonly delivery: CancellationDelivery;
  readonly key: string | undefined;
  readonly signal: number | undefined;
}

export interface ResetChoice {
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
}

/** How a function settles, or is reported to. `accept`: it throws the reason it was given. */
export type Settling = 'return' | 'retryable' | 'nonRetryable' | 'accept';

/** The error that an operation should throw. */
export type Refusal =
  'ActivityStateError' | 'ActivityNotFoundError' | 'CancelledFailure' | undefined;

type Ending = 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';

/** What the caller gets; `cause` is the message, or the type of the timeout. */
export type CallerGets =
  | { readonly state: 'resolved' }
  | {
      readonly state: 'rejected';
      readonly cause: string;
      readonly attempt: number;
      readonly retryState: RetryState | undefined;
    };

export class ModelAttempt {
  /** The reason that `ctx.signal` has aborted with. */
  told: CancelReason | undefined;
  /** Set when its function no longer counts. */
  ended = false;
  /** Whether its function has not settled. */
  running = true;
  /** Whether it was left open for completion from outside. */
  leftOpen = false;
  readonly of: ModelActivity;
  readonly number: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
  beatAt: number;
  /** The end of its `ctx.sleep`, unless it is told something earlier. */
  waitsUntil = 0;

  constructor(of: ModelActivity, number: number, dispatchedAt: number, startedAt: number) {
    this.of = of;
    this.number = number;
    this.dispatchedAt = dispatchedAt;
    this.startedAt = this.beatAt = startedAt;
  }

  tell(reason: CancelReason): void {
    this.told ??= reason;
  }
}

export class ModelActivity {
  phase: 'SCHEDULED' | 'WAITING' | 'PAUSED' | 'RUNNING' | 'CLOSED' = 'SCHEDULED';
  status: Ending | 'COMPLETED' | undefined;
  options: ModelOptions;
  /** SCHEDULED and PAUSED: the end of the delay. WAITING: since when. */
  at: number;
  /** The time at which everything due earlier is noticed. */
  unseenUntil = 0;
  /** Set when it began at the moment at which the grace period ended. */
  beginsAtEndOfGrace = false;
  /** WAITING: since when with this priority. */
  queuedAt = 0;
  /**
   * WAITING: whether a slot was kept for it while the next attempt waited for an earlier function.
   */
  kept = false;
  attempt: ModelAttempt | undefined;
  readonly attempts: ModelAttempt[] = [];
  /** The number of the last attempt; 0 after a reset. */
  number = 0;
  /** The number of the attempt whose failure caused the backoff. */
  endedAt: number | undefined;
  /** The attempt whose function the next one waits for. It keeps its slot. */
  overlap: { readonly attempt: ModelAttempt; readonly until: number } | undefined;
  cancelAsked = false;
  pauseAsked = false;
  resetAsked: ResetChoice | undefined;
  details: number | undefined;
  abandoned = 0;
  caller: CallerGets | undefined;
  /** The events that listeners get, except reports of heartbeats. */
  readonly heard: string[] = ['scheduled 0'];

  readonly given: ModelOptions;
  readonly scheduledAt: number;

  constructor(given: ModelOptions, scheduledAt: number) {
    this.given = given;
    this.scheduledAt = scheduledAt;
    this.options = clamped(given);
    this.at = scheduledAt + given.startDelay;
  }

  get open(): boolean {
    return this.phase !== 'CLOSED';
  }

  get runState(): RunState | undefined {
    if (!this.open) return undefined;
    if (this.phase === 'PAUSED') return 'PAUSED';
    if (this.phase !== 'RUNNING') return 'SCHEDULED';
    if (this.cancelAsked) return 'CANCEL_REQUESTED';
    return this.pauseAsked && this.resetAsked === undefined ? 'PAUSE_REQUESTED' : 'STARTED';
  }

  get describedStatus(): string {
    return this.status ?? (this.phase === 'PAUSED' ? 'PAUSED' : 'RUNNING');
  }

  get describedAttempt(): number {
    return this.number + (this.open && this.attempt === undefined ? 1 : 0);
  }

  get expiresAt(): number {
    const { scheduleToClose, startDelay } = this.options;
    return scheduleToClose > 0 ? this.scheduledAt + startDelay + scheduleToClose : Infinity;
  }

  get holdsSlot(): boolean {
    return (this.overlap?.attempt ?? this.attempt)?.leftOpen === false;
  }

  /** The number of functions that have not settled. */
  get functions(): number {
    return this.attempts.filter(({ running }) => running).length;
  }

  hear(event: string, attempt = this.number): void {
    this.heard.push(`${event} ${attempt}`);
  }

  /** The running timeouts, each with its end. If two are equal, the first counts. */
  get timeouts(): (readonly [TimeoutType, number])[] {
    const { heartbeat, startToClose, scheduleToStart } = this.options;
    const { attempt, expiresAt } = this;
    const after = (from: number, ms: number): number => (ms > 0 ? from + ms : Infinity);
    const scheduleToClose = ['SCHEDULE_TO_CLOSE', expiresAt] as const;
    if (attempt === undefined) {
      const waits = this.phase === 'WAITING';
      const until = waits ? after(this.at, scheduleToStart) : Infinity;
      return [['SCHEDULE_TO_START', until], scheduleToClose];
    }
    const beat = ['HEARTBEAT', after(attempt.beatAt, heartbeat)] as const;
    const start = ['START_TO_CLOSE', after(attempt.startedAt, startToClose)] as const;
    // A first attempt that never waited would have started a little later on Temporal.
    const late = attempt.number === 1 && attempt.startedAt === attempt.dispatchedAt;
    return late ? [scheduleToClose, start, beat] : [start, scheduleToClose, beat];
  }
}

/** No timeout is longer than that of the attempt or activity around it. */
function clamped<T extends Changeable>(options: T): T {
  const shorter = (a: number, b: number): number => Math.min(a || b, b || a);
  const startToClose = shorter(options.startToClose, options.scheduleToClose);
  return {
    ...options,
    startToClose,
    heartbeat: options.heartbeat && shorter(options.heartbeat, startToClose),
    scheduleToStart: shorter(options.scheduleToStart, options.scheduleToClose),
  };
}

interface Shutdown {
  readonly graceUntil: number;
  readonly abandonAt: number;
  graceOver: boolean;
  over: boolean;
  /** The activities whose functions still run when it is over. */
  left: readonly ModelActivity[];
}

export class ControlModel {
  readonly activities: ModelActivity[] = [];
  shutdown: Shutdown | undefined;
  now = 0;

  readonly slots: number;
  readonly slotsPerKey: number;

  constructor(slots: number, slotsPerKey: number) {
    this.slots = slots;
    this.slotsPerKey = slotsPerKey;
  }

  get open(): ModelActivity[] {
    return this.activities.filter(({ open }) => open);
  }

  /** Closed activities whose functions still run. */
  get haunted(): ModelActivity[] {
    return this.activities.filter((one) => !one.open && one.functions > 0);
  }

  // ── From the start to an attempt ─────────────────────────────────────────────────────────────

  schedule(options: ModelOptions, signalAborted: boolean): ModelActivity {
    const activity = new ModelActivity(options, this.now);
    this.activities.push(activity);
    if (signalAborted) {
      this.#close(activity, 'CANCELED', 'CANCELLED', 'CANCEL_REQUESTED');
      activity.heard.length = 0; // nothing has been scheduled
    } else this.#goOn(activity);
    return activity;
  }

  /** Whether it may start an attempt now. */
  mayBegin({ phase, options: { key } }: ModelActivity): boolean {
    return phase === 'WAITING' && this.held() < this.slots && !this.#isFull(key);
  }

  /** The number of slots in use, or those of a key. */
  held(key?: string): number {
    return this.open.filter(
      ({ holdsSlot, options }) => holdsSlot && (key === undefined || options.key === key),
    ).length;
  }

  #isFull(key: string | undefined): boolean {
    return key !== undefined && this.held(key) >= this.slotsPerKey;
  }

  began(activity: ModelActivity): ModelAttempt {
    const attempt = new ModelAttempt(activity, ++activity.number, activity.at, this.now);
    activity.phase = 'RUNNING';
    activity.kept = false;
    activity.attempt = attempt;
    activity.attempts.push(attempt);
    activity.hear('started');
    if (activity.beginsAtEndOfGrace) attempt.tell('WORKER_SHUTDOWN');
    // At the moment of its deadline, it can only have begun because of another deadline.
    if (activity.expiresAt === this.now) activity.unseenUntil = this.now + GRID_MS;
    return attempt;
  }

  /** Moves it to the queue for a slot, if the delay and the overlap are over. */
  #goOn(activity: ModelActivity): void {
    const { overlap } = activity;
    if (overlap !== undefined && overlap.until <= this.now) this.#endOverlap(activity);
    const locked = activity.overlap !== undefined || activity.at > this.now;
    if (activity.phase !== 'SCHEDULED' || locked || activity.expiresAt <= this.now) {
      activity.kept = false;
      return;
    }
    activity.phase = 'WAITING';
    activity.at = activity.queuedAt = this.now;
  }

  #endOverlap(activity: ModelActivity): void {
    activity.kept = activity.overlap?.attempt.leftOpen === false;
    activity.overlap = undefined;
  }

  // ── Time ─────────────────────────────────────────────────────────────────────────────────────

  /** When to check again; Infinity if nothing is due. */
  get nextDue(): number {
    const dues = this.open.map(({ phase, at, overlap, timeouts, unseenUntil }) => {
      const until = overlap?.until ?? (phase === 'SCHEDULED' ? at : Infinity);
      const first = Math.min(until, ...timeouts.map(([, end]) => end));
      return onGrid(Math.max(unseenUntil, first));
    });
    const { shutdown } = this;
    if (shutdown?.over === false) {
      dues.push(shutdown.graceOver ? shutdown.abandonAt : shutdown.graceUntil);
    }
    return Math.min(...dues);
  }

  /** What is due now happens. `began`: this one has begun in the same instant, of which it was due. */
  tick(now: number, began: (activity: ModelActivity) => boolean): void {
    this.now = now;
    for (const activity of this.open) {
      if (activity.unseenUntil > now) continue;
      const [first, ...others] = activity.timeouts;
      const [type, until] = others.reduce((a, b) => (b[1] < a[1] ? b : a), first!);
      // A slot that becomes free at the same moment may still be taken.
      const inTime = activity.phase === 'WAITING' && until === now && began(activity);
      if (until <= now && !inTime) this.#timeOut(activity, type);
      else if ((activity.overlap?.until ?? activity.at) <= now) this.#goOn(activity);
    }
    if (this.shutdown !== undefined) this.#tickShutdown(this.shutdown, began);
  }

  #timeOut(activity: ModelActivity, type: TimeoutType): void {
    const { attempt } = activity;
    if (attempt === undefined) this.#close(activity, 'TIMED_OUT', type, 'TIMEOUT');
    else this.#attemptFailed(attempt, type, type);
  }

  /** A limit of wall time counts, even if its timer has not fired yet. */
  enforceLimits(activity: ModelActivity): void {
    if (!activity.open) return;
    const limits = activity.timeouts.filter(([type]) => type !== 'HEARTBEAT');
    const [type, until] = limits.reduce((a, b) => (b[1] < a[1] ? b : a));
    if (until <= this.now) this.#timeOut(activity, type);
  }

  // ── What the function does ───────────────────────────────────────────────────────────────────

  beat(attempt: ModelAttempt, details: number | undefined): void {
    if (attempt.ended) return;
    attempt.beatAt = this.now;
    if (details !== undefined) attempt.of.details = details;
    this.#deliver(attempt.of);
  }

  /** Delivers requests to the function when a wait begins and during the wait. */
  wait(attempt: ModelAttempt, ms: number): void {
    if (attempt.ended) return;
    this.#deliver(attempt.of);
    if (attempt.told === undefined) {
      attempt.waitsUntil = Math.max(attempt.waitsUntil, this.now + ms);
    }
  }

  leaveOpen(attempt: ModelAttempt): void {
    if (!attempt.ended) attempt.leftOpen = true;
  }

  settled(attempt: ModelAttempt, how: Settling): void {
    const { of: activity } = attempt;
    if (!attempt.ended && !attempt.leftOpen) this.enforceLimits(activity);
    attempt.running = false;
    if (attempt.ended) {
      activity.hear('attemptSettled', attempt.number);
      if (activity.overlap?.attempt !== attempt) return;
      this.#endOverlap(activity);
      this.#goOn(activity);
    } else if (!attempt.leftOpen) {
      if (how === 'return') this.complete(activity);
      else this.#threw(attempt, how);
    }
  }

  #threw(attempt: ModelAttempt, how: Exclude<Settling, 'return'>): void {
    const { of: activity, told, number } = attempt;
    if (how !== 'accept') this.#attemptFailed(attempt, how);
    else if (told === undefined) this.#attemptFailed(attempt, 'CANCELLED');
    else if (activity.cancelAsked) {
      this.#close(activity, 'CANCELED', 'CANCELLED', 'CANCEL_REQUESTED');
    } else if (told === 'WORKER_SHUTDOWN' || this.shutdown !== undefined) {
      this.#closeForShutdown(activity);
    } else this.#again(attempt, number + 1, 0);
  }

  /** @param cause the message, or the type of the timeout */
  #attemptFailed(attempt: ModelAttempt, cause: string, timedOut?: TimeoutType): void {
    const { of: activity, number } = attempt;
    const { maximumAttempts } = activity.options;
    const status = timedOut === undefined ? 'FAILED' : 'TIMED_OUT';
    const final = (retryState: RetryState, finalCause = cause): void => {
      this.#fail(activity, status, finalCause, retryState, timedOut);
    };
    const scheduleToClose = timedOut === 'SCHEDULE_TO_CLOSE';
    const reset = activity.resetAsked !== undefined && !scheduleToClose;
    if (activity.cancelAsked) final('CANCEL_REQUESTED');
    else if (reset) this.#unlessShutDown(attempt, 1, 0, timedOut);
    else if (scheduleToClose) final('TIMEOUT');
    else if (cause === 'nonRetryable') final('NON_RETRYABLE_FAILURE');
    else if (number >= (maximumAttempts || Infinity)) final('MAXIMUM_ATTEMPTS_REACHED');
    else {
      const delay = backoff(activity.options, number);
      if (this.now + delay < activity.expiresAt) {
        this.#unlessShutDown(attempt, number + 1, delay, timedOut);
      } else final('TIMEOUT', timedOut === undefined ? cause : 'SCHEDULE_TO_CLOSE');
    }
  }

  /** During a shutdown, no further attempt starts. */
  #unlessShutDown(
    attempt: ModelAttempt,
    number: number,
    delay: number,
    timedOut: TimeoutType | undefined,
  ): void {
    if (this.shutdown === undefined) this.#again(attempt, number, delay, timedOut);
    else this.#fail(attempt.of, 'CANCELED', 'WORKER_SHUTDOWN', undefined, timedOut);
  }

  // ── The end of an attempt ────────────────────────────────────────────────────────────────────

  /** It no longer counts. If its function continues, the function is told. */
  #endAttempt(attempt: ModelAttempt): void {
    const { of: activity, number, running } = attempt;
    attempt.ended = true;
    activity.attempt = undefined;
    if (!running) return;
    attempt.tell('NOT_FOUND');
    activity.abandoned++;
    activity.hear('attemptAbandoned', number);
  }

  /** The attempt has ended, and attempt `number` follows. */
  #again(attempt: ModelAttempt, number: number, delay: number, timedOut?: TimeoutType): void {
    const { of: activity } = attempt;
    const { resetAsked: reset, pauseAsked, options } = activity;
    if (attempt.running && options.overlapMs > 0) {
      activity.overlap = { attempt, until: this.now + options.overlapMs };
    }
    if (timedOut !== undefined) attempt.tell('TIMED_OUT');
    activity.hear('attemptFailed');
    this.#endAttempt(attempt);
    const paused = pauseAsked && (reset === undefined || reset.keepPaused);
    activity.cancelAsked = activity.pauseAsked = false;
    activity.resetAsked = undefined;
    activity.number = reset === undefined ? number - 1 : 0;
    activity.endedAt = delay > 0 && reset === undefined ? this.now : undefined;
    activity.phase = paused ? 'PAUSED' : 'SCHEDULED';
    activity.at = this.now + delay;
    if (reset !== undefined) {
      this.#apply(activity, reset);
      activity.hear('reset');
    }
    if (paused) activity.hear('paused');
    // Even without a delay a turn of the event loop lies between; after a deadline, a step of time.
    if (timedOut !== undefined) activity.unseenUntil = this.now + GRID_MS;
  }

  /** An attempt has failed, and the activity fails with it. */
  #fail(
    activity: ModelActivity,
    status: Ending,
    cause: string,
    retryState: RetryState | undefined,
    timedOut?: TimeoutType,
  ): void {
    const { attempt } = activity;
    if (attempt !== undefined) {
      if (timedOut !== undefined) attempt.tell('TIMED_OUT');
      activity.hear('attemptFailed');
    }
    this.#close(activity, status, cause, retryState);
  }

  #close(
    activity: ModelActivity,
    status: Ending,
    cause: string,
    retryState: RetryState | undefined,
  ): void {
    this.#closed(activity, status);
    activity.hear(`failed ${status}`);
    this.#reject(activity, cause, retryState);
  }

  #closed(activity: ModelActivity, status: Ending | 'COMPLETED'): void {
    if (activity.attempt !== undefined) this.#endAttempt(activity.attempt);
    activity.phase = 'CLOSED';
    activity.status = status;
    activity.overlap = undefined;
  }

  #reject(activity: ModelActivity, cause: string, retryState: RetryState | undefined): void {
    activity.caller ??= { state: 'rejected', cause, attempt: activity.number, retryState };
  }

  #closeForShutdown(activity: ModelActivity): void {
    activity.attempt?.tell('WORKER_SHUTDOWN');
    this.#close(activity, 'CANCELED', 'WORKER_SHUTDOWN', undefined);
  }

  // ── What is asked of an activity ─────────────────────────────────────────────────────────────

  /** Of several requests, the function gets one: cancel before reset before pause. */
  #deliver({ attempt, cancelAsked, resetAsked, pauseAsked }: ModelActivity): void {
    if (cancelAsked) attempt?.tell('CANCELLED');
    else if (resetAsked !== undefined) attempt?.tell('RESET');
    else if (pauseAsked) attempt?.tell('PAUSED');
  }

  #deliverNow(activity: ModelActivity): void {
    const waits = (activity.attempt?.waitsUntil ?? 0) > this.now;
    if (waits || activity.options.delivery === 'immediate') this.#deliver(activity);
  }

  cancel(activity: ModelActivity, bySignal = false): void {
    if (!activity.open) return;
    const { type } = activity.options;
    if (activity.attempt === undefined) {
      this.#close(activity, 'CANCELED', 'CANCELLED', 'CANCEL_REQUESTED');
      return;
    }
    if (type !== 'ABANDON') {
      activity.cancelAsked = true;
      if (bySignal) this.#deliver(activity);
      else this.#deliverNow(activity);
    }
    if (type !== 'WAIT_CANCELLATION_COMPLETED') {
      this.#reject(activity, 'CANCELLED', 'CANCEL_REQUESTED');
    }
  }

  abort(signal: number): void {
    for (const activity of this.open) {
      if (activity.options.signal === signal) this.cancel(activity, true);
    }
  }

  terminate(activity: ModelActivity): Refusal {
    if (!activity.open) return 'ActivityStateError';
    activity.attempt?.tell('NOT_FOUND');
    this.#close(activity, 'TERMINATED', 'enough', undefined);
    return undefined;
  }

  pause(activity: ModelActivity): Refusal {
    const { runState, attempt, resetAsked } = activity;
    if (runState === 'PAUSED' || runState === 'PAUSE_REQUESTED') return undefined;
    if (runState === undefined || runState === 'CANCEL_REQUESTED' || resetAsked !== undefined) {
      return 'ActivityStateError';
    }
    if (attempt === undefined && this.shutdown !== undefined) {
      this.#closeForShutdown(activity);
    } else if (attempt === undefined) {
      activity.phase = 'PAUSED';
      activity.unseenUntil = 0;
      activity.hear('paused');
    } else {
      activity.pauseAsked = true;
      this.#deliverNow(activity);
    }
    return undefined;
  }

  unpause(activity: ModelActivity): Refusal {
    const { runState } = activity;
    if (runState === 'PAUSE_REQUESTED') activity.pauseAsked = false;
    else if (runState === 'PAUSED') {
      activity.phase = 'SCHEDULED';
      activity.unseenUntil = 0;
      activity.hear('unpaused');
      this.#goOn(activity);
    } else return 'ActivityStateError';
    return undefined;
  }

  reset(activity: ModelActivity, choice: ResetChoice): Refusal {
    if (!this.#mayChange(activity)) return 'ActivityStateError';
    if (activity.attempt !== undefined) {
      activity.resetAsked = choice;
      this.#deliverNow(activity);
      return undefined;
    }
    activity.number = 0;
    activity.endedAt = undefined;
    activity.unseenUntil = 0;
    this.#apply(activity, choice);
    const firstAt = activity.scheduledAt + activity.options.startDelay;
    activity.at = activity.attempts.length === 0 ? Math.max(firstAt, this.now) : this.now;
    const paused = activity.phase === 'PAUSED';
    if (!paused || !choice.keepPaused) activity.phase = 'SCHEDULED';
    activity.hear('reset');
    if (paused && !choice.keepPaused) activity.hear('unpaused');
    this.#goOn(activity);
    return undefined;
  }

  #apply(activity: ModelActivity, { resetHeartbeat, restoreOriginalOptions }: ResetChoice): void {
    if (resetHeartbeat) activity.details = undefined;
    if (restoreOriginalOptions) activity.options = clamped(activity.given);
  }

  update(activity: ModelActivity, patch: Partial<Changeable>): Refusal {
    const dispatched = activity.attempts.length > 0 || activity.phase === 'WAITING';
    if (!this.#mayChange(activity) || (patch.startDelay !== undefined && dispatched)) {
      return 'ActivityStateError';
    }
    const { scheduledAt, phase, number, endedAt, attempt } = activity;
    const { priority } = activity.options;
    activity.unseenUntil = 0;
    const options = (activity.options = clamped({ ...activity.options, ...patch }));
    const delayed = attempt === undefined && phase !== 'WAITING';
    const policy = patch.initialInterval !== undefined;
    if (delayed && patch.startDelay !== undefined) activity.at = scheduledAt + options.startDelay;
    else if (delayed && policy && endedAt !== undefined && activity.at > this.now) {
      activity.at = endedAt + backoff(options, number);
    }
    if (options.priority !== priority) activity.queuedAt = this.now;
    this.#goOn(activity);
    return undefined;
  }

  #mayChange({ open, cancelAsked, resetAsked }: ModelActivity): boolean {
    return open && !cancelAsked && resetAsked === undefined;
  }

  // ── Completion from outside ──────────────────────────────────────────────────────────────────

  complete(activity: ModelActivity): Refusal {
    this.enforceLimits(activity);
    if (!activity.open) return 'ActivityNotFoundError';
    this.#closed(activity, 'COMPLETED');
    activity.hear('completed');
    activity.caller ??= { state: 'resolved' };
    return undefined;
  }

  fail(activity: ModelActivity, how: Exclude<Settling, 'return'>): Refusal {
    this.enforceLimits(activity);
    const { attempt } = activity;
    if (attempt === undefined) return 'ActivityNotFoundError';
    this.#threw(attempt, how);
    return undefined;
  }

  heartbeat(activity: ModelActivity, details: number | undefined): Refusal {
    this.enforceLimits(activity);
    const { attempt } = activity;
    if (attempt === undefined) return 'ActivityNotFoundError';
    this.beat(attempt, details);
    return attempt.told === undefined ? undefined : 'CancelledFailure';
  }

  reportCancellation(activity: ModelActivity): Refusal {
    this.enforceLimits(activity);
    if (activity.attempt === undefined) return 'ActivityNotFoundError';
    if (!activity.cancelAsked) return 'ActivityStateError';
    this.#close(activity, 'CANCELED', 'CANCELLED', 'CANCEL_REQUESTED');
    return undefined;
  }

  // ── Shutdown ─────────────────────────────────────────────────────────────────────────────────

  shutDown(drain: boolean, graceMs: number, abandonMs: number): void {
    if (this.shutdown !== undefined) return;
    const graceUntil = this.now + graceMs;
    this.shutdown = {
      graceUntil,
      abandonAt: graceUntil + abandonMs,
      graceOver: false,
      over: false,
      left: [],
    };
    for (const activity of this.open) {
      const { attempt, phase } = activity;
      // A paused activity would never be unpaused.
      if (attempt === undefined && (!drain || phase === 'PAUSED')) this.#closeForShutdown(activity);
    }
    if (graceMs === 0) this.#endGrace(this.shutdown, () => false);
  }

  #endGrace(shutdown: Shutdown, began: (activity: ModelActivity) => boolean): void {
    shutdown.graceOver = true;
    for (const activity of this.open) {
      if (activity.phase === 'WAITING' && began(activity)) activity.beginsAtEndOfGrace = true;
      else if (activity.attempt?.leftOpen === false) activity.attempt.tell('WORKER_SHUTDOWN');
      else this.#closeForShutdown(activity);
    }
  }

  #tickShutdown(shutdown: Shutdown, began: (activity: ModelActivity) => boolean): void {
    if (shutdown.over) return;
    if (!shutdown.graceOver && shutdown.graceUntil <= this.now) this.#endGrace(shutdown, began);
    const late = shutdown.abandonAt <= this.now;
    if (late) for (const activity of this.open) this.#closeForShutdown(activity);
    shutdown.left = this.haunted;
    shutdown.over = late || (this.open.length === 0 && shutdown.left.length === 0);
  }
}

function backoff(options: Changeable, number: number): number {
  const { initialInterval, backoffCoefficient } = options;
  return Math.min(initialInterval * backoffCoefficient ** (number - 1), 100 * initialInterval);
}
