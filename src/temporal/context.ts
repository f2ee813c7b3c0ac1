/** Temporal's `Context`, of an activity that runs on systole. */
import { HeartbeatDetailsError } from '../kernel/failures.js';
import { ignore } from '../kernel/promises.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { Context, type Info } from './activity-api.js';
import {
  ActivityCancellationDetails,
  noopMetricMeter,
  TemporalCancelledFailure,
  type TemporalLogger,
} from './common-api.js';
import { temporalDurationMs } from './duration.js';

/** What `activityInfo()` says of the two things a process has none of. */
const HERE = 'systole';

const CONVERSION_FAILED = 'HEARTBEAT_DETAILS_CONVERSION_FAILED';

/** One per attempt. Sleeps and waits on systole's clock, so virtual time works. */
export class SystoleContext extends Context {
  readonly #ctx: ActivityContext;
  readonly #cancellation: Cancellation;

  constructor(ctx: ActivityContext) {
    const cancellation = new Cancellation(ctx);
    super(
      infoOf(ctx),
      cancellation.promise,
      cancellation.signal,
      (details) => {
        heartbeat(ctx, cancellation, details);
      },
      undefined,
      loggerOf(ctx),
      noopMetricMeter,
      cancellation.holder,
    );
    this.#ctx = ctx;
    this.#cancellation = cancellation;
  }

  /** Set when details could not be encoded: whatever the activity does then, the attempt fails. */
  get conversionFailure(): string | undefined {
    return this.#cancellation.conversionFailed ? CONVERSION_FAILED : undefined;
  }

  override readonly sleep = (duration: string | number): Promise<void> =>
    new Promise((resolve, reject) => {
      const signal = this.cancellationSignal;
      const stop = (): void => {
        reject(signal.reason as TemporalCancelledFailure);
      };
      if (signal.aborted) {
        stop();
        return;
      }
      signal.addEventListener('abort', stop, { once: true });
      this.#ctx
        .sleep(Math.max(0, temporalDurationMs(duration)))
        .then(resolve, ignore)
        .finally(() => {
          signal.removeEventListener('abort', stop);
        });
    });
}

/** How an attempt is told to stop, in Temporal's words. */
class Cancellation {
  readonly holder: { details?: ActivityCancellationDetails } = {};
  readonly promise: Promise<never>;
  conversionFailed = false;
  readonly #controller = new AbortController();
  #reject!: (reason: TemporalCancelledFailure) => void;

  constructor(ctx: ActivityContext) {
    this.promise = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.promise.catch(ignore);
    const follow = (): void => {
      const { message } = ctx.signal.reason as Error;
      this.cancel(message, new ActivityCancellationDetails(ctx.cancellationDetails));
    };
    if (ctx.signal.aborted) follow();
    else ctx.signal.addEventListener('abort', follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Only the first counts. */
  cancel(reason: string, details: ActivityCancellationDetails): void {
    if (this.signal.aborted) return;
    this.holder.details = details;
    const failure = new TemporalCancelledFailure(reason);
    this.#controller.abort(failure);
    this.#reject(failure);
  }

  failConversion(): void {
    this.conversionFailed ||= !this.signal.aborted;
    this.cancel(CONVERSION_FAILED, new ActivityCancellationDetails());
  }
}

/**
 * Details take the way they would take to a server and back, as JSON; none keep the last ones. Bad
 * details cancel the attempt, as under a worker; any other error is an interceptor's own.
 */
function heartbeat(ctx: ActivityContext, cancellation: Cancellation, details: unknown): void {
  try {
    ctx.heartbeat(details === undefined ? undefined : encoded(details));
  } catch (error) {
    if (!(error instanceof HeartbeatDetailsError)) throw error;
    ctx.log.warn('Activity failed to encode heartbeat details', { error: error.message });
    cancellation.failConversion();
  }
}

/** @throws HeartbeatDetailsError */
function encoded(details: unknown): unknown {
  if (details instanceof Uint8Array) return details;
  const text = json(details);
  if (text !== undefined) return JSON.parse(text) as unknown;
  throw new HeartbeatDetailsError(`details: a ${typeof details} has no JSON`, { path: 'details' });
}

function json(details: unknown): string | undefined {
  try {
    return JSON.stringify(details);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new HeartbeatDetailsError(`details: ${problem}`, { path: 'details', cause });
  }
}

/** Deprecated, and there under a worker. */
const DEPRECATED = { activityNamespace: HERE, workflowNamespace: undefined };

/** Also those fields are there that have nothing to say, as under a worker. */
type EveryField = {
  readonly [Field in Exclude<keyof Info, keyof typeof DEPRECATED>]-?: Info[Field] | undefined;
};

function infoOf({ info, heartbeatDetails }: ActivityContext): Info {
  const { retryPolicy } = info;
  const every: EveryField = {
    // Made when read: from then on the attempt can be completed by it.
    get taskToken() {
      return Uint8Array.from(Buffer.from(info.taskToken, 'base64url'));
    },
    get base64TaskToken() {
      return info.taskToken;
    },
    activityId: info.activityId,
    activityRunId: info.activityId,
    activityType: info.activityType,
    attempt: info.attempt,
    isLocal: false,
    inWorkflow: false,
    workflowExecution: undefined,
    workflowType: undefined,
    namespace: HERE,
    taskQueue: HERE,
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
  // Not a spread, which would make the token.
  return Object.assign(every as Info, DEPRECATED);
}

const LEVELS = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const;

function loggerOf({ log }: ActivityContext): TemporalLogger {
  return {
    log: (level, message, meta) => log[LEVELS[level]](message, meta),
    trace: (message, meta) => log.debug(message, meta),
    debug: (message, meta) => log.debug(message, meta),
    info: (message, meta) => log.info(message, meta),
    warn: (message, meta) => log.warn(message, meta),
    error: (message, meta) => log.error(message, meta),
  };
}
