/** One attempt of an activity. It calls the function and ends when its owner says so. */
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
import { callFunction, LEFT_OPEN } from './call.js';
import { activityInfo, type InformedAttempt } from './info.js';
import { warnOfLateBeat, watchStop } from './late.js';
import type { AnyFunction, AttemptOwner } from './owner.js';
import { Reports } from './reports.js';
import { reasonsOf, type Requests } from './requests.js';

/** A class without a base class, because V8 makes objects of a derived class at half the speed. */
export class Attempt implements ContextSource, InformedAttempt {
  readonly owner: AttemptOwner<Attempt>;
  /** The number of the attempt, from 1. */
  readonly number: number;
  /** The time at which the attempt began to wait for its slot. */
  readonly dispatchedAt: number;
  readonly startedAt: number;
  /** Whether the attempt has ended. What its function does afterwards does not count. */
  ended = false;
  /** Whether the function has been called and has not settled. */
  running = false;
  /** Whether it has a slot. An attempt that is left open has none. */
  holdsSlot = true;
  /** The requests to the attempt; undefined if there are none. */
  requests: Requests | undefined;
  readonly alive: HeartbeatMonitor;
  /** Watches for progress; undefined without a `progressTimeout`. */
  progress: HeartbeatMonitor | undefined;
  /** The reports of the attempt; undefined before its first details. */
  reports: Reports | undefined;
  #interruption: Interruption | undefined;
  /** Set when the function has read `ctx.shutdownSignal`, which may tell it to stop earlier. */
  #watchesShutdown = false;
  readonly #previousDetails: Snapshot | undefined;
  /** The context, for interceptors of heartbeats; undefined if there are none. */
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
   * Calls the function. The owner gets its outcome in a later turn, even if it is synchronous.
   *
   * @param room where the function runs; undefined for this event loop
   */
  run(fn: AnyFunction, args: readonly unknown[], room?: Room): void {
    const { execute, heartbeat } = this.owner.services.interceptors;
    const context = attemptContext(this);
    if (heartbeat !== undefined) this.#context = context;
    this.running = true;
    const outcome = callFunction(room?.run ?? fn, context, args, execute);
    whenSettled(
      room?.leave(outcome, this) ?? outcome,
      (result) => {
        this.#settled();
        this.owner.returned(this, result);
      },
      (thrown) => {
        this.#settled();
        this.owner.threw(this, thrown);
      },
    );
  }

  /** Called when the function has settled. A limit may have passed although no timer could fire. */
  #settled(): void {
    if (!this.ended && this.holdsSlot) this.owner.enforceLimits();
    this.running = false;
    this.#interruption?.stopped();
  }

  /** Whether the function runs and does not wait in its context. */
  get busy(): boolean {
    return this.running && this.#interruption?.awaited !== true;
  }

  /** Ends the attempt. Returns true if details were held back, which only success may drop. */
  end(): boolean {
    this.ended = true;
    if (this.#token !== undefined) this.owner.services.tokens.delete(this.#token);
    return this.reports?.end() === true;
  }

  /** Called when the function has settled without a reason to stop. Current waits never settle. */
  release(): void {
    this.#interruption?.release();
  }

  // ── Signs of life ────────────────────────────────────────────────────────────────────────────

  heartbeat(details: unknown): void {
    const { heartbeat } = this.owner.services.interceptors;
    if (heartbeat === undefined || this.#context === undefined) this.beat(details);
    else heartbeat(details, (given) => this.beat(given), this.#context);
  }

  /** Takes a heartbeat after the interceptors. With `report`, its details are reported at once. */
  beat(details: unknown, report = false): void {
    if (this.ended) {
      warnOfLateBeat(this);
      return;
    }
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

  /**
   * Applies changed options. Timeouts count from the same moment as before. Progress is not recorded
   * without a `progressTimeout`, so a new one counts from now.
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
   * Adds or removes requests. A function that waits in its context or runs elsewhere receives them
   * now, and with `immediate` every function does. Others receive them in their next heartbeat.
   */
  ask(more: Requests, immediate = this.owner.options.cancellationDelivery === 'immediate'): void {
    this.requests = { ...this.requests, ...more };
    this.owner.changed();
    const waits = this.#interruption?.awaited === true || this.owner.place !== undefined;
    if (immediate) this.#hear();
    else if (waits) this.hearInWait();
  }

  /** Delivers the requests to the function. */
  #hear(): void {
    if (this.requests === undefined) return;
    const reasons = reasonsOf(this.requests);
    const [first] = reasons;
    if (first !== undefined) this.stop(first, reasons);
  }

  /** Tells the function to stop. Only the first reason counts. */
  stop(reason: CancelledFailure, all?: readonly CancelledFailure[]): void {
    const first = this.interruption.reason === undefined;
    this.interruption.deliver(reason, all);
    if (first && this.running) watchStop(this);
  }

  hearInWait(): void {
    const hears = this.owner.options.cancellationDelivery !== 'heartbeat-only';
    if (!this.ended && hears) this.#hear();
  }

  /** The reason to stop, if the thrown value shows that the function stopped because of it. */
  accepted(thrown: unknown): CancelledFailure | undefined {
    const { shutdown } = this.owner.services;
    const before = this.#watchesShutdown ? shutdown.reason : undefined;
    const told = this.#interruption?.reason ?? before;
    if (told === undefined || !isCancellation(thrown)) return undefined;
    this.interruption.deliver(told); // other parts of the function may not know it yet
    return told;
  }

  // ── What the context asks for ────────────────────────────────────────────────────────────────

  get interruption(): Interruption {
    return (this.#interruption ??= new Interruption());
  }

  heartbeatDetails(): unknown {
    return this.owner.services.codec.copy(this.#previousDetails);
  }

  newestDetails(): unknown {
    return this.owner.copyDetails();
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

  /** The task token. It is made when first read, and valid until the attempt ends. */
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
