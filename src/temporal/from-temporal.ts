/** Turns Temporal activities into systole's. */
import { badOption, checkNames, type OptionNames } from '../kernel/bad-input.js';
import { ApplicationFailure } from '../kernel/failures.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { asyncLocalStorage } from './activity-api.js';
import type { Client } from './client-api.js';
import { SystoleContext } from './context.js';
import {
  CompleteAsyncError,
  ensureApplicationFailure,
  TemporalApplicationFailure,
  TemporalCancelledFailure,
  TemporalFailure,
} from './common-api.js';
import { fromTemporalFailure } from './from-temporal-failure.js';
import type { GivenInfo } from './info.js';

/** The options of `fromTemporal`: what a worker and its cluster would give the activity. */
export interface FromTemporalOptions {
  /** The fields of `activityInfo()` about the workflow and the cluster. */
  readonly info?: GivenInfo | undefined;
  /** The `Client` of `@temporalio/client` that `getClient()` returns. Default: `getClient()` throws. */
  readonly client?: Client | undefined;
}

const NAMES: OptionNames = {
  of: 'fromTemporal',
  example: '{ client: new Client() }',
  known: ['info', 'client'],
};

const KNOWN_HERE = 'set by the runtime; in tests, use setHeartbeatDetails(details, { attempt })';

const INFO_NAMES: OptionNames = {
  of: 'fromTemporal info',
  example: "{ workflowType: 'importAll' }",
  known: ['namespace', 'taskQueue', 'workflowExecution', 'workflowType'],
  elsewhere: (name) => (name === 'attempt' || name === 'heartbeatDetails' ? KNOWN_HERE : undefined),
};

/**
 * Makes a systole activity out of an unchanged Temporal activity function. All of
 * `@temporalio/activity` works in it as on a worker. Heartbeat details go through JSON, as on a
 * worker; arguments and results do not.
 *
 * `runtime.completion` takes `activityInfo().taskToken` and `base64TaskToken`.
 *
 * @example
 * import { importRows } from './activities.js'; // as the worker registers it
 *
 * await runActivity(fromTemporal(importRows), { args: ['big.csv'], heartbeatTimeout: '10s' });
 *
 * @throws TypeError if `fn` is not a function, or for an unknown option
 */
export function fromTemporal<A extends unknown[], R>(
  fn: (this: void, ...args: A) => R,
  options: FromTemporalOptions = {},
): (this: void, ctx: ActivityContext, ...args: A) => Promise<Awaited<R>> {
  if (typeof fn !== 'function') {
    throw badOption('fromTemporal', fn, 'one function, such as activities.importRows');
  }
  checkNames(options, NAMES);
  checkNames(options.info ?? {}, INFO_NAMES);
  const { info, client } = options;
  const activity = async (ctx: ActivityContext, ...args: A): Promise<Awaited<R>> => {
    const context = new SystoleContext(ctx, info, client);
    try {
      return await asyncLocalStorage.run(context, () => fn(...args));
    } catch (thrown) {
      throw asFailure(thrown, ctx, context);
    }
  };
  // The name becomes the activity's type.
  return Object.defineProperty(activity, 'name', { value: fn.name, configurable: true });
}

/** The failure of the attempt. The checks run in the same order as on a worker. */
function asFailure(thrown: unknown, ctx: ActivityContext, context: SystoleContext): unknown {
  if (thrown instanceof CompleteAsyncError) ctx.completeAsync();
  if (context.conversionFailure !== undefined) {
    return ApplicationFailure.retryable(context.conversionFailure, 'CancelledFailure');
  }
  if (thrown instanceof TemporalCancelledFailure && ctx.signal.aborted) return ctx.signal.reason;
  // Any other failure of Temporal's counts as an ordinary error, even a cancellation that was never
  // requested.
  if (thrown instanceof TemporalFailure && !(thrown instanceof TemporalApplicationFailure)) {
    return fromTemporalFailure(ensureApplicationFailure(thrown));
  }
  return fromTemporalFailure(thrown);
}
