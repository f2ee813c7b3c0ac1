/** What an activity function is given. */
import type { Duration } from '../../kernel/duration.js';
import type { Logger } from '../../kernel/logger.js';
import type { FilledRetryPolicy } from '../../retry/policy.js';

/** What is known about an attempt. Times are milliseconds since the Unix epoch. */
export interface ActivityInfo {
  readonly activityId: string;
  readonly activityType: string;
  /** From 1. */
  readonly attempt: number;
  /**
   * Completes this attempt from outside, with `runtime.completion`: a secret, which is in no event,
   * log line or error.
   */
  readonly taskToken: string;
  /** When the activity was scheduled. */
  readonly scheduledTimestampMs: number;
  /** When this attempt began to wait for a slot. */
  readonly currentAttemptScheduledTimestampMs: number;
  readonly startedTimestampMs: number;
  /** The timeouts that hold, after clamping; undefined for none. */
  readonly heartbeatTimeoutMs: number | undefined;
  readonly startToCloseTimeoutMs: number | undefined;
  readonly scheduleToCloseTimeoutMs: number | undefined;
  readonly retryPolicy: FilledRetryPolicy;
  readonly priority: number;
}

/** Why the attempt was told to stop. */
export interface CancellationDetails {
  readonly cancelRequested: boolean;
  readonly paused: boolean;
  readonly reset: boolean;
  readonly timedOut: boolean;
  readonly workerShutdown: boolean;
  readonly notFound: boolean;
}

/**
 * The first argument of every activity function. All methods are bound, so
 * `({ heartbeat, signal }) => ...` works.
 *
 * @typeParam Details what this activity heartbeats, and finds again after a failure
 */
export interface ActivityContext<Details = unknown> {
  /**
   * Says that the attempt is alive, and optionally how far it is. Details are copied at the call;
   * the next attempt finds the newest in `heartbeatDetails`. Without details the last ones stay;
   * `null` replaces them. Does nothing once the attempt has ended.
   *
   * @throws HeartbeatDetailsError for details that could not come back as they are
   */
  heartbeat(this: void, details?: Details): void;
  /** Details of the last heartbeat of any earlier attempt; undefined if there were none. */
  readonly heartbeatDetails: Details | undefined;
  /** Tells details of `undefined`, which cannot be, from none. */
  readonly hasHeartbeatDetails: boolean;
  /** Aborts when the attempt is to stop; its `reason` is a `CancelledFailure`. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the runtime begins to shut down, before anything is cancelled; its `reason` is a
   * `CancelledFailure`. A function that throws it has accepted the shutdown.
   */
  readonly shutdownSignal: AbortSignal;
  /** Rejects with `signal.reason`, and is never an unhandled rejection. */
  readonly cancelled: Promise<never>;
  /** Undefined until the signal aborts. */
  readonly cancellationDetails: CancellationDetails | undefined;
  /**
   * Waits. Rejects with `signal.reason` on abort, and hears of a cancellation that is pending when
   * it begins, or comes meanwhile. Leaves no timer or listener behind.
   *
   * @throws TypeError (as a rejection) for a bad duration
   */
  sleep(this: void, duration: Duration): Promise<void>;
  /**
   * Heartbeats for work that cannot do so itself, until it settles; gives its result. The last
   * details stay, and `progressTimeout` goes on counting. Rejects with `signal.reason` on abort, and
   * hears of a cancellation that is pending when it begins, or comes meanwhile.
   *
   * @param work a promise, or a function that returns one
   * @param options.every default: a third of heartbeatTimeout, else 10 s
   */
  keepAlive<T>(
    this: void,
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    options?: { readonly every?: Duration | undefined },
  ): Promise<T>;
  /**
   * Leaves the attempt open, to be completed from outside; from here on what the function does no
   * longer counts, its slot is free, and the timeouts go on. Throws: nothing after it runs.
   */
  completeAsync(this: void): never;
  readonly info: ActivityInfo;
  /** The runtime's logger, with `activityId`, `activityType` and `attempt` attached. */
  readonly log: Logger;
}

/** An activity with any details, arguments and result. */
export type AnyActivity = (ctx: ActivityContext<never>, ...args: never[]) => unknown;

/** Where a context has its answers from. */
export interface ContextSource {
  heartbeat(details: unknown): void;
  heartbeatDetails(): unknown;
  hasHeartbeatDetails(): boolean;
  signal(): AbortSignal;
  shutdownSignal(): AbortSignal;
  cancelled(): Promise<never>;
  readonly cancellationDetails: CancellationDetails | undefined;
  sleep(duration: Duration): Promise<void>;
  keepAlive<T>(
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    every: Duration | undefined,
  ): Promise<T>;
  completeAsync(): never;
  info(): ActivityInfo;
  log(): Logger;
}

/** Everything is made when it is first read: most activities use two or three members. */
export class AttemptContext implements ActivityContext {
  readonly #source: ContextSource;
  #heartbeat: ActivityContext['heartbeat'] | undefined;
  #others: Pick<ActivityContext, 'sleep' | 'keepAlive' | 'completeAsync'> | undefined;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  get heartbeat(): ActivityContext['heartbeat'] {
    const source = this.#source;
    return (this.#heartbeat ??= (details) => {
      source.heartbeat(details);
    });
  }

  get heartbeatDetails(): unknown {
    return this.#source.heartbeatDetails();
  }

  get hasHeartbeatDetails(): boolean {
    return this.#source.hasHeartbeatDetails();
  }

  get signal(): AbortSignal {
    return this.#source.signal();
  }

  get cancelled(): Promise<never> {
    return this.#source.cancelled();
  }

  get cancellationDetails(): CancellationDetails | undefined {
    return this.#source.cancellationDetails;
  }

  get shutdownSignal(): AbortSignal {
    return this.#source.shutdownSignal();
  }

  get sleep(): ActivityContext['sleep'] {
    return this.#bound().sleep;
  }

  get keepAlive(): ActivityContext['keepAlive'] {
    return this.#bound().keepAlive;
  }

  get completeAsync(): ActivityContext['completeAsync'] {
    return this.#bound().completeAsync;
  }

  #bound(): Pick<ActivityContext, 'sleep' | 'keepAlive' | 'completeAsync'> {
    const source = this.#source;
    return (this.#others ??= {
      sleep: (duration) => source.sleep(duration),
      keepAlive: (work, options) => source.keepAlive(work, options?.every),
      completeAsync: () => source.completeAsync(),
    });
  }

  get info(): ActivityInfo {
    return this.#source.info();
  }

  get log(): Logger {
    return this.#source.log();
  }
}
