/** One try of an activity: it calls the function, and ends when its owner says so. */
import { durationMs, type Duration } from '../duration.js';
import type { CancelledFailure } from '../failures.js';
import { ApplicationFailure } from '../failures.js';
import type { Snapshot } from '../heartbeat/details.js';
import { HeartbeatMonitor } from '../heartbeat/monitor.js';
import { ReportThrottle } from '../heartbeat/throttle.js';
import { LOG_LEVELS, type LogAttributes, type Logger } from '../logger.js';
import type { ResolvedRetryPolicy } from '../retry/policy.js';
import {
  AttemptContext,
  type ActivityContext,
  type ActivityInfo,
  type CancellationDetails,
  type ContextSource,
} from './context.js';
import { Interruption } from './interruption.js';
import type { ResolvedOptions } from './options.js';
import type { Services } from './services.js';

/** An activity function, with its types forgotten. */
export type AnyFunction = (this: void, ctx: ActivityContext, ...args: unknown[]) => unknown;

/** The activity an attempt belongs to. It decides what the attempt's news mean. */
export interface AttemptOwner {
  readonly services: Services;
  readonly options: ResolvedOptions;
  readonly activityId: string;
  readonly scheduledAt: number;
  /** The newest heartbeat details of any attempt. */
  details: Snapshot | undefined;
  /** A cancellation that waits for the next heartbeat. */
  readonly undelivered: CancelledFailure | undefined;
  /** The throttle lets the newest details out. */
  report(attempt: Attempt): void;
  /** The attempt has an earlier deadline than before. */
  rearm(now: number): void;
  /** Warns of details this large, once. */
  largeDetails(bytes: number): void;
  returned(attempt: Attempt, result: unknown): void;
  threw(attempt: Attempt, thrown: unknown): void;
}

export class Attempt implements ContextSource {
  /** From 1. */
  readonly number: number;
  readonly dispatchedAt: number;
  readonly startedAt: number;
  readonly monitor: HeartbeatMonitor;
  readonly interruption = new Interruption();
  /** After its end nothing that the function does counts. */
  ended = false;
  /** The function has not settled yet. */
  running = true;

  readonly #owner: AttemptOwner;
  readonly #previousDetails: Snapshot | undefined;
  #throttle: ReportThrottle | undefined = undefined;
  #copiedDetails: unknown = undefined;
  #info: ActivityInfo | undefined = undefined;

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

  /** When details held back by the throttle are to be reported. */
  get reportAt(): number {
    return this.#throttle?.dueAt ?? Infinity;
  }

  /** Reports details whose time has come. */
  reportDue(now: number): void {
    if (this.#throttle?.admit(now) === true) this.#owner.report(this);
  }

  /** The end: true if details were held back, which only success may drop. */
  end(): boolean {
    this.ended = true;
    return this.#throttle?.release() ?? false;
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
    const owner = this.#owner;
    owner.details =
      typeof details === 'number'
        ? details
        : owner.services.codec.snapshot(details, (bytes) => {
            owner.largeDetails(bytes);
          });
    const throttle = (this.#throttle ??= new ReportThrottle(owner.options.throttleIntervalMs));
    const held = throttle.dueAt !== Infinity;
    if (throttle.admit(now)) owner.report(this);
    else if (!held) owner.rearm(now);
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

  signal(): AbortSignal {
    return this.interruption.signal;
  }

  cancelled(): Promise<never> {
    return this.interruption.cancelled;
  }

  get cancellationDetails(): CancellationDetails | undefined {
    return this.interruption.details;
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
        reject(reason);
      });
    });
  }

  info(): ActivityInfo {
    return (this.#info ??= this.#makeInfo());
  }

  #makeInfo(): ActivityInfo {
    const { services, options, activityId, scheduledAt } = this.#owner;
    const { clock } = services;
    // The monotonic readings, told in wall time as of now.
    const offset = clock.wallNow() - clock.now();
    const wall = (at: number): number => Math.round(at + offset);
    return Object.freeze({
      activityId,
      activityType: options.activityType,
      attempt: this.number,
      scheduledTimestampMs: wall(scheduledAt),
      currentAttemptScheduledTimestampMs: wall(this.dispatchedAt),
      startedTimestampMs: wall(this.startedAt),
      heartbeatTimeoutMs: options.heartbeatTimeoutMs || undefined,
      startToCloseTimeoutMs: options.startToCloseTimeoutMs || undefined,
      scheduleToCloseTimeoutMs: options.scheduleToCloseTimeoutMs || undefined,
      retryPolicy: shownPolicy(options.retryPolicy),
      priority: options.priority,
    });
  }

  log(): Logger {
    const { services, options, activityId } = this.#owner;
    const own = { activityId, activityType: options.activityType, attempt: this.number };
    const logger: Partial<Logger> = {};
    for (const level of LOG_LEVELS) {
      logger[level] = (message: string, attributes?: LogAttributes) => {
        services.log(level, message, { ...own, ...attributes });
      };
    }
    return logger as Logger;
  }
}

function shownPolicy(policy: ResolvedRetryPolicy): ActivityInfo['retryPolicy'] {
  return Object.freeze({
    initialInterval: policy.initialIntervalMs,
    backoffCoefficient: policy.backoffCoefficient,
    maximumInterval: policy.maximumIntervalMs,
    maximumAttempts: policy.maximumAttempts,
    nonRetryableErrorTypes: policy.nonRetryableErrorTypes,
    jitter: policy.jitter,
  });
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
