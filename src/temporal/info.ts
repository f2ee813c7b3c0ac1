/** What `activityInfo()` says in an activity that was written for Temporal and runs on systole. */
import type { ActivityContext } from '../runtime/context/context.js';

/** What an activity is told about the workflow and the cluster, of which a process has none. */
export interface GivenInfo {
  /** Default `'systole'`. */
  readonly namespace?: string | undefined;
  /** Default `'systole'`. */
  readonly taskQueue?: string | undefined;
  /** With it, `inWorkflow` is true. Default: none. */
  readonly workflowExecution?: { readonly workflowId: string; readonly runId: string } | undefined;
  readonly workflowType?: string | undefined;
}

/** The fields of the `Info` of `@temporalio/activity`. */
export interface Info {
  /** Made when it is read: from then on the attempt can be completed with it. */
  readonly taskToken: Uint8Array;
  /** The task token in base64. `runtime.completion` takes it in either form. */
  readonly base64TaskToken: string;
  readonly activityId: string;
  readonly activityRunId: string;
  readonly activityType: string;
  readonly attempt: number;
  readonly isLocal: boolean;
  readonly inWorkflow: boolean;
  readonly workflowExecution?: { readonly workflowId: string; readonly runId: string };
  readonly workflowType?: string;
  readonly namespace: string;
  readonly activityNamespace: string;
  readonly workflowNamespace?: string;
  readonly taskQueue: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as in Temporal's own type
  readonly heartbeatDetails: any;
  readonly heartbeatTimeoutMs?: number;
  readonly scheduledTimestampMs: number;
  readonly currentAttemptScheduledTimestampMs: number;
  readonly startToCloseTimeoutMs: number;
  readonly scheduleToCloseTimeoutMs: number;
  readonly priority: { readonly priorityKey: number };
  readonly retryPolicy: {
    readonly initialInterval: number;
    readonly backoffCoefficient: number;
    readonly maximumInterval: number;
    readonly maximumAttempts: number;
    readonly nonRetryableErrorTypes: string[];
  };
}

/** Fields with nothing to say are there too, as on a worker. */
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
