/** One try of an activity: it calls the function, and ends when its owner says so. */
import { isCancellation } from '../../kernel/cancellation.js';
import type { CancelledFailure } from '../../kernel/failures.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { Logger } from '../../kernel/logger.js';
import { whenSettled } from '../../kernel/promises.js';
import { activityInfo, type AttemptTimes } from './info.js';
import { loggerOf } from '../shared/announce.js';
import {
  type ActivityContext,
  type ActivityInfo,
  type CancellationDetails,
  type ContextSource,
} from '../context/context.js';
import { callFunction } from './call.js';
import type { AnyFunction, AttemptOwner } from './owner.js';
import { attemptContext } from '../context/attempt-context.js';
import { Interruption } from '../context/interruption.js';
import { keepAlive } from '../context/keep-alive.js';
import { sleep } from '../context/sleep.js';
import { randomToken } from '../shared/ids.js';
import type { Room } from '../shared/place.js';
import { reasonsOf, type Requests } from './requests.js';
import { AttemptHeartbeats } from './heartbeats.js';

const NOT_WAITING = { listening: false, hearsInWaits: true };

export class Attempt extends AttemptHeartbeats implements ContextSource, AttemptTimes {
  /** The function has been called and has not settled yet. */
  running = false;
  /** Until its end, unless it is left open: what the function does no longer counts then either. */
  holdsSlot = true;
  readonly #owner: AttemptOwner<Attempt>;
  /** Kept for interceptors of heartbeats; undefined without any. */
  #context: ActivityContext | undefined;
  readonly #previousDetails: Snapshot | undefined;
  /** What the attempt is asked to do; undefined if nothing is. */
  requests: Requests | undefined;
  #interruption: Interruption | undefined;
  #copiedDetails: unknown = undefined;
  #info: ActivityInfo | undefined;
  #token: string | undefined;

  constructor(
    owner: AttemptOwner<Attempt>,
    number: number,
    dispatchedAt: number,
    startedAt: number,
  ) {
    super(owner, number, dispatchedAt, startedAt);
    this.#owner = owner;
    this.#previousDetails = owner.details;
  }

  /**
   * Calls the function. Its outcome is told to the owner in a later turn, a sync one's too.
   *
   * @param room where the function runs, if not here
   */
  run(fn: AnyFunction, args: readonly unknown[], room?: Room): void {
    const { execute, heartbeat } = this.#owner.services.interceptors;
    const context = attemptContext(this);
    if (heartbeat !== undefined) this.#context = context;
    this.running = true;
    whenSettled(
      callFunction(room?.run ?? fn, context, args, execute),
      (result) => {
        this.#settled();
        this.#owner.returned(this, result);
        room?.leave();
      },
      (thrown) => {
        this.#settled();
        this.#owner.threw(this, thrown);
        room?.leave();
      },
    );
  }

  /** The function has settled: too late if a limit has passed, although no timer could say so. */
  #settled(): void {
    if (!this.ended && this.holdsSlot) {
      const { expiresAt, services } = this.#owner;
      const limitAt = this.limitAt(expiresAt);
      const isLate = limitAt !== Infinity && services.clock.now() >= limitAt;
      if (isLate) this.#owner.enforceLimits();
    }
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
    if (this.#token !== undefined) this.#owner.services.tokens.delete(this.#token);
    return this.endHeartbeats();
  }

  /** The function has settled and nobody was told to stop: waits that are under way never settle. */
  release(): void {
    this.#interruption?.release();
  }

  // ── What is asked of it ──────────────────────────────────────────────────────────────────────

  /**
   * Asks for more, or takes it back. A function that waits in its context or runs elsewhere hears it
   * now, as every function does if it is `immediate`; the others hear it inside their next heartbeat.
   */
  ask(more: Requests, immediate = this.#owner.options.cancellationDelivery === 'immediate'): void {
    this.requests = { ...this.requests, ...more };
    const { listening, hearsInWaits } = this.#interruption ?? NOT_WAITING;
    const elsewhere = this.#owner.place !== undefined;
    if (immediate || listening || (elsewhere && hearsInWaits)) this.#hear();
  }

  /** The function hears what is asked of the attempt. */
  #hear(): void {
    if (this.requests === undefined) return;
    const reasons = reasonsOf(this.requests);
    const [first] = reasons;
    if (first !== undefined) this.interruption.deliver(first, reasons);
  }

  // ── What the context asks for ────────────────────────────────────────────────────────────────

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
    this.beaten(now);
    try {
      if (details !== undefined) this.keepDetails(details, report, now);
    } finally {
      this.#hear();
    }
  }

  /** In `ctx.sleep` and `ctx.keepAlive`, which hear from their beginning on. */
  #hearInWait(): void {
    if (!this.ended && this.interruption.hearsInWaits) this.#hear();
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

  async sleep(delayMs: number): Promise<void> {
    this.#hearInWait();
    const { interruption } = this;
    if (interruption.reason !== undefined) throw interruption.reason;
    if (this.ended) return new Promise(() => {}); // as a sleep does that was under way at the end
    return sleep(delayMs, this.#owner.services.deadlines, interruption);
  }

  async keepAlive<T>(
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    everyMs: number | undefined,
  ): Promise<T> {
    const { options, services } = this.#owner;
    const nothingToKeepAlive = this.ended && this.interruptedBy === undefined;
    if (nothingToKeepAlive) return typeof work === 'function' ? work() : work;
    this.#hearInWait();
    return keepAlive(work, {
      timers: services.deadlines,
      interruption: this.interruption,
      everyMs,
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
    return loggerOf(this.#owner, this.number);
  }
}

/** The message of what `ctx.completeAsync()` throws. */
export const LEFT_OPEN =
  'ctx.completeAsync() leaves the activity open; this error ends the function';
