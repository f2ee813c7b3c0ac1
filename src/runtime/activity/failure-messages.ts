/** How an activity's end, and the end of its attempts, is put into words. */
import {
  ActivityFailure,
  TimeoutFailure,
  type RetryState,
  type TimeoutType,
} from '../../kernel/failures.js';
import { withoutStack } from '../../kernel/stack.js';
import { printable } from '../../kernel/text.js';
import { said } from '../../kernel/thrown.js';
import type { AnyFunction } from '../attempt/owner.js';
import { attributesOf, type Announced, type Attributes } from '../shared/announce.js';
import type { ResolvedOptions } from '../options/table.js';
import { lostThis } from './lost-this.js';

export type ClosedStatus = 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';

const DONE: Readonly<Record<ClosedStatus, string>> = {
  FAILED: 'failed',
  TIMED_OUT: 'timed out',
  CANCELED: 'was cancelled',
  TERMINATED: 'was terminated',
};

/**
 * What the caller's promise rejects with.
 *
 * @param hint ends the message
 */
export function activityFailure(
  status: ClosedStatus,
  cause: Error,
  retryState: RetryState | undefined,
  attributes: Attributes,
  hint = '',
): ActivityFailure {
  const { activityType, attempt } = attributes;
  const when = attempt === 0 ? 'before its first attempt' : `at attempt ${String(attempt)}`;
  const state = retryState === undefined ? '' : ` (${retryState})`;
  const message = `Activity ${printable(activityType, 100)} ${DONE[status]} ${when}${state}: ${said(cause)}${hint}`;
  const fields = { ...attributes, retryState, cause };
  return withoutStack(() => new ActivityFailure(message, fields));
}

/** What the caller of an activity gets if it has not completed. */
export function failureOf(
  activity: Failing,
  status: ClosedStatus,
  cause: Error,
  retryState: RetryState | undefined,
): ActivityFailure {
  const attributes = attributesOf(activity, activity.state.attemptNumber);
  return activityFailure(status, cause, retryState, attributes, lostThis(activity.fn, cause));
}

interface Failing extends Announced {
  readonly fn: AnyFunction;
  readonly state: { readonly attemptNumber: number };
}

const TIMEOUT_NAMES = {
  HEARTBEAT: 'Heartbeat',
  START_TO_CLOSE: 'StartToClose',
  SCHEDULE_TO_START: 'ScheduleToStart',
  SCHEDULE_TO_CLOSE: 'ScheduleToClose',
  PROGRESS: 'Progress',
} as const;

/** What a timeout tells besides its type. */
interface TimeoutFields {
  readonly lastHeartbeatDetails: unknown;
  readonly eventLoopBlockedMs: number;
  readonly stuckAt?: string | undefined;
}

/** A deadline's failure; its cause is the failure of the attempt before. */
export function attemptTimeout(
  timeoutType: TimeoutType,
  context: TimeoutFields & {
    readonly options: ResolvedOptions;
    readonly previous: Error | undefined;
  },
): TimeoutFailure {
  const { options, previous } = context;
  const name = TIMEOUT_NAMES[timeoutType];
  const ms = options[`${uncapitalized(name)}TimeoutMs`];
  const message = `activity ${name} timeout after ${ms} ms`;
  return timeout(message, timeoutType, context, previous && withoutCause(previous));
}

function uncapitalized<Text extends string>(text: Text): Uncapitalize<Text> {
  return (text.charAt(0).toLowerCase() + text.slice(1)) as Uncapitalize<Text>;
}

/**
 * An attempt timed out, and the delay before the next would pass the scheduleToClose deadline. The
 * attempt's timeout is the cause, with the failure of the attempt before it as its own cause.
 */
export function noTimeToRetry(failure: TimeoutFailure): TimeoutFailure {
  const message =
    'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up ' +
    'retrying';
  return timeout(message, 'SCHEDULE_TO_CLOSE', failure, failure);
}

/** One level only: an activity that times out again and again must not grow a chain of causes. */
function withoutCause(failure: Error): Error {
  try {
    if (!(failure instanceof TimeoutFailure) || failure.cause === undefined) return failure;
    return timeout(failure.message, failure.timeoutType, failure);
  } catch {
    return failure; // one of the user's own making, that cannot be looked at
  }
}

function timeout(
  message: string,
  timeoutType: TimeoutType,
  { lastHeartbeatDetails, eventLoopBlockedMs, stuckAt }: TimeoutFields,
  cause?: Error,
): TimeoutFailure {
  const told = { timeoutType, lastHeartbeatDetails, eventLoopBlockedMs, stuckAt };
  const fields = { ...told, ...(cause && { cause }) };
  return withoutStack(() => new TimeoutFailure(message, fields));
}
