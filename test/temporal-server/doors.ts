/** The ways to run a scenario. Three are runtimes of systole; one is Temporal itself. */
import { Client, Connection } from '@temporalio/client';
import {
  ActivityRuntime,
  type ActivityHandleLike,
  type ActivityOptions,
  type ActivityRunner,
  type ResetOptions,
} from 'systole';
import { fromTemporal, TemporalRuntime } from 'systole/temporal';
import { outcomeOf, type Outcome } from './outcome.js';
import { RawTemporal } from './raw-temporal.js';
import { nativeScripted, scripted, type Script } from './script.js';
import { recorderOf } from './trace.js';
import type { Queue, Workers } from './worker.js';

export type DoorName = 'native' | 'toTemporal' | 'systole' | 'fromTemporal';

/** What the driver of a scenario can do to its activity. */
export interface Steered {
  outcome(): Promise<Outcome>;
  cancel(reason?: string): Promise<void>;
  terminate(reason: string): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  reset(options?: ResetOptions): Promise<void>;
  updateOptions(patch: { retryPolicy: NonNullable<ActivityOptions['retryPolicy']> }): Promise<void>;
  complete(result: unknown): Promise<void>;
  fail(error: Error): Promise<void>;
  describe(): Promise<Seen>;
}

/** The parts of a description that all doors have. */
export interface Seen {
  readonly status: string;
  readonly runState: string | undefined;
  readonly attempt: number;
  readonly currentRetryInterval: number | undefined;
  /** The newest reported details. */
  readonly heartbeatDetails: unknown;
  /** Of the last failure, its class. */
  readonly lastFailure: string | undefined;
  /** The time from the schedule to the start of the last attempt. */
  readonly startedAfterMs: number;
  readonly closed: boolean;
}

/** What a description is made of, here and on the server. */
export interface Times {
  readonly scheduleTime?: Date | undefined;
  readonly lastStartedTime?: Date | undefined;
}

export function startedAfterMs({ scheduleTime, lastStartedTime }: Times): number {
  return (lastStartedTime?.getTime() ?? 0) - (scheduleTime?.getTime() ?? 0);
}

export interface ByToken {
  complete(token: string, result: unknown): Promise<void>;
  fail(token: string, error: Error): Promise<void>;
  heartbeat(token: string, details: unknown): Promise<void>;
  reportCancellation(token: string): Promise<void>;
}

export interface Door {
  readonly name: DoorName;
  start(script: Script, options: StartOptions): Promise<Steered>;
  readonly byToken: ByToken;
}

export type StartOptions = ActivityOptions & { readonly activityId: string };

/** One door to each kind of place: with workers of a queue, and with no free worker or slot. */
export type Doors = Readonly<Record<DoorName, (queue: Queue | 'nobody') => Door>>;

export async function openDoors(
  address: string,
  namespace: string,
  workers: Workers,
): Promise<{ readonly doors: Doors; readonly client: Client; close(): Promise<void> }> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const free = new ActivityRuntime({ logger: false });
  const full = new ActivityRuntime({ logger: false, maxConcurrentActivities: 1 });
  free.on('attemptFailed', ({ activityId, attempt, nextAttempt }) => {
    if (nextAttempt !== undefined) recorderOf(activityId).delays[attempt] = nextAttempt.delayMs;
  });
  let leave = (): void => {};
  void full.run(() => new Promise<void>((resolve) => (leave = resolve)));
  const local = (queue: string): ActivityRuntime => (queue === 'nobody' ? full : free);
  const raw = new RawTemporal(client);
  const doors: Doors = {
    native: (queue) => ({
      name: 'native',
      start: (script, options) => raw.start(script, options, workers.queue(queue)),
      byToken: raw.byToken,
    }),
    toTemporal: (queue) =>
      doorOf(
        'toTemporal',
        new TemporalRuntime({ client, taskQueue: workers.queue(queue) }),
        scripted,
      ),
    systole: (queue) => doorOf('systole', local(queue), scripted),
    fromTemporal: (queue) => doorOf('fromTemporal', local(queue), fromTemporal(nativeScripted)),
  };
  const close = async (): Promise<void> => {
    leave();
    await Promise.all([free, full].map((runtime) => runtime.shutdown({ abandonAfter: 100 })));
    await connection.close();
  };
  return { doors, client, close };
}

function doorOf(name: DoorName, runner: ActivityRunner, fn: typeof scripted): Door {
  return {
    name,
    byToken: runner.completion,
    start: async (script, options) =>
      steeredOf(await runner.start(fn, { ...options, args: [script] })),
  };
}

function steeredOf(handle: ActivityHandleLike): Steered {
  return {
    outcome: () => outcomeOf(handle.result()),
    cancel: async (reason) => handle.cancel(reason),
    terminate: async (reason) => handle.terminate(reason),
    pause: async () => handle.pause(),
    unpause: async () => handle.unpause(),
    reset: async (options) => handle.reset(options),
    updateOptions: async (patch) => handle.updateOptions(patch),
    complete: async (result) => handle.complete(result),
    fail: async (error) => handle.fail(error),
    describe: async () => {
      const description = await handle.describe();
      const { status, runState, attempt, currentRetryInterval, closeTime } = description;
      return {
        status,
        runState,
        attempt,
        heartbeatDetails: description.heartbeatDetails,
        lastFailure: description.lastFailure?.name,
        startedAfterMs: startedAfterMs(description),
        // In process it is the difference of two readings of a clock that counts fractions.
        currentRetryInterval: currentRetryInterval && Math.round(currentRetryInterval),
        closed: closeTime !== undefined,
      };
    },
  };
}
