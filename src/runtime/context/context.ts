/** The context of an activity function. */
import type { Duration } from '../../kernel/duration.js';
import type { Logger } from '../../kernel/logger.js';
import type { FilledRetryPolicy } from '../../retry/policy.js';

/** What is known about an attempt. Times are in milliseconds since the Unix epoch. */
export interface ActivityInfo {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** The number of this attempt, from 1. Only a reset sets it back. */
  readonly attempt: number;
  /**
   * A secret for `runtime.completion`, which completes this attempt from outside. It never appears
   * in an event, log line or error.
   */
  readonly taskToken: string;
  /** When the activity was scheduled, in milliseconds since the Unix epoch. */
  readonly scheduledTimestampMs: number;
  /** When this attempt began to wait for a slot, in milliseconds since the Unix epoch. */
  readonly currentAttemptScheduledTimestampMs: number;
  /** When this attempt started, in milliseconds since the Unix epoch. */
  readonly startedTimestampMs: number;
  /** The heartbeat timeout that applies, after clamping, in milliseconds; `undefined` for none. */
  readonly heartbeatTimeoutMs: number | undefined;
  /**
   * The start-to-close timeout that applies, after clamping, in milliseconds; `undefined` for none.
   */
  readonly startToCloseTimeoutMs: number | undefined;
  /** The schedule-to-close timeout that applies, in milliseconds; `undefined` for none. */
  readonly scheduleToCloseTimeoutMs: number | undefined;
  /** The retry policy with its defaults filled in. Intervals are in milliseconds. */
  readonly retryPolicy: FilledRetryPolicy;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). */
  readonly priority: number;
}

/** Why the attempt should stop, with one flag for each reason. Several may be true. */
export interface CancellationDetails {
  /** Whether the activity was asked to cancel. */
  readonly cancelRequested: boolean;
  /** Whether the activity was asked to pause. */
  readonly paused: boolean;
  /** Whether the activity was asked to start over. */
  readonly reset: boolean;
  /** Whether the attempt timed out. */
  readonly timedOut: boolean;
  /** Whether the runtime is shutting down. */
  readonly workerShutdown: boolean;
  /** Whether the attempt had already ended, for example by `terminate()`. */
  readonly notFound: boolean;
}

/**
 * The first argument of every activity function. All methods are bound, so
 * `({ heartbeat, signal }) => ...` works.
 *
 * @typeParam Details the type of the details that this activity heartbeats and gets back
 */
export interface ActivityContext<Details = unknown> {
  /**
   * Reports that the attempt is alive, and with details how far it got. Details are copied at the
   * call. The next attempt finds the newest ones in `heartbeatDetails`. Without details, the last
   * ones stay; `null` replaces them. Does nothing once the attempt has ended.
   *
   * @throws HeartbeatDetailsError for details that could not come back as they are
   */
  heartbeat(this: void, details?: Details): void;
  /**
   * A copy of the details of the last heartbeat of any earlier attempt; `undefined` if there are
   * none.
   */
  readonly heartbeatDetails: Details | undefined;
  /** Whether an earlier attempt left heartbeat details. */
  readonly hasHeartbeatDetails: boolean;
  /** Aborts when the attempt should stop. Its `reason` is a `CancelledFailure`. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the runtime begins to shut down, before any attempt is cancelled. Its `reason` is a
   * `CancelledFailure`. A function that throws it accepts the shutdown.
   */
  readonly shutdownSignal: AbortSignal;
  /**
   * A promise that rejects with `signal.reason` when the attempt should stop. It never resolves and
   * is never an unhandled rejection.
   */
  readonly cancelled: Promise<never>;
  /** Why the attempt should stop; `undefined` until the signal aborts. */
  readonly cancellationDetails: CancellationDetails | undefined;
  /**
   * Waits for a duration. Rejects with `signal.reason` on abort. A cancellation that is pending or
   * comes meanwhile is delivered at once. Leaves no timer or listener behind.
   *
   * @throws TypeError (as a rejection) for a bad duration
   */
  sleep(this: void, duration: Duration): Promise<void>;
  /**
   * Heartbeats for work that cannot do so itself, until it settles, and returns its result. The last
   * details stay, and `progressTimeout` still counts. Rejects with `signal.reason` on abort. A
   * cancellation that is pending or comes meanwhile is delivered at once.
   *
   * @param work a promise, or a function that returns one
   */
  keepAlive<T>(
    this: void,
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    options?: {
      /** The time between heartbeats. Default: a third of `heartbeatTimeout`, or 10 s without one. */
      readonly every?: Duration | undefined;
    },
  ): Promise<T>;
  /**
   * Passes on what a stream yields, and heartbeats for each item. With `first` and `between` it is a
   * watchdog: when the stream brings nothing for that long, it is closed, and the loop throws a
   * `TimeoutFailure` of the type `'STREAM'`. Only the wait for the stream counts, not the time that
   * the loop takes for an item. An abort ends the wait with `signal.reason`. A cancellation that is
   * pending or comes during a wait is delivered at once.
   *
   * @throws TypeError for a source that is not a stream, and for a bad duration
   *
   * @example
   * for await (const token of ctx.watch(stream, { first: '60s', between: '10s' })) text += token;
   */
  watch<T>(
    this: void,
    stream: AsyncIterable<T> | ReadableStream<T>,
    options?: WatchOptions<T, Details>,
  ): AsyncIterableIterator<T>;
  /**
   * Reports that the attempt is alive, for loops that compute. When the function has kept the event
   * loop busy for 10 ms, gives it a turn. Otherwise resolves at once. Rejects with `signal.reason`
   * when the attempt should stop.
   */
  yield(this: void): Promise<void>;
  /**
   * Leaves the attempt open so that it can be completed from outside, with the handle or
   * `runtime.completion`. The slot becomes free, and the timeouts still count. Whatever the function
   * returns or throws afterwards does not count. Always throws, so no code after it runs.
   */
  completeAsync(this: void): never;
  /** What is known about this attempt, such as its number and its timeouts. */
  readonly info: ActivityInfo;
  /**
   * The runtime's logger. It adds `activityId`, `activityType` and `attempt` to each line.
   */
  readonly log: Logger;
}

/** The options of `ctx.watch`. */
export interface WatchOptions<T, Details = unknown> {
  /** How long to wait for the first item. Default: no limit. */
  readonly first?: Duration | undefined;
  /** How long to wait for each further item. Default: no limit. */
  readonly between?: Duration | undefined;
  /**
   * Gives the details of the heartbeat for an item, with its index from 0. It is called when the loop
   * asks for the next item, so an item counts once the loop is done with it. Default: the last
   * details stay.
   */
  details?(this: void, item: T, index: number): Details;
}

/** An activity function with any details, arguments and result. */
export type AnyActivity = (ctx: ActivityContext<never>, ...args: never[]) => unknown;
