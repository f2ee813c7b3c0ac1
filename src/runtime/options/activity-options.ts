/** The types of an activity's options, as users give them, change them and see them. */
import type { Duration } from '../../kernel/duration.js';
import type { FilledRetryPolicy, RetryPolicy } from '../../retry/policy.js';

/**
 * When the caller of a cancelled activity gets its rejection.
 *
 * - `'TRY_CANCEL'`: The caller gets it at once, and the function is asked to stop.
 * - `'WAIT_CANCELLATION_COMPLETED'`: The caller waits for the function and gets its outcome.
 * - `'ABANDON'`: The caller gets it at once, and a running function is not told.
 */
export type CancellationType = 'TRY_CANCEL' | 'WAIT_CANCELLATION_COMPLETED' | 'ABANDON';

/**
 * How `handle.cancel()`, `pause()` and `reset()` reach a running function.
 *
 * - `'heartbeat'`: The function is told inside its next `ctx.heartbeat()`, or at once while it waits
 *   in `ctx.sleep`, `ctx.keepAlive` or another wait of its context.
 * - `'immediate'`: The function is told at once, through `ctx.signal`.
 */
export type CancellationDelivery = 'heartbeat' | 'immediate';

/**
 * What happens to a call whose `activityId` an open activity already has.
 *
 * - `'FAIL'`: The call fails with `ActivityAlreadyStartedError`.
 * - `'USE_EXISTING'`: The call joins the open activity and shares its outcome.
 */
export type IdConflictPolicy = 'FAIL' | 'USE_EXISTING';

/**
 * The options of one call. They are read once, at the call. A bad option causes a `TypeError` that
 * names the option, the value and what is accepted.
 */
export interface ActivityOptions {
  /** The id of the activity. No other open activity may have it. Default: a generated id. */
  readonly activityId?: string | undefined;
  /** The kind of activity, for events, logs and errors. Default: the function's name. */
  readonly activityType?: string | undefined;
  /**
   * The maximum time between heartbeats of an attempt. When it passes, the attempt fails and may be
   * retried. Default: none. 0 and Infinity mean none.
   */
  readonly heartbeatTimeout?: Duration | undefined;
  /**
   * The maximum time of one attempt. When it passes, the attempt fails and may be retried. Default:
   * none.
   */
  readonly startToCloseTimeout?: Duration | undefined;
  /**
   * The maximum wait for a free slot before each attempt. When it passes, the activity fails.
   * Default: none.
   */
  readonly scheduleToStartTimeout?: Duration | undefined;
  /**
   * The maximum time of the whole activity, with all attempts and delays. When it passes, the
   * activity fails. Default: none.
   */
  readonly scheduleToCloseTimeout?: Duration | undefined;
  /**
   * The maximum time without a heartbeat that brings new details. When it passes, the attempt fails
   * and may be retried. Default: none.
   */
  readonly progressTimeout?: Duration | undefined;
  /**
   * The delay before the first attempt. It makes both schedule timeouts longer by the same time.
   * Default: none.
   */
  readonly startDelay?: Duration | undefined;
  /**
   * When and how often failed attempts are retried. Default: Temporal's policy, which retries
   * forever.
   */
  readonly retryPolicy?: RetryPolicy | undefined;
  /**
   * The minimum interval between reports of an attempt. 0 reports every heartbeat. Default: 0.8
   * times `heartbeatTimeout`, or 30 s without one, but at most 60 s.
   */
  readonly heartbeatThrottleInterval?: Duration | undefined;
  /** An outside signal. Its abort cancels the activity, and reaches `ctx.signal` at once. */
  readonly signal?: AbortSignal | undefined;
  /**
   * When the caller of a cancelled activity gets its rejection. Default `'TRY_CANCEL'`, which means
   * at once.
   */
  readonly cancellationType?: CancellationType | undefined;
  /**
   * How `handle.cancel()`, `pause()` and `reset()` reach a running function. Default `'heartbeat'`,
   * which means inside its next heartbeat.
   */
  readonly cancellationDelivery?: CancellationDelivery | undefined;
  /**
   * Whether a retry may start while the function of a timed-out attempt is still running: `'allow'`
   * (default), `'forbid'`, or the maximum time to wait for that function.
   */
  readonly attemptOverlap?: 'allow' | 'forbid' | Duration | undefined;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). Default 3. */
  readonly priority?: number | undefined;
  /** A key whose activities share the runtime's `maxConcurrentPerKey`. Default: none. */
  readonly concurrencyKey?: string | undefined;
  /**
   * What happens if an open activity already has the `activityId`. Default `'FAIL'`: the call fails.
   */
  readonly idConflictPolicy?: IdConflictPolicy | undefined;
}

/** The options of one call with the function's arguments. */
export type CallOptions = ActivityOptions & { readonly args?: readonly unknown[] | undefined };

/** The input of `handle.updateOptions`. `undefined` keeps an option; `null` restores its default. */
export interface OptionsPatch {
  /** The maximum time between heartbeats of an attempt. */
  readonly heartbeatTimeout?: Duration | null | undefined;
  /** The maximum time of one attempt, counted from its start. */
  readonly startToCloseTimeout?: Duration | null | undefined;
  /** The maximum wait for a free slot before each attempt. */
  readonly scheduleToStartTimeout?: Duration | null | undefined;
  /** The maximum time of the whole activity, counted from when it was scheduled. */
  readonly scheduleToCloseTimeout?: Duration | null | undefined;
  /** The maximum time without a heartbeat that brings new details. */
  readonly progressTimeout?: Duration | null | undefined;
  /** The delay before the first attempt. Refused once that attempt waits for a slot or has started. */
  readonly startDelay?: Duration | null | undefined;
  /** The retry policy. It replaces the whole policy. */
  readonly retryPolicy?: RetryPolicy | null | undefined;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). */
  readonly priority?: number | null | undefined;
}

/**
 * The options of an activity that apply now, after clamping. Durations are in milliseconds, or
 * `undefined` for none.
 */
export interface DescribedOptions {
  /** The maximum time between heartbeats of an attempt, in milliseconds; `undefined` for none. */
  readonly heartbeatTimeout: number | undefined;
  /** The maximum time of one attempt, in milliseconds; `undefined` for none. */
  readonly startToCloseTimeout: number | undefined;
  /**
   * The maximum wait for a free slot before each attempt, in milliseconds; `undefined` for none.
   */
  readonly scheduleToStartTimeout: number | undefined;
  /** The maximum time of the whole activity, in milliseconds; `undefined` for none. */
  readonly scheduleToCloseTimeout: number | undefined;
  /**
   * The maximum time without a heartbeat that brings new details, in milliseconds; `undefined` for
   * none.
   */
  readonly progressTimeout: number | undefined;
  /** The delay before the first attempt, in milliseconds; 0 for none. */
  readonly startDelay: number;
  /** The retry policy with its defaults filled in. Intervals are in milliseconds. */
  readonly retryPolicy: FilledRetryPolicy;
  /** When the caller of the cancelled activity gets its rejection. */
  readonly cancellationType: CancellationType;
  /** The priority in the queue for a slot, from 1 (first) to 5 (last). */
  readonly priority: number;
  /** The key whose activities share `maxConcurrentPerKey`; `undefined` for none. */
  readonly concurrencyKey: string | undefined;
}
