/** Makes the failures of activities and attempts, with their messages. */
import {
  ActivityFailure,
  TimeoutFailure,
  type RetryState,
  type DeadlineType,
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
 * Makes the failure that the caller's promise rejects with.
 *
 * @param hint is added to the end of the message
 */
export function activityFailure(
  status: ClosedStatus,
  cause: Error,
  retryState: RetryState | undefined,
  attributes: Attributes,
  hint = '',
): ActivityFailure {
  const { activityType, attempt } = attributes;
  const when = attempt === 0 ? 'before its first attempt' : `at attempt ${attempt}`;
  const state = retryState === undefined ? '' : ` (${retryState})`;
  const message = `Activity ${printable(activityType, 100)} ${DONE[status]} ${when}${state}: ${said(cause)}${hint}`;
  const fields = { ...attributes, retryState, cause };
  return withoutStack(() => new ActivityFailure(message, fields));
}

/** Makes the failure that the caller of an activity gets. */
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

/** The fields of a timeout besides its type. */
interface TimeoutFields {
  readonly lastHeartbeatDetails: unknown;
  readonly eventLoopBlockedMs: number;
  readonly stuckAt?: string | undefined;
}

/** Makes the failure of a timeout. Its cause is the failure of the attempt before. */
export function attemptTimeout(
  timeoutType: DeadlineType,
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
 * Makes the failure of an attempt that timed out too late for another one before the scheduleToClose
 * deadline. Its cause is the timeout, whose own cause is the failure of the attempt before.
 */
export function noTimeToRetry(failure: TimeoutFailure): TimeoutFailure {
  const message =
    'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up ' +
    'retrying';
  return timeout(message, 'SCHEDULE_TO_CLOSE', failure, failure);
}

/** Removes the cause of a timeout. Otherwise repeated timeouts would make a long chain of causes. */
function withoutCause(failure: Error): Error {
  try {
    if (!(failure instanceof TimeoutFailure) || failure.cause === undefined) return failure;
    return timeout(failure.message, failure.timeoutType, failure);
  } catch {
    return failure; // the user's own error throws
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
