/** One attempt of a systole activity on a Temporal worker, and the context it is given. */
import { isCancellation } from '../kernel/cancellation.js';
import { SystemClock } from '../kernel/clock.js';
import { CancelledFailure, type CancelReason } from '../kernel/failures.js';
import { jsonDetails } from '../heartbeat/details/json.js';
import { loggerThat, type Logger } from '../kernel/logger.js';
import { type ActivityInfo, type CancellationDetails } from '../runtime/context/context.js';
import { attemptContext } from '../runtime/context/attempt-context.js';
import type { Interceptors } from '../runtime/context/interceptors.js';
import { Interruption } from '../runtime/context/interruption.js';
import type { ContextSource } from '../runtime/context/source.js';
import { DEFAULT_PRIORITY } from '../runtime/options/table.js';
import type { Context, Info } from './activity-api.js';
import { CompleteAsyncError, TemporalCancelledFailure } from './common-api.js';
import { filledPolicy } from './policy.js';
import { toTemporalFailure } from './to-temporal-failure.js';

/** The flags of Temporal's cancellation details, each with systole's name for the reason. */
const REASONS: readonly (readonly [CancelReason, keyof CancellationDetails])[] = [
  ['CANCELLED', 'cancelRequested'],
  ['RESET', 'reset'],
  ['PAUSED', 'paused'],
  ['TIMED_OUT', 'timedOut'],
  ['WORKER_SHUTDOWN', 'workerShutdown'],
  ['NOT_FOUND', 'notFound'],
];

const clock = new SystemClock();

export class WorkerAttempt implements ContextSource {
  /** The context that the function is given. */
  readonly ctx = attemptContext(this);
  /** Set when the attempt will be completed from outside. How the function ends does not count. */
  leftOpen = false;
  /** Whether the function has settled. */
  ended = false;
  readonly #context: Context;
  readonly #interceptors: Interceptors;
  readonly interruption = new Interruption();
  readonly timers = clock;
  readonly #startedAt = clock.wallNow();
  readonly #shutdown: AbortSignal | undefined;
  readonly #ownShutdown = new AbortController();
  #details: unknown;

  constructor(context: Context, interceptors: Interceptors, shutdown: AbortSignal | undefined) {
    this.#context = context;
    this.#interceptors = interceptors;
    this.#shutdown = shutdown;
    this.#details = ownCopy(context.info.heartbeatDetails);
    const { cancellationSignal } = context;
    if (cancellationSignal.aborted) this.#interrupt();
    else cancellationSignal.addEventListener('abort', this.#interrupt, { once: true });
  }

  readonly #interrupt = (): void => {
    const { cancellationSignal, cancellationDetails } = this.#context;
    const reason = new CancelledFailure(
      (cancellationSignal.reason as Error).message as CancelReason,
    );
    const all = REASONS.filter(([, flag]) => cancellationDetails?.[flag] === true);
    if (cancellationDetails?.workerShutdown === true) this.#ownShutdown.abort(reason);
    this.interruption.deliver(
      reason,
      all.map(([message]) => new CancelledFailure(message)),
    );
  };

  /** Called when the function has settled. */
  settle(): void {
    this.ended = true;
    this.#context.cancellationSignal.removeEventListener('abort', this.#interrupt);
    this.interruption.release();
  }

  /** Converts what the function threw into the failure that the worker reports. */
  failure(thrown: unknown): unknown {
    const { reason } = this.interruption;
    return reason !== undefined && isCancellation(thrown)
      ? new TemporalCancelledFailure(reason.message)
      : toTemporalFailure(thrown);
  }

  heartbeat(details: unknown): void {
    const { heartbeat } = this.#interceptors;
    if (heartbeat === undefined) this.#beat(details);
    else {
      heartbeat(
        details,
        (given) => {
          this.#beat(given);
        },
        this.ctx,
      );
    }
  }

  /** Sends a heartbeat. Without details, it repeats the last ones: Temporal would erase them. */
  #beat(details: unknown): void {
    if (this.ended) return;
    try {
      if (details !== undefined) this.#details = jsonDetails(details);
    } finally {
      this.#context.heartbeat(this.#details);
    }
  }

  heartbeatDetails(): unknown {
    return this.#context.info.heartbeatDetails as unknown;
  }

  newestDetails(): unknown {
    return ownCopy(this.#details);
  }

  shutdownSignal(): AbortSignal {
    return this.#shutdown ?? this.#ownShutdown.signal;
  }

  get heartbeatTimeoutMs(): number {
    return this.#context.info.heartbeatTimeoutMs ?? 0;
  }

  /** A worker delivers a request when it hears of it. */
  hearInWait(): void {}

  completeAsync(): never {
    if (!this.ended) this.leftOpen = true;
    throw new CompleteAsyncError();
  }

  info(): ActivityInfo {
    return infoOf(this.#context.info, this.#startedAt);
  }

  log(): Logger {
    const { log } = this.#context;
    return loggerThat((level, message, attributes) => {
      log[level](message, attributes);
    });
  }
}

/** A copy, because the function may change its details. What JSON cannot hold is not copied. */
function ownCopy(details: unknown): unknown {
  try {
    return details === undefined ? undefined : jsonDetails(details);
  } catch {
    return details;
  }
}

function infoOf(info: Info, startedTimestampMs: number): ActivityInfo {
  const shown = {
    activityId: info.activityId,
    activityType: info.activityType,
    attempt: info.attempt,
    scheduledTimestampMs: info.scheduledTimestampMs,
    currentAttemptScheduledTimestampMs: info.currentAttemptScheduledTimestampMs,
    startedTimestampMs,
    heartbeatTimeoutMs: info.heartbeatTimeoutMs || undefined,
    startToCloseTimeoutMs: info.startToCloseTimeoutMs || undefined,
    scheduleToCloseTimeoutMs: info.scheduleToCloseTimeoutMs || undefined,
    retryPolicy: filledPolicy(info.retryPolicy),
    priority: info.priority?.priorityKey || DEFAULT_PRIORITY,
  };
  // Not enumerable, so that it does not appear in logs: it is a secret.
  Object.defineProperty(shown, 'taskToken', { value: info.base64TaskToken });
  return Object.freeze(shown as unknown as ActivityInfo);
}
