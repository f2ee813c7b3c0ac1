/**
 * Temporal itself: a native activity that the client alone starts and steers. It uses nothing of
 * systole/temporal, so that its mappings are tested too.
 */
import {
  ActivityCancelledError,
  ActivityCompletionError,
  ActivityExecutionAlreadyStartedError,
  ActivityExecutionFailedError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  ApplicationFailure,
  CancelledFailure,
  ServerFailure,
  ServiceError,
  TerminatedFailure,
  TimeoutFailure,
  type ActivityHandle,
  type ActivityOptions,
  type Client,
  type RetryPolicy,
} from '@temporalio/client';
import type { ActivityOptions as OwnOptions, ResetOptions } from 'systole';
import { startedAfterMs, type ByToken, type StartOptions, type Steered } from './doors.js';
import type { Outcome, PlainFailure } from './outcome.js';
import type { Script } from './script.js';

export class RawTemporal {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get byToken(): ByToken {
    const { activity } = this.#client;
    const bytes = (token: string): Uint8Array => Uint8Array.from(Buffer.from(token, 'base64'));
    return {
      complete: (token, result) => named(activity.complete(bytes(token), result)),
      fail: (token, error) => named(activity.fail(bytes(token), error)),
      heartbeat: (token, details) => named(activity.heartbeat(bytes(token), details)),
      reportCancellation: (token) => named(activity.reportCancellation(bytes(token))),
    };
  }

  async start(script: Script, options: StartOptions, taskQueue: string): Promise<Steered> {
    const handle = await named(
      this.#client.activity.start('nativeScripted', clientOptions(script, options, taskQueue)),
    );
    const steered = this.#steered(handle);
    // A client has nothing like it: to abandon means not to ask.
    return options.cancellationType === 'ABANDON'
      ? { ...steered, cancel: () => Promise.resolve() }
      : steered;
  }

  #steered(handle: ActivityHandle<unknown>): Steered {
    const { activity, workflowService, options } = this.#client;
    const id = { activityId: handle.activityId, runId: handle.runId ?? '' };
    return {
      outcome: () => this.#outcome(handle),
      // Asking twice is refused there, and so is asking a closed activity: nothing changes.
      cancel: async (reason) => {
        await handle.cancel(reason ?? '').catch(() => {});
      },
      terminate: (reason) => named(handle.terminate(reason)),
      pause: async () => {
        await named(handle.pause()).catch(async (error: unknown) => {
          const { runState } = await handle.describe();
          if (runState !== 'PAUSED' && runState !== 'PAUSE_REQUESTED') throw error;
        });
      },
      unpause: () => named(handle.unpause()),
      reset: async ({ keepPaused = false, resetHeartbeat = false }: ResetOptions = {}) => {
        await workflowService.resetActivityExecution({
          ...id,
          namespace: options.namespace,
          identity: options.identity,
          requestId: crypto.randomUUID(),
          keepPaused,
          resetHeartbeat,
        });
      },
      updateOptions: async ({ retryPolicy }) => {
        await named(handle.updateOptions({ retry: policyOf(retryPolicy) }));
      },
      complete: (result) => named(activity.complete(id, result)),
      fail: (error) => named(activity.fail(id, error)),
      describe: async () => {
        const include = { includeHeartbeatDetails: true, includeLastFailure: true };
        const description = await handle.describe(include);
        const { status, runState, attempt, currentRetryIntervalMs, closeTime } = description;
        return {
          status,
          runState,
          attempt,
          currentRetryInterval: currentRetryIntervalMs || undefined,
          heartbeatDetails: await description.getHeartbeatDetails<unknown>(),
          lastFailure: (await description.getLastFailure())?.name,
          startedAfterMs: startedAfterMs(description),
          closed: closeTime !== undefined,
        };
      },
    };
  }

  async #outcome(handle: ActivityHandle<unknown>): Promise<Outcome> {
    try {
      return { value: await handle.result() };
    } catch (error) {
      if (!(error instanceof ActivityExecutionFailedError)) throw error;
      const { attempt, canceledReason } = await handle.describe();
      const failed = this.#plain(error.cause);
      const withReason =
        failed.class === 'CancelledFailure' && failed.cause === undefined
          ? { ...failed, cause: canceledReason }
          : failed;
      return { failed: withReason, attempt, retryState: undefined };
    }
  }

  #plain(error: Error | undefined): PlainFailure {
    if (error instanceof ApplicationFailure) {
      const { message, type, nonRetryable, details, category, nextRetryDelay } = error;
      return this.#withCause(error.cause, {
        class: 'ApplicationFailure',
        message,
        type: type === '' || type === null ? undefined : type,
        nonRetryable: nonRetryable ?? false,
        details: details ?? [],
        category: category ?? undefined,
        nextRetryDelay: nextRetryDelay ?? undefined,
      });
    }
    if (error instanceof TimeoutFailure) {
      const { message, timeoutType, lastHeartbeatDetails, failure } = error;
      const { failureConverter, payloadConverter } = this.#client.options.loadedDataConverter;
      const cause = failure?.cause ?? undefined;
      return this.#withCause(cause && failureConverter.failureToError(cause, payloadConverter), {
        class: 'TimeoutFailure',
        message,
        timeoutType: timeoutType ?? '',
        lastHeartbeatDetails,
      });
    }
    if (error instanceof CancelledFailure) {
      // The caller always gets the same word; the server's text differs.
      return { class: 'CancelledFailure', message: 'CANCELLED' };
    }
    if (error instanceof TerminatedFailure) {
      return { class: 'TerminatedFailure', message: error.message };
    }
    if (error instanceof ServerFailure) return { class: 'ServerFailure', message: error.message };
    return { class: 'original', message: error?.message };
  }

  #withCause(cause: Error | undefined, failure: PlainFailure): PlainFailure {
    return cause === undefined ? failure : { ...failure, cause: this.#plain(cause) };
  }
}

function clientOptions(script: Script, options: StartOptions, taskQueue: string): ActivityOptions {
  const { activityId: id, retryPolicy, idConflictPolicy } = options;
  const { heartbeatTimeout, startToCloseTimeout, scheduleToStartTimeout } = options;
  const { scheduleToCloseTimeout, startDelay } = options;
  const given = Object.entries({
    heartbeatTimeout,
    startToCloseTimeout,
    scheduleToStartTimeout,
    scheduleToCloseTimeout,
    startDelay,
    idConflictPolicy,
    retry: retryPolicy && policyOf(retryPolicy),
  }).filter(([, value]) => value !== undefined);
  return { id, taskQueue, args: [script], ...Object.fromEntries(given) };
}

function policyOf(policy: NonNullable<OwnOptions['retryPolicy']>): RetryPolicy {
  const given = Object.entries(policy).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** An error by the name that systole gives it. */
async function named<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw Object.assign(new Error(String(error)), { name: nameOf(error) });
  }
}

function nameOf(error: unknown): string {
  if (error instanceof ActivityNotFoundError) return 'ActivityNotFoundError';
  if (error instanceof ActivityExecutionAlreadyStartedError) return 'ActivityAlreadyStartedError';
  if (error instanceof ServiceError) return 'ActivityStateError';
  if (error instanceof ActivityCompletionError) {
    // The server's description of a closed activity, by id.
    const closed = error.message.startsWith('invalid transition from');
    return closed ? 'ActivityNotFoundError' : 'ActivityStateError';
  }
  const told = [ActivityCancelledError, ActivityPausedError, ActivityResetError];
  if (told.some((kind) => error instanceof kind)) return 'CancelledFailure';
  return 'unknown';
}
