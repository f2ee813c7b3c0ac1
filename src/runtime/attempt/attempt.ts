/** One try of an activity: it calls the function, and ends when its owner says so. */
import { isCancellation } from '../../kernel/cancellation.js';
import { durationMs, type Duration } from '../../kernel/duration.js';
import {
  ApplicationFailure,
  type CancelledFailure,
  type TimeoutType,
} from '../../kernel/failures.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import { ReportThrottle, throttleIntervalMs } from '../../heartbeat/throttle.js';
import { LOG_LEVELS, type Logger } from '../../kernel/logger.js';
import { whenSettled } from '../../kernel/promises.js';
import { activityInfo, type AttemptTimes } from './info.js';
import { log, type Announced } from '../shared/announce.js';
import {
  AttemptContext,
  type ActivityContext,
  type ActivityInfo,
  type CancellationDetails,
  type ContextSource,
} from '../context/context.js';
import type { Checkpoint } from './checkpoint.js';
import { Interruption } from '../context/interruption.js';
import { keepAlive } from '../context/keep-alive.js';
import { randomToken } from '../shared/ids.js';
import { Requests, type ResetRequest } from './requests.js';

/** An activity function, with its types forgotten. */
export type AnyFunction = (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;

/** The activity an attempt belongs to. It decides what the attempt's news mean. */
export interface AttemptOwner extends Announced {
  readonly scheduledAt: number;
  readonly checkpoint: Checkpoint;
  /** The newest heartbeat details of any attempt. */
  readonly details: Snapshot | undefined;
  /** Times the attempt out if a limit has passed that is enforced even on a blocked event loop. */
  enforceLimits(): boolean;
  /** The attempt has an earlier deadline than before. */
  rearm(now: number): void;
  returned(attempt: Attempt, result: unknown): void;
  threw(attempt: Attempt, thrown: unknown): void;
  /** The attempt goes on without its function, and without a slot. */
  leftOpen(attempt: Attempt): void;
}

export class Attempt implements ContextSource, AttemptTimes {
  /** From 1. */
  readonly number: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly monitor: HeartbeatMonitor;
  /** After its end nothing that the function does counts. */
  ended = false;
  /** The function has been called, and has not settled yet. */
  running = false;
  /** Until its end, unless it is left open: what the function does no longer counts then either. */
  holdsSlot = true;
  /** Heartbeat details have changed. Counted whether or not an option asks: one may do so later. */
  progressed = false;

  readonly #owner: AttemptOwner;
  /** Kept for interceptors of checkpoint; undefined without any. */
  #context: ActivityContext | undefined;
  #beaten = false;
  readonly #previousDetails: Snapshot | undefined;
  #progress: HeartbeatMonitor | undefined;
  #throttle: ReportThrottle | undefined;
  #requests: Requests | undefined;
  #interruption: Interruption | undefined;
  #copiedDetails: unknown = undefined;
  #info: ActivityInfo | undefined;
  #token: string | undefined;

  constructor(owner: AttemptOwner, number: number, dispatchedAt: number, startedAt: number) {
    const { heartbeatTimeoutMs, progressTimeoutMs } = owner.options;
    this.#owner = owner;
    this.number = number;
    this.dispatchedAt = dispatchedAt;
    this.startedAt = startedAt;
    this.#previousDetails = owner.details;
    this.monitor = new HeartbeatMonitor(heartbeatTimeoutMs, startedAt);
    if (progressTimeoutMs > 0) this.#progress = new HeartbeatMonitor(progressTimeoutMs, startedAt);
  }

  /** Calls the function. Its outcome is told to the owner in a later turn, a sync one's too. */
  run(fn: AnyFunction, args: readonly unknown[]): void {
    const { execute, heartbeat } = this.#owner.services.interceptors;
    const context = new AttemptContext(this);
    if (heartbeat !== undefined) this.#context = context;
    this.running = true;
    let outcome: unknown;
    try {
      outcome =
        execute === undefined
          ? fn(context, ...args)
          : execute({ context, args }, (input) => fn(input.context, ...input.args));
      if (isGenerator(outcome)) throw generatorRefused();
    } catch (thrown) {
      outcome = Promise.reject(thrown);
    }
    whenSettled(
      outcome,
      (result) => {
        this.#settled();
        this.#owner.returned(this, result);
      },
      (thrown) => {
        this.#settled();
        this.#owner.threw(this, thrown);
      },
    );
  }

  /** The function has settled: too late if a limit has passed, although no timer could say so. */
  #settled(): void {
    if (!this.ended && this.holdsSlot) this.#owner.enforceLimits();
    this.running = false;
  }

  /** Its function runs, and is not in `ctx.sleep` or `ctx.keepAlive`. */
  get busy(): boolean {
    return this.running && this.#interruption?.awaited !== true;
  }

  /** The same, and what it does counts. */
  get working(): boolean {
    return this.busy && this.holdsSlot;
  }

  /** The end: true if details were held back, which only success may drop. */
  end(): boolean {
    this.ended = true;
    if (this.#token !== undefined) this.#owner.services.tokens.delete(this.#token);
    return this.#throttle?.release() ?? false;
  }

  /** The function has settled, and nobody has been told to stop: whoever waits, waits in vain. */
  release(): void {
    this.#interruption?.release();
  }

  // ── What is asked of it ──────────────────────────────────────────────────────────────────────

  /** What the attempt is asked to do; undefined if nothing is. */
  get requests(): Readonly<Requests> | undefined {
    return this.#requests;
  }

  askToCancel(request: CancelledFailure, immediate: boolean): void {
    (this.#requests ??= new Requests()).askToCancel(request);
    this.#tell(immediate);
  }

  askToReset(request: ResetRequest): void {
    (this.#requests ??= new Requests()).askToReset(request);
    this.#tell();
  }

  askToPause(request: CancelledFailure): void {
    (this.#requests ??= new Requests()).askToPause(request);
    this.#tell();
  }

  withdrawPause(): void {
    this.#requests?.askToPause(undefined);
  }

  /**
   * A function that waits in its context hears it now, as every function does if it is `immediate`;
   * the others hear it inside their next heartbeat.
   */
  #tell(immediate = this.#owner.options.cancellationDelivery === 'immediate'): void {
    if (immediate || this.#interruption?.listening === true) this.#hear();
  }

  /** The function hears what is asked of the attempt. */
  #hear(): void {
    const requests = this.#requests;
    if (requests?.first !== undefined) this.interruption.deliver(requests.first, requests.all);
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  /** What comes first: the end of a timeout, or a report. `expiresAt` is scheduleToClose. */
  nextDue(expiresAt: number): number {
    const reportAt = this.#throttle?.dueAt ?? Infinity;
    const progressAt = this.#progress?.deadline ?? Infinity;
    return Math.min(this.#startToCloseAt, expiresAt, this.monitor.deadline, progressAt, reportAt);
  }

  /** The limits that count time on the wall, whether the event loop is blocked or not. */
  limitAt(expiresAt: number): number {
    return Math.min(this.#startToCloseAt, expiresAt);
  }

  /**
   * Which of these limits comes first. On a tie it is startToClose, as in Temporal; but a first
   * attempt, which starts here the moment it is scheduled, would start a little later there.
   */
  firstLimit(expiresAt: number): TimeoutType {
    const startToCloseAt = this.#startToCloseAt;
    const startToClose = this.#startedWhenScheduled
      ? startToCloseAt < expiresAt
      : startToCloseAt <= expiresAt;
    return startToClose ? 'START_TO_CLOSE' : 'SCHEDULE_TO_CLOSE';
  }

  /** The deadline that has passed first. On a tie a limit comes before heartbeat, as in Temporal. */
  expired(now: number, expiresAt: number): TimeoutType | undefined {
    const limitAt = this.limitAt(expiresAt);
    const { clock } = this.#owner.services;
    for (;;) {
      const heartbeatAt = this.monitor.deadline;
      const progressAt = this.#progress?.deadline ?? Infinity;
      const due = Math.min(limitAt, heartbeatAt, progressAt);
      if (due > now) return undefined;
      if (due === limitAt) return this.firstLimit(expiresAt);
      if (due === heartbeatAt) {
        if (!this.monitor.extend(now, clock.now())) return 'HEARTBEAT';
      } else if (this.#progress?.extend(now, clock.now()) !== true) return 'PROGRESS';
    }
  }

  /** Since when the attempt has waited for what a timeout of this type says did not come. */
  waitedSince(timeoutType: TimeoutType): number {
    if (timeoutType === 'HEARTBEAT') return this.monitor.lastBeatAt;
    if (timeoutType === 'PROGRESS') return this.#progress?.lastBeatAt ?? this.startedAt;
    return timeoutType === 'START_TO_CLOSE' ? this.startedAt : this.#owner.scheduledAt;
  }

  /** When the last heartbeat came; undefined before the first. */
  get heartbeatAt(): number | undefined {
    return this.#beaten ? this.monitor.lastBeatAt : undefined;
  }

  forgetHeartbeats(): void {
    this.#beaten = false;
  }

  /** Reports details held back, if their time has come. */
  reportDue(now: number): void {
    const throttle = this.#throttle;
    if (throttle === undefined || throttle.dueAt > now) return;
    throttle.admit(now);
    this.#report();
  }

  /** Writing calls the user's serializer and store, which may end the attempt. */
  #report(): void {
    const { checkpoint } = this.#owner;
    const { details } = checkpoint;
    checkpoint.write();
    if (!this.ended) checkpoint.tell(details, this);
  }

  /**
   * The options have changed: the timeouts count from where they did before. Progress is not looked
   * for without a timeout, so a first one counts from now.
   */
  changeTimeouts(now: number): void {
    const { heartbeatTimeoutMs, progressTimeoutMs } = this.#owner.options;
    this.monitor.changeTimeout(heartbeatTimeoutMs, now);
    if (progressTimeoutMs === 0) this.#progress = undefined;
    else this.#progress ??= new HeartbeatMonitor(progressTimeoutMs, now);
    this.#progress?.changeTimeout(progressTimeoutMs, now);
  }

  get #startedWhenScheduled(): boolean {
    return this.number === 1 && this.startedAt === this.dispatchedAt;
  }

  get #startToCloseAt(): number {
    const timeoutMs = this.#owner.options.startToCloseTimeoutMs;
    return timeoutMs > 0 ? this.startedAt + timeoutMs : Infinity;
  }

  // ── What the context asks for ────────────────────────────────────────────────────────────────

  get scheduledAt(): number {
    return this.#owner.scheduledAt;
  }

  heartbeat(details: unknown): void {
    const { heartbeat } = this.#owner.services.interceptors;
    if (heartbeat === undefined || this.#context === undefined) this.beat(details);
    else heartbeat(details, (given) => this.beat(given), this.#context);
  }

  /** A heartbeat that no interceptor sees. `report` is whether it is reported at once. */
  beat(details: unknown, report = false): void {
    if (this.ended) return;
    const owner = this.#owner;
    const now = owner.services.clock.now();
    this.monitor.beat(now);
    this.#beaten = true;
    try {
      if (details !== undefined) this.#keepDetails(details, report, now);
    } finally {
      this.#hear();
    }
  }

  /** In `ctx.sleep` and `ctx.keepAlive`, which hear from their beginning on. */
  #hearInWait(): void {
    if (!this.ended && this.interruption.hearsInWaits) this.#hear();
  }

  #keepDetails(details: Snapshot, report: boolean, now: number): void {
    const { checkpoint } = this.#owner;
    const snapshot = checkpoint.snapshot(details, this.number);
    if (this.ended) return; // by a getter in the details
    const asked = this.#progress !== undefined || !this.progressed;
    if (checkpoint.keep(snapshot, asked)) {
      this.progressed = true;
      this.#progress?.beat(now);
    }
    const { throttleIntervalMs: given, heartbeatTimeoutMs } = this.#owner.options;
    const throttle = (this.#throttle ??= new ReportThrottle(
      throttleIntervalMs(given, heartbeatTimeoutMs),
    ));
    const held = throttle.dueAt !== Infinity;
    if (throttle.admit(now)) this.#report();
    else if (report) {
      throttle.release();
      this.#report();
    } else if (!held) this.#owner.rearm(now);
  }

  heartbeatDetails(): unknown {
    if (this.#copiedDetails === undefined && this.#previousDetails !== undefined) {
      this.#copiedDetails = this.#owner.services.codec.copy(this.#previousDetails);
    }
    return this.#copiedDetails;
  }

  hasHeartbeatDetails(): boolean {
    return this.#previousDetails !== undefined;
  }

  get interruption(): Interruption {
    return (this.#interruption ??= new Interruption());
  }

  /** What the attempt was told, if it was told to stop. */
  get interruptedBy(): CancelledFailure | undefined {
    return this.#interruption?.reason;
  }

  /** What the function was told, if what it threw says that it stopped because of that. */
  accepted(thrown: unknown): CancelledFailure | undefined {
    const interruption = this.#interruption;
    const { shutdown } = this.#owner.services;
    const told =
      interruption?.reason ??
      (interruption?.watchesShutdown === true ? shutdown.reason : undefined);
    if (told === undefined || !isCancellation(thrown)) return undefined;
    interruption?.deliver(told); // which other branches of the function have not heard yet
    return told;
  }

  signal(): AbortSignal {
    return this.interruption.signal;
  }

  shutdownSignal(): AbortSignal {
    this.interruption.watchShutdown();
    return this.#owner.services.shutdown.signal;
  }

  cancelled(): Promise<never> {
    return this.interruption.cancelled;
  }

  get cancellationDetails(): CancellationDetails | undefined {
    return this.#interruption?.details;
  }

  sleep(duration: Duration): Promise<void> {
    const { interruption } = this;
    return new Promise((resolve, reject) => {
      const delayMs = durationMs(duration, 'ctx.sleep');
      this.#hearInWait();
      if (interruption.reason !== undefined) throw interruption.reason;
      if (this.ended) return; // as a sleep that was under way then: it waits in vain
      const timer = this.#owner.services.deadlines.setTimer(() => {
        stopListening();
        resolve();
      }, delayMs);
      const stopListening = interruption.onDelivery((reason) => {
        timer.clear();
        if (reason !== undefined) reject(reason);
      });
    });
  }

  async keepAlive<T>(
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    every: Duration | undefined,
  ): Promise<T> {
    const { options, services } = this.#owner;
    const nothingToKeepAlive = this.ended && this.interruptedBy === undefined;
    if (nothingToKeepAlive) return typeof work === 'function' ? work() : work;
    this.#hearInWait();
    return keepAlive(work, {
      timers: services.deadlines,
      interruption: this.interruption,
      every,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs,
      heartbeat: () => {
        this.heartbeat(undefined);
      },
    });
  }

  completeAsync(): never {
    if (!this.ended && this.holdsSlot) {
      this.holdsSlot = false;
      this.#owner.leftOpen(this);
    }
    throw new Error(LEFT_OPEN);
  }

  info(): ActivityInfo {
    return (this.#info ??= activityInfo(this.#owner, this));
  }

  /** Made, and valid, from when it is first read to the attempt's end. */
  get taskToken(): string {
    if (this.#token === undefined) {
      this.#token = randomToken();
      if (!this.ended) this.#owner.services.tokens.set(this.#token, this.#owner);
    }
    return this.#token;
  }

  log(): Logger {
    const logger: Partial<Logger> = {};
    for (const level of LOG_LEVELS) {
      logger[level] = (message, more) => {
        log(this.#owner, level, this.number, message, more);
      };
    }
    return logger as Logger;
  }
}

/** The message of what `ctx.completeAsync()` throws. */
export const LEFT_OPEN =
  'ctx.completeAsync() leaves the activity open; this error ends the function';

function isGenerator(returned: unknown): boolean {
  if (typeof returned !== 'object' || returned === null || returned instanceof Promise)
    return false;
  return /^\[object (Async)?Generator\]$/.test(Object.prototype.toString.call(returned));
}

function generatorRefused(): ApplicationFailure {
  return new ApplicationFailure(
    'An activity must return a value or a promise, not a generator: consume it inside',
    { type: 'TypeError', nonRetryable: true },
  );
}
