/** Makes systole's activities run on a Temporal worker. */
import { badOption } from '../kernel/bad-input.js';
import type { AnyFunction } from '../runtime/attempt/owner.js';
import {
  compose,
  type ActivityInterceptor,
  type Interceptors,
} from '../runtime/context/interceptors.js';
import { proxyOf, type ProxiedActivities } from '../runtime/proxy.js';
import { Context } from './activity-api.js';
import { CompleteAsyncError } from './common-api.js';
import { registerNames } from './registered-names.js';
import { WorkerAttempt } from './attempt.js';

/** The options of `toTemporal`. All of them have defaults. */
export interface ToTemporalOptions {
  /**
   * Code around every attempt and heartbeat, like the `interceptors` of `ActivityRuntime`. The first
   * one is the outermost.
   */
  readonly interceptors?: readonly ActivityInterceptor[] | undefined;
  /**
   * The signal that becomes `ctx.shutdownSignal`. A worker does not tell its activities when it
   * begins to shut down, so abort this signal where you call `worker.shutdown()`. By default the
   * signal aborts together with `ctx.signal`, when `shutdownGraceTime` is over.
   */
  readonly shutdownSignal?: AbortSignal | undefined;
}

/**
 * Makes the `activities` of a Temporal `Worker` out of systole's activity functions. Names stay the
 * same, and methods keep their `this`. Arguments, results and heartbeat details are JSON on Temporal.
 *
 * @throws TypeError if none of the properties is a function
 *
 * @example
 * const worker = await Worker.create({ taskQueue, activities: toTemporal({ importRows }) });
 */
export function toTemporal<T extends object>(
  activities: T,
  options: ToTemporalOptions = {},
): ProxiedActivities<T> {
  const { interceptors: given = [] } = options;
  given.forEach(checkInterceptor);
  const interceptors = compose(given);
  const run = (fn: AnyFunction, call: { readonly args: readonly unknown[] }): Promise<unknown> =>
    runOnWorker(fn, call.args, interceptors, options.shutdownSignal);
  const proxy = proxyOf(activities, undefined, run);
  checkActivities(activities, proxy);
  registerNames(activities);
  return proxy as ProxiedActivities<T>;
}

/** A worker is no runtime, so an interceptor such as `openTelemetry()` would do nothing. */
function checkInterceptor(interceptor: ActivityInterceptor, index: number): void {
  if (interceptor.attach === undefined) return;
  throw badOption(
    `toTemporal interceptors[${index}]`,
    interceptor,
    "one without attach, which needs a runtime; for traces, give the Worker Temporal's interceptors",
  );
}

/** Refuses an object without any activity. Objects and modules may hold other things too. */
function checkActivities(activities: object, proxy: object): void {
  const [first] = Object.entries(activities) as [string, unknown][];
  if (first === undefined || Reflect.ownKeys(proxy).length > 0) return;
  throw badOption(
    `toTemporal: activity ${first[0]}`,
    first[1],
    'a function such as async (ctx) => {}',
  );
}

async function runOnWorker(
  fn: AnyFunction,
  args: readonly unknown[],
  { execute, heartbeat }: Interceptors,
  shutdownSignal: AbortSignal | undefined,
): Promise<unknown> {
  const attempt = new WorkerAttempt(Context.current(), { execute, heartbeat }, shutdownSignal);
  const { ctx: context } = attempt;
  let result: unknown;
  try {
    result = await (execute === undefined
      ? fn(context, ...args)
      : execute({ context, args }, (input) => fn(input.context, ...input.args)));
  } catch (thrown) {
    if (!attempt.leftOpen) throw attempt.failure(thrown);
  } finally {
    attempt.settle();
  }
  if (attempt.leftOpen) throw new CompleteAsyncError();
  return result;
}
