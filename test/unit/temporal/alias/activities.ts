/** As a worker would register them: nothing here knows of systole. */
import {
  activityInfo,
  ApplicationFailure,
  CompleteAsyncError,
  Context,
  heartbeat,
  log,
  sleep,
} from '@temporalio/activity';

export async function importRows(rows: readonly string[]): Promise<number> {
  let line = (activityInfo().heartbeatDetails as { line: number } | undefined)?.line ?? 0;
  for (; line < rows.length; line += 1) {
    if (line === 2 && Context.current().info.attempt === 1) {
      throw ApplicationFailure.create({ message: 'lost', nextRetryDelay: 5 });
    }
    await sleep(1);
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
