/** As a worker would register them: nothing here knows about systole. */
import {
  activityInfo,
  ApplicationFailure,
  cancellationDetails,
  cancellationSignal,
  cancelled,
  CompleteAsyncError,
  Context,
  getClient,
  heartbeat,
  log,
  metricMeter,
  setActivityOptions,
  sleep,
  type Info,
} from '@temporalio/activity';

export async function importRows(rows: readonly string[]): Promise<number> {
  let line = (activityInfo().heartbeatDetails as { line: number } | undefined)?.line ?? 0;
  for (; line < rows.length; line += 1) {
    if (line === 2 && Context.current().info.attempt === 1) {
      throw ApplicationFailure.create({ message: 'lost', nextRetryDelay: 5 });
    }
    await sleep('1'); // a millisecond, to Temporal
    log.debug('row', { line });
    heartbeat({ line: line + 1 });
  }
  return line;
}

export async function refuse(): Promise<never> {
  throw ApplicationFailure.nonRetryable('no', 'Refused', 1);
}

export async function untilCancelled(): Promise<never> {
  for (;;) {
    heartbeat();
    await sleep(5);
  }
}

export async function callLater(): Promise<never> {
  throw new CompleteAsyncError();
}

export async function callLaterByToken(tell: (info: Info) => void): Promise<never> {
  tell(activityInfo());
  throw new CompleteAsyncError();
}

export async function look(): Promise<object> {
  const context = Context.current();
  metricMeter.createCounter('rows', 'row', 'rows read').withTags({ table: 'a' }).add(1);
  setActivityOptions({}, look);
  context.metricMeter.createHistogram('size', 'float').record(1.5);
  return {
    info: { ...context.info },
    aborted: cancellationSignal().aborted || context.cancellationSignal.aborted,
    details: cancellationDetails() ?? context.cancellationDetails ?? 'none',
    cancelled: cancelled() instanceof Promise && context.cancelled instanceof Promise,
  };
}

export async function remember(details: unknown): Promise<unknown> {
  if (activityInfo().attempt > 1) return activityInfo().heartbeatDetails as unknown;
  heartbeat(details);
  heartbeat();
  throw new Error('once more');
}

export async function askTheClient(): Promise<unknown> {
  return getClient();
}
