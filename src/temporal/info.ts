/** What `activityInfo()` returns in an activity that was written for Temporal and runs on systole. */
import type { ActivityContext } from '../runtime/context/context.js';

/** Identifies a run of a workflow. */
export interface WorkflowExecution {
  /** The workflow's own id. */
  readonly workflowId: string;
  /** The id of this run of the workflow. */
  readonly runId: string;
}

/** The workflow and the cluster that an activity is told about. One process has neither. */
export interface GivenInfo {
  /** The namespace. Default `'systole'`. */
  readonly namespace?: string | undefined;
  /** The task queue. Default `'systole'`. */
  readonly taskQueue?: string | undefined;
  /** The workflow that called the activity. With it, `inWorkflow` is true. Default: none. */
  readonly workflowExecution?: WorkflowExecution | undefined;
  /** The type of that workflow. Default: none. */
  readonly workflowType?: string | undefined;
}

/** What `activityInfo()` returns: the fields of the `Info` of `@temporalio/activity`. */
export interface Info {
  /**
   * The secret that completes this attempt from outside, as bytes. It is created on first read.
   */
  readonly taskToken: Uint8Array;
  /** The task token in base64. `runtime.completion` takes either form. */
  readonly base64TaskToken: string;
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The same as `activityId`: in one process, runs have no ids. */
  readonly activityRunId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /** Always false: local activities belong to workflows. */
  readonly isLocal: boolean;
  /** Whether `fromTemporal` was given a `workflowExecution`. */
  readonly inWorkflow: boolean;
  /** The workflow execution that `fromTemporal` was given; absent by default. */
  readonly workflowExecution?: WorkflowExecution;
  /** The workflow type that `fromTemporal` was given; absent by default. */
  readonly workflowType?: string;
  /** The namespace that `fromTemporal` was given. Default `'systole'`. */
  readonly namespace: string;
  /** The same as `namespace`, under the name that newer SDKs use. */
  readonly activityNamespace: string;
  /** The namespace of the workflow; absent without a `workflowExecution`. */
  readonly workflowNamespace?: string;
  /** The task queue that `fromTemporal` was given. Default `'systole'`. */
  readonly taskQueue: string;
  /** The details of the last heartbeat of any earlier attempt; `undefined` if there are none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Temporal's own type
  readonly heartbeatDetails: any;
  /** The heartbeat timeout that applies, in milliseconds; absent for none. */
  readonly heartbeatTimeoutMs?: number;
  /** When the activity was scheduled, in milliseconds since the Unix epoch. */
  readonly scheduledTimestampMs: number;
  /** When this attempt began to wait for a slot, in milliseconds since the Unix epoch. */
  readonly currentAttemptScheduledTimestampMs: number;
  /** The start-to-close timeout that applies, in milliseconds; 0 for none. */
  readonly startToCloseTimeoutMs: number;
  /** The schedule-to-close timeout that applies, in milliseconds; 0 for none. */
  readonly scheduleToCloseTimeoutMs: number;
  /** The priority of the activity in the queue for a slot. */
  readonly priority: {
    /** The priority from 1 (first) to 5 (last). */
    readonly priorityKey: number;
  };
  /** The retry policy with its defaults filled in. */
  readonly retryPolicy: {
    /** The delay after the first failed attempt, in milliseconds. */
    readonly initialInterval: number;
    /** The factor by which each further delay grows. */
    readonly backoffCoefficient: number;
    /** The maximum delay between attempts, in milliseconds. */
    readonly maximumInterval: number;
    /** The maximum number of attempts in all; 0 for no limit. */
    readonly maximumAttempts: number;
    /** The names of the errors that are not retried. */
    readonly nonRetryableErrorTypes: string[];
  };
}

/** All fields of `Info`. Fields without a value are present too, as on a worker. */
type EveryField = { readonly [Field in keyof Info]-?: Info[Field] | undefined };

export function infoOf({ info, heartbeatDetails }: ActivityContext, given: GivenInfo = {}): Info {
  const { retryPolicy } = info;
  const { namespace = 'systole', taskQueue = 'systole', workflowExecution, workflowType } = given;
  const inWorkflow = workflowExecution !== undefined;
  const every: EveryField = {
    get taskToken() {
      return Uint8Array.from(Buffer.from(info.taskToken, 'base64url'));
    },
    get base64TaskToken() {
      return Buffer.from(info.taskToken, 'base64url').toString('base64');
    },
    activityId: info.activityId,
    activityRunId: info.activityId,
    activityType: info.activityType,
    attempt: info.attempt,
    isLocal: false,
    inWorkflow,
    workflowExecution,
    workflowType,
    namespace,
    activityNamespace: namespace,
    workflowNamespace: inWorkflow ? namespace : undefined,
    taskQueue,
    heartbeatDetails,
    heartbeatTimeoutMs: info.heartbeatTimeoutMs,
    scheduledTimestampMs: info.scheduledTimestampMs,
    currentAttemptScheduledTimestampMs: info.currentAttemptScheduledTimestampMs,
    startToCloseTimeoutMs: info.startToCloseTimeoutMs ?? 0,
    scheduleToCloseTimeoutMs: info.scheduleToCloseTimeoutMs ?? 0,
    priority: { priorityKey: info.priority },
    retryPolicy: {
      initialInterval: retryPolicy.initialInterval,
      backoffCoefficient: retryPolicy.backoffCoefficient,
      maximumInterval: retryPolicy.maximumInterval,
      maximumAttempts: retryPolicy.maximumAttempts === Infinity ? 0 : retryPolicy.maximumAttempts,
      nonRetryableErrorTypes: retryPolicy.nonRetryableErrorTypes.map((type) =>
        typeof type === 'string' ? type : type.name,
      ),
    },
  };
  return every as Info;
}
