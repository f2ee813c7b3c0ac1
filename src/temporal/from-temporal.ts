/** Temporal activities, run by systole. */
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

/** The options of `fromTemporal`: what only a worker and its cluster could give the activity. */
export interface FromTemporalOptions {
  /** The fields of `activityInfo()` about the workflow and the cluster. */
  readonly info?: GivenInfo | undefined;
  /** The `Client` of `@temporalio/client` that `getClient()` returns. Default: `getClient()` throws. */
  readonly client?: Client | undefined;
}

const NAMES: OptionNames = {
  of: 'fromTemporal',
  example: '{ client: new Client() }',
  known: new Set(['info', 'client']),
};

const KNOWN_HERE =
  'what the runtime knows; in tests, setHeartbeatDetails(details, { attempt }) sets it';

const INFO_NAMES: OptionNames = {
  of: 'fromTemporal info',
  example: "{ workflowType: 'importAll' }",
  known: new Set(['namespace', 'taskQueue', 'workflowExecution', 'workflowType']),
  elsewhere: (name) => (name === 'attempt' || name === 'heartbeatDetails' ? KNOWN_HERE : undefined),
};

/**
 * Makes a systole activity out of an unmodified Temporal activity function. What it uses of
 * `@temporalio/activity` works as it does under a worker. Its heartbeat details go through JSON, as
 * they do there; its arguments and its result do not.
 *
 * `runtime.completion` takes `activityInfo().taskToken`, and `base64TaskToken`.
 *
 * @example
 * import { importRows } from './activities.js'; // as the worker registers it
 *
 * await runActivity(fromTemporal(importRows), { args: ['big.csv'], heartbeatTimeout: '10s' });
 *
 * @throws TypeError for anything but a function, and for an option that is not known
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
