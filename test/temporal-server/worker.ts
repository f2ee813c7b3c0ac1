/**
 * Workers of the server's, in this process. The types are written out: `@temporalio/worker` is
 * installed for these tests only, and everything else here is checked and linted without it.
 */
import { toTemporal } from 'systole/temporal';
import { nativeScripted, scripted } from './script.js';

interface WorkerModule {
  readonly Runtime: { install(options: object): void };
  readonly DefaultLogger: new (level: string) => unknown;
  readonly NativeConnection: {
    connect(options: { address: string }): Promise<{ close(): Promise<void> }>;
  };
  readonly Worker: { create(options: object): Promise<Worker> };
}

interface Worker {
  run(): Promise<void>;
  shutdown(): void;
}

/** `fast` reports nearly every heartbeat; `throttled` uses the default. */
export type Queue = 'fast' | 'throttled';

const THROTTLES: Readonly<Record<Queue, object>> = {
  fast: { maxHeartbeatThrottleInterval: '10ms', defaultHeartbeatThrottleInterval: '10ms' },
  throttled: {},
};

export interface Workers {
  /** The name of a task queue. `nobody` has no worker. */
  queue(name: Queue | 'nobody'): string;
  stop(): Promise<void>;
}

/** @param more activities besides the scripted ones */
export async function startWorkers(
  address: string,
  namespace: string,
  more: object = {},
): Promise<Workers> {
  const name = '@temporalio/worker';
  const temporal = (await import(/* @vite-ignore */ name)) as WorkerModule;
  temporal.Runtime.install({
    logger: new temporal.DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'error', forward: {} } },
  });
  const connection = await temporal.NativeConnection.connect({ address });
  const prefix = crypto.randomUUID();
  const workers = await Promise.all(
    Object.entries(THROTTLES).map(([queue, throttle]) =>
      temporal.Worker.create({
        connection,
        namespace,
        taskQueue: `${prefix}-${queue}`,
        shutdownGraceTime: 0,
        shutdownForceTime: '8s',
        activities: { nativeScripted, ...toTemporal({ scripted }), ...more },
        ...throttle,
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return {
    queue: (queue) => `${prefix}-${queue}`,
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.allSettled(running);
      await connection.close();
    },
  };
}
