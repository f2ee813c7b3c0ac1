/** One try of an activity: it calls the function, and ends when its owner says so. */
import { durationMs, type Duration } from '../duration.js';
import { ApplicationFailure, type CancelledFailure, type TimeoutType } from '../failures.js';
import type { Snapshot } from '../heartbeat/details.js';
import { HeartbeatMonitor } from '../heartbeat/monitor.js';
import { ReportThrottle } from '../heartbeat/throttle.js';
import { LOG_LEVELS, type Logger } from '../logger.js';
import { activityInfo, type AttemptTimes } from './activity-info.js';
import { log, type Announced } from './announce.js';
import {
  AttemptContext,
  type ActivityContext,
  type ActivityInfo,
  type CancellationDetails,
  type ContextSource,
} from './context.js';
import type { HeartbeatRecord } from './heartbeat-record.js';
import { Interruption } from './interruption.js';

/** An activity function, with its types forgotten. */
export type AnyFunction = (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;

/** The activity an attempt belongs to. It decides what the attempt's news mean. */
export interface AttemptOwner extends Announced {
  readonly scheduledAt: number;
  readonly heartbeats: HeartbeatRecord;
  /** The newest heartbeat details of any attempt. */
  readonly details: Snapshot | undefined;
  /** A cancellation that waits for the next heartbeat. */
  readonly undelivered: CancelledFailure | undefined;
  /** The attempt has an earlier deadline than before. */
  rearm(now: number): void;
  returned(attempt: Attempt, result: unknown): void;
  threw(attempt: Attempt, thrown: unknown): void;
}

export class Attempt implements ContextSource, AttemptTimes {
  /** From 1. */
  readonly number: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly monitor: HeartbeatMonitor;
  /** After its end nothing that the function does counts. */
  ended = false;
  /** The function has not settled yet. */
  running = true;

  readonly #owner: AttemptOwner;
  readonly #previousDetails: Snapshot | undefined;
  #throttle: ReportThrottle | undefined;
  #interruption: Interruption | undefined;
  #copiedDetails: unknown = undefined;
  #info: ActivityInfo | undefined;

  constructor(owner: AttemptOwner, number: number, dispatchedAt: number, startedAt: number) {
    this.#owner = owner;
    this.number = number;
    this.dispatchedAt = dispatchedAt;
    this.startedAt = startedAt;
    this.#previousDetails = owner.details;
    this.monitor = new HeartbeatMonitor(owner.options.heartbeatTimeoutMs, startedAt);
  }

  /** Calls the function. Its outcome is told to the owner in a later turn, a sync one's too. */
  run(fn: AnyFunction, args: readonly unknown[]): void {
    let outcome: Promise<unknown>;
    try {
      const returned = fn(new AttemptContext(this), ...args);
      if (isAsyncGenerator(returned)) throw asyncGeneratorRefused();
      outcome = Promise.resolve(returned);
    } catch (thrown) {
      outcome = Promise.reject(thrown);
    }
    outcome.then(
      (result) => {
        this.running = false;
        this.#owner.returned(this, result);
      },
      (thrown: unknown) => {
        this.running = false;
        this.#owner.threw(this, thrown);
      },
    );
  }

  /** The end: true if details were held back, which only success may drop. */
  end(): boolean {
    this.ended = true;
    if (!this.running) this.#interruption?.release();
    return this.#throttle?.release() ?? false;
  }

  // ── Deadlines ────────────────────────────────────────────────────────────────────────────────

  /** What comes first: the end of a timeout, or a report. `expiresAt` is scheduleToClose. */
  nextDue(expiresAt: number): number {
    const reportAt = this.#throttle?.dueAt ?? Infinity;
    return Math.min(this.#startToCloseAt, expiresAt, this.monitor.deadline, reportAt);
  }

  /**
   * The deadline that has passed first. On a tie startToClose comes before scheduleToClose, and
   * that before heartbeat, as in Temporal; but a first attempt, which starts here the moment it is
   * scheduled, would start a little later there.
   */
  expired(now: number, expiresAt: number): TimeoutType | undefined {
    const startToCloseAt = this.#startToCloseAt;
    for (;;) {
      const due = Math.min(startToCloseAt, expiresAt, this.monitor.deadline);
      if (due > now) return undefined;
      if (due === startToCloseAt && (due !== expiresAt || this.number > 1)) {
        return 'START_TO_CLOSE';
      }
      if (due === expiresAt) return 'SCHEDULE_TO_CLOSE';
      if (!this.monitor.extend(now)) return 'HEARTBEAT';
    }
  }

  /** Reports details held back, if their time has come. */
  reportDue(now: number): void {
    const throttle = this.#throttle;
    if (throttle === undefined || throttle.dueAt > now) return;
    throttle.admit(now);
    this.#owner.heartbeats.report(this.number);
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
    if (this.ended) return;
    const owner = this.#owner;
    const now = owner.services.clock.now();
    this.monitor.beat(now);
    try {
      if (details !== undefined) this.#keepDetails(details, now);
    } finally {
      const cancellation = owner.undelivered;
      if (cancellation !== undefined) this.interruption.deliver(cancellation);
    }
  }

  #keepDetails(details: Snapshot, now: number): void {
    const { heartbeats, options } = this.#owner;
    heartbeats.keep(details, this.number);
    const throttle = (this.#throttle ??= new ReportThrottle(options.throttleIntervalMs));
    const held = throttle.dueAt !== Infinity;
    if (throttle.admit(now)) heartbeats.report(this.number);
    else if (!held) this.#owner.rearm(now);
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

  signal(): AbortSignal {
    return this.interruption.signal;
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
      if (interruption.reason !== undefined) throw interruption.reason;
      const timer = this.#owner.services.clock.setTimer(() => {
        stopListening();
        resolve();
      }, delayMs);
      const stopListening = interruption.onDelivery((reason) => {
        timer.clear();
        if (reason !== undefined) reject(reason);
      });
    });
  }

  info(): ActivityInfo {
    return (this.#info ??= activityInfo(this.#owner, this));
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

function isAsyncGenerator(returned: unknown): boolean {
  if (typeof returned !== 'object' || returned === null) return false;
  return Object.prototype.toString.call(returned) === '[object AsyncGenerator]';
}

function asyncGeneratorRefused(): ApplicationFailure {
  return new ApplicationFailure(
    'An activity must return a value or a promise; this one returned an async generator, of which ' +
      'nobody would take the values. Consume it inside the activity.',
    { type: 'TypeError', nonRetryable: true },
  );
}
