/** One try of an activity: it calls the function, and ends when its owner says so. */
import { isCancellation } from '../../kernel/cancellation.js';
import type { CancelledFailure } from '../../kernel/failures.js';
import type { Logger } from '../../kernel/logger.js';
import { whenSettled } from '../../kernel/promises.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { HeartbeatMonitor } from '../../heartbeat/monitor.js';
import { attemptContext } from '../context/attempt-context.js';
import type { ActivityContext, ActivityInfo } from '../context/context.js';
import { Interruption } from '../context/interruption.js';
import type { ContextSource, Timers } from '../context/source.js';
import { loggerOf } from '../shared/announce.js';
import { randomToken } from '../shared/ids.js';
import type { Room } from '../shared/place.js';
import { callFunction } from './call.js';
import { activityInfo, type InformedAttempt } from './info.js';
import type { AnyFunction, AttemptOwner } from './owner.js';
import { Reports } from './reports.js';
import { reasonsOf, type Requests } from './requests.js';
import { firstTimeoutAt } from './timing.js';

/** One class, with nothing below it: V8 makes the objects of a derived class at half the speed. */
export class Attempt implements ContextSource, InformedAttempt {
  readonly owner: AttemptOwner<Attempt>;
  /** From 1. */
  readonly number: number;
  /** Since when the attempt had waited for its slot. */
  readonly dispatchedAt: number;
  readonly startedAt: number;
  /** After its end nothing that the function does counts. */
  ended = false;
  /** The function has been called and has not settled yet. */
  running = false;
  /** Until its end, unless it is left open: what the function does no longer counts then either. */
  holdsSlot = true;
  /** What the attempt is asked to do; undefined if nothing is. */
  requests: Requests | undefined;
  readonly alive: HeartbeatMonitor;
  /** Undefined without a timeout for progress. */
  progress: HeartbeatMonitor | undefined;
  /** Undefined before the first details. */
  reports: Reports | undefined;
  #interruption: Interruption | undefined;
  /** The function has been given `ctx.shutdownSignal`, which may tell it earlier. */
  #watchesShutdown = false;
  readonly #previousDetails: Snapshot | undefined;
  /** Kept for interceptors of heartbeats; undefined without any. */
  #context: ActivityContext | undefined;
  #token: string | undefined;

  constructor(
    owner: AttemptOwner<Attempt>,
    number: number,
    dispatchedAt: number,
    startedAt: number,
  ) {
    const { heartbeatTimeoutMs, progressTimeoutMs } = owner.options;
    this.owner = owner;
    this.number = number;
    this.dispatchedAt = dispatchedAt;
    this.startedAt = startedAt;
    this.alive = new HeartbeatMonitor(heartbeatTimeoutMs, startedAt);
    if (progressTimeoutMs > 0) this.progress = new HeartbeatMonitor(progressTimeoutMs, startedAt);
    this.#previousDetails = owner.details;
  }

  // ── Its function ─────────────────────────────────────────────────────────────────────────────

  /**
   * Calls the function. Its outcome is told to the owner in a later turn, a sync one's too.
   *
   * @param room where the function runs, if not here
   */
  run(fn: AnyFunction, args: readonly unknown[], room?: Room): void {
    const { execute, heartbeat } = this.owner.services.interceptors;
    const context = attemptContext(this);
    if (heartbeat !== undefined) this.#context = context;
    this.running = true;
    whenSettled(
      callFunction(room?.run ?? fn, context, args, execute),
      (result) => {
        this.#settled();
        this.owner.returned(this, result);
        room?.leave();
      },
      (thrown) => {
        this.#settled();
        this.owner.threw(this, thrown);
        room?.leave();
      },
    );
  }

  /** The function has settled: too late if a limit has passed, although no timer could say so. */
  #settled(): void {
    if (!this.ended && this.holdsSlot) this.owner.enforceLimits();
    this.running = false;
  }

  /** The function runs, and is not in `ctx.sleep` or `ctx.keepAlive`. */
  get busy(): boolean {
    return this.running && this.#interruption?.awaited !== true;
  }

  /** The end: true if details were held back, which only success may drop. */
  end(): boolean {
    this.ended = true;
    if (this.#token !== undefined) this.owner.services.tokens.delete(this.#token);
    return this.reports?.end() === true;
  }

  /** The function has settled and nobody was told to stop: waits that are under way never settle. */
  release(): void {
    this.#interruption?.release();
  }

  // ── Signs of life ────────────────────────────────────────────────────────────────────────────

  heartbeat(details: unknown): void {
    const { heartbeat } = this.owner.services.interceptors;
    if (heartbeat === undefined || this.#context === undefined) this.beat(details);
    else heartbeat(details, (given) => this.beat(given), this.#context);
  }

  /** A heartbeat that no interceptor sees. `report` is whether it is reported at once. */
  beat(details: unknown, report = false): void {
    if (this.ended) return;
    const now = this.owner.services.clock.now();
    this.alive.beat(now);
    try {
      if (details !== undefined) {
        this.reports ??= new Reports(this);
        this.reports.keep(details, report, now);
      }
    } finally {
      this.#hear();
    }
  }

  /** Heartbeat details have changed. */
  get progressed(): boolean {
    return this.reports?.progressed === true;
  }

  /** What comes first: a timeout, or a report. */
  get nextDue(): number {
    return Math.min(firstTimeoutAt(this), this.reports?.dueAt ?? Infinity);
  }

  /**
   * The options have changed: the timeouts count from where they did before. Progress is not looked
   * for without a timeout, so a first one counts from now.
   */
  changeTimeouts(now: number): void {
    const { heartbeatTimeoutMs, progressTimeoutMs } = this.owner.options;
    this.alive.changeTimeout(heartbeatTimeoutMs, now);
    if (progressTimeoutMs === 0) this.progress = undefined;
    else this.progress ??= new HeartbeatMonitor(progressTimeoutMs, now);
    this.progress?.changeTimeout(progressTimeoutMs, now);
  }

  // ── What is asked of it ──────────────────────────────────────────────────────────────────────

  /**
   * Asks for more, or takes it back. A function that waits in its context or runs elsewhere hears it
   * now, as every function does if it is `immediate`; the others hear it inside their next heartbeat.
   */
  ask(more: Requests, immediate = this.owner.options.cancellationDelivery === 'immediate'): void {
    this.requests = { ...this.requests, ...more };
    const waits = this.#interruption?.awaited === true || this.owner.place !== undefined;
    if (immediate) this.#hear();
    else if (waits) this.hearInWait();
  }

  /** The function hears what is asked of the attempt. */
  #hear(): void {
    if (this.requests === undefined) return;
    const reasons = reasonsOf(this.requests);
    const [first] = reasons;
    if (first !== undefined) this.interruption.deliver(first, reasons);
  }

  hearInWait(): void {
    const hears = this.owner.options.cancellationDelivery !== 'heartbeat-only';
    if (!this.ended && hears) this.#hear();
  }

  /** What the function was told, if what it threw says that it stopped because of that. */
  accepted(thrown: unknown): CancelledFailure | undefined {
    const { shutdown } = this.owner.services;
    const told = this.interruptedBy ?? (this.#watchesShutdown ? shutdown.reason : undefined);
    if (told === undefined || !isCancellation(thrown)) return undefined;
    this.interruption.deliver(told); // which other branches of the function have not heard yet
    return told;
  }

  /** What the attempt was told, if it was told to stop. */
  get interruptedBy(): CancelledFailure | undefined {
    return this.#interruption?.reason;
  }

  // ── What the context asks for ────────────────────────────────────────────────────────────────

  get interruption(): Interruption {
    return (this.#interruption ??= new Interruption());
  }

  heartbeatDetails(): unknown {
    const details = this.#previousDetails;
    return details === undefined ? undefined : this.owner.services.codec.copy(details);
  }

  hasHeartbeatDetails(): boolean {
    return this.#previousDetails !== undefined;
  }

  get timers(): Timers {
    return this.owner.services.deadlines;
  }

  get heartbeatTimeoutMs(): number {
    return this.owner.options.heartbeatTimeoutMs;
  }

  shutdownSignal(): AbortSignal {
    this.#watchesShutdown = true;
    return this.owner.services.shutdown.signal;
  }

  completeAsync(): never {
    if (!this.ended && this.holdsSlot) {
      this.holdsSlot = false;
      this.owner.leftOpen(this);
    }
    throw new Error(LEFT_OPEN);
  }

  info(): ActivityInfo {
    return activityInfo(this);
  }

  /** Made, and valid, from when it is first read to the attempt's end. */
  get taskToken(): string {
    if (this.#token === undefined) {
      this.#token = randomToken();
      if (!this.ended) this.owner.services.tokens.set(this.#token, this.owner);
    }
    return this.#token;
  }

  log(): Logger {
    return loggerOf(this.owner, this.number);
  }
}

/** The message of what `ctx.completeAsync()` throws. */
export const LEFT_OPEN =
  'ctx.completeAsync() leaves the activity open; this error ends the function';
