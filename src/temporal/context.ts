/** Temporal's `Context` for an activity that runs on systole. */
import { HeartbeatDetailsError } from '../kernel/errors.js';
import { ignore } from '../kernel/promises.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { Context } from './activity-api.js';
import type { Client } from './client-api.js';
import {
  ActivityCancellationDetails,
  noopMetricMeter,
  TemporalCancelledFailure,
} from './common-api.js';
import { temporalDurationMs } from './duration.js';
import { heartbeat } from './heartbeat.js';
import { infoOf, type GivenInfo } from './info.js';
import { loggerOf } from './logger.js';

const CONVERSION_FAILED = 'HEARTBEAT_DETAILS_CONVERSION_FAILED';

/** The `Context` of one attempt. It sleeps on systole's clock, so virtual time works. */
export class SystoleContext extends Context {
  readonly #ctx: ActivityContext;
  readonly #cancellation: Cancellation;

  constructor(ctx: ActivityContext, info: GivenInfo | undefined, client: Client | undefined) {
    const cancellation = new Cancellation(ctx);
    super(
      infoOf(ctx, info),
      cancellation.promise,
      cancellation.signal,
      (details) => {
        heartbeatOrCancel(ctx, cancellation, details);
      },
      client,
      loggerOf(() => ctx.log),
      noopMetricMeter,
      cancellation.holder,
    );
    this.#ctx = ctx;
    this.#cancellation = cancellation;
  }

  /** Set when details could not be encoded. The attempt then fails, whatever the activity does. */
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

/** Tells an attempt to stop, in Temporal's terms. */
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

  /** Cancels the attempt. Only the first call counts. */
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

/** Heartbeats. Bad details cancel the attempt, as on a worker. Other errors are thrown. */
function heartbeatOrCancel(
  ctx: ActivityContext,
  cancellation: Cancellation,
  details: unknown,
): void {
  try {
    heartbeat(ctx, details);
  } catch (error) {
    if (!(error instanceof HeartbeatDetailsError)) throw error;
    ctx.log.warn('Activity failed to encode heartbeat details', { error: error.message });
    cancellation.failConversion();
  }
}
