/** Temporal activities, run by systole. */
import { ApplicationFailure } from '../kernel/failures.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { asyncLocalStorage } from './activity-api.js';
import { SystoleContext } from './context.js';
import {
  CompleteAsyncError,
  ensureApplicationFailure,
  TemporalApplicationFailure,
  TemporalCancelledFailure,
  TemporalFailure,
} from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';

/**
 * Makes a systole activity out of an unmodified Temporal activity function. What it uses of
 * `@temporalio/activity` works as it does under a worker, except `getClient()`. Its heartbeat details
 * go through JSON, as they do there; its arguments and its result do not.
 *
 * `runtime.completion` takes `activityInfo().taskToken`, and `base64TaskToken`.
 *
 * @example
 * import { importRows } from './activities.js'; // as the worker registers it
 *
 * await runActivity(fromTemporal(importRows), { args: ['big.csv'], heartbeatTimeout: '10s' });
 */
export function fromTemporal<A extends unknown[], R>(
  fn: (this: void, ...args: A) => R,
): (this: void, ctx: ActivityContext, ...args: A) => Promise<Awaited<R>> {
  const activity = async (ctx: ActivityContext, ...args: A): Promise<Awaited<R>> => {
    const context = new SystoleContext(ctx, {});
    try {
      return await asyncLocalStorage.run(context, () => fn(...args));
    } catch (thrown) {
      throw asFailure(thrown, ctx, context);
    }
  };
  // The activity's type.
  return Object.defineProperty(activity, 'name', { value: fn.name, configurable: true });
}

/** What systole is to be told, in the order in which a worker looks. */
function asFailure(thrown: unknown, ctx: ActivityContext, context: SystoleContext): unknown {
  if (thrown instanceof CompleteAsyncError) ctx.completeAsync();
  if (context.conversionFailure !== undefined) {
    return ApplicationFailure.retryable(context.conversionFailure, 'CancelledFailure');
  }
  if (thrown instanceof TemporalCancelledFailure && ctx.signal.aborted) return ctx.signal.reason;
  // Any other failure of Temporal's, a cancellation that nobody asked for too, is an error like
  // others.
  if (thrown instanceof TemporalFailure && !(thrown instanceof TemporalApplicationFailure)) {
    return fromTemporalFailure(ensureApplicationFailure(thrown));
  }
  return fromTemporalFailure(thrown);
}
