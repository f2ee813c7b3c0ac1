// Stands in for @temporalio/activity, on the context of systole/context.
import { ApplicationFailure, CancelledFailure, type Duration } from 'systole';
import { currentContext } from 'systole/context';

export { ApplicationFailure, CancelledFailure };

export const heartbeat = (details?: unknown) => currentContext().heartbeat(details);
export const sleep = (duration: Duration) => currentContext().sleep(duration);
export const cancelled = () => currentContext().cancelled;
export const cancellationSignal = () => currentContext().signal;
export const cancellationDetails = () => currentContext().cancellationDetails;

export function activityInfo() {
  const { info, heartbeatDetails } = currentContext();
  return { ...info, heartbeatDetails, inWorkflow: false, isLocal: false };
}

export const log = {
  debug: (text: string, more?: object) => currentContext().log.debug(text, { ...more }),
  info: (text: string, more?: object) => currentContext().log.info(text, { ...more }),
  warn: (text: string, more?: object) => currentContext().log.warn(text, { ...more }),
  error: (text: string, more?: object) => currentContext().log.error(text, { ...more }),
};

export const Context = {
  current: () => ({
    info: activityInfo(),
    cancelled: cancelled(),
    cancellationSignal: cancellationSignal(),
    cancellationDetails: cancellationDetails(),
    heartbeat,
    sleep,
    log,
  }),
};

/** To make one is to leave the attempt open: the error that is thrown is systole's own. */
export class CompleteAsyncError extends Error {
  constructor() {
    currentContext().completeAsync();
    super();
  }
}
