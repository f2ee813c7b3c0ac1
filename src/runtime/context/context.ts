/** What an activity function is given. */
import type { Duration } from '../../kernel/duration.js';
import type { Logger } from '../../kernel/logger.js';
import type { FilledRetryPolicy } from '../../retry/policy.js';

/** What is known about an attempt. Times are milliseconds since the Unix epoch. */
export interface ActivityInfo {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** The number of this attempt, from 1. Only a reset starts over. */
  readonly attempt: number;
  /**
   * A secret with which `runtime.completion` completes this attempt from outside. It is in no
   * event, log line or error.
   */
  readonly taskToken: string;
  /** When the activity was scheduled, in milliseconds since the Unix epoch. */
  readonly scheduledTimestampMs: number;
  /** When this attempt began to wait for a slot, in milliseconds since the Unix epoch. */
  readonly currentAttemptScheduledTimestampMs: number;
  /** When this attempt began, in milliseconds since the Unix epoch. */
  readonly startedTimestampMs: number;
  /** The heartbeat timeout that holds, after clamping, in milliseconds; `undefined` for none. */
  readonly heartbeatTimeoutMs: number | undefined;
  /**
   * The start-to-close timeout that holds, after clamping, in milliseconds; `undefined` for none.
   */
  readonly startToCloseTimeoutMs: number | undefined;
  /** The schedule-to-close timeout that holds, in milliseconds; `undefined` for none. */
  readonly scheduleToCloseTimeoutMs: number | undefined;
  /** The retry policy with its defaults filled in; intervals are milliseconds. */
  readonly retryPolicy: FilledRetryPolicy;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). */
  readonly priority: number;
}

/** Why the attempt was told to stop: one flag for each reason, of which several may be true. */
export interface CancellationDetails {
  /** Whether the activity was asked to cancel. */
  readonly cancelRequested: boolean;
  /** Whether the activity was asked to pause. */
  readonly paused: boolean;
  /** Whether the activity was asked to start over. */
  readonly reset: boolean;
  /** Whether the attempt ran into a timeout. */
  readonly timedOut: boolean;
  /** Whether the runtime is shutting down. */
  readonly workerShutdown: boolean;
  /** Whether the attempt had ended already, for example by `terminate()`. */
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
   * Reports that the attempt is alive, and with details how far it got. Details are copied at the
   * call; the next attempt finds the newest in `heartbeatDetails`. Without details the last ones
   * stay; `null` replaces them. Does nothing once the attempt has ended.
   *
   * @throws HeartbeatDetailsError for details that could not come back as they are
   */
  heartbeat(this: void, details?: Details): void;
  /**
   * The details of the last heartbeat of any earlier attempt: a copy for this attempt; `undefined`
   * if there are none.
   */
  readonly heartbeatDetails: Details | undefined;
  /** Whether an earlier attempt left heartbeat details. */
  readonly hasHeartbeatDetails: boolean;
  /** Aborts when the attempt should stop. Its `reason` is a `CancelledFailure`. */
  readonly signal: AbortSignal;
  /**
   * Aborts when the runtime begins to shut down, before any attempt is cancelled. Its `reason` is a
   * `CancelledFailure`; a function that throws it has accepted the shutdown.
   */
  readonly shutdownSignal: AbortSignal;
  /**
   * A promise that rejects with `signal.reason` when the attempt should stop, and never resolves.
   * It is never an unhandled rejection.
   */
  readonly cancelled: Promise<never>;
  /** Why the attempt should stop; `undefined` until the signal aborts. */
  readonly cancellationDetails: CancellationDetails | undefined;
  /**
   * Waits for a duration. Rejects with `signal.reason` on abort, and hears of a cancellation that is
   * pending when it begins or comes meanwhile. Leaves no timer or listener behind.
   *
   * @throws TypeError (as a rejection) for a bad duration
   */
  sleep(this: void, duration: Duration): Promise<void>;
  /**
   * Heartbeats for work that cannot heartbeat itself, until it settles, and gives its result. The
   * last details stay, and `progressTimeout` still counts. Rejects with `signal.reason` on abort, and
   * hears of a cancellation that is pending when it begins or comes meanwhile.
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
   * Leaves the attempt open so that it can be completed from outside, by `handle` or
   * `runtime.completion`. What the function returns or throws after this call no longer counts, its
   * slot is free, and the timeouts still count. Always throws, so no code after it runs.
   */
  completeAsync(this: void): never;
  /** What is known about this attempt, such as its number and its timeouts. */
  readonly info: ActivityInfo;
  /**
   * The runtime's logger, with `activityId`, `activityType` and `attempt` attached to each line.
   */
  readonly log: Logger;
}

/** An activity function with any details, arguments and result. */
export type AnyActivity = (ctx: ActivityContext<never>, ...args: never[]) => unknown;
