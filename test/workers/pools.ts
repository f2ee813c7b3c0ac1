/** Pools and runtimes for tests with real workers. */
import { afterEach } from 'vitest';
import {
  ActivityRuntime,
  type ActivityContext,
  type ActivityFailure,
  type ActivityEvents,
  type ActivityOptions,
  type RuntimeOptions,
} from '../../src/index.js';
import { workerPool, type WorkerPool, type WorkerPoolOptions } from '../../src/workers.js';

export const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);

export type Isolation = NonNullable<WorkerPoolOptions['isolation']>;

export const workers: Isolation[] = ['process', 'thread'];

const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** The functions of a fixture. A test that calls one that is not there fails. */
type Functions = Record<
  string,
  (ctx: ActivityContext<never>, ...args: unknown[]) => Promise<unknown>
>;

/** Kills soon, and starts without the flags of the test runner. */
export function poolOf(
  isolation: Isolation,
  options: WorkerPoolOptions & { readonly module?: URL } = {},
): WorkerPool<Functions> {
  const { module = fixture('activities.mjs'), ...others } = options;
  const pool = workerPool<Functions>(module, {
    isolation,
    maxWorkers: 2,
    gracePeriod: '250ms',
    execArgv: [],
    ...others,
  });
  open.push(pool);
  return pool;
}

export const once = { retryPolicy: { maximumAttempts: 1 } } satisfies ActivityOptions;
export const retried = {
  retryPolicy: { maximumAttempts: 3, initialInterval: 1 },
} satisfies ActivityOptions;

/** A runtime that keeps what it tells, and is shut down after the test. */
export class Recorded extends ActivityRuntime {
  readonly told: { readonly name: string; readonly event: never }[] = [];
  readonly logs: { readonly level: string; readonly message: string; readonly more: object }[] = [];

  constructor(options: RuntimeOptions = {}) {
    const logs: Recorded['logs'] = [];
    const write =
      (level: string) =>
      (message: string, more: object = {}): void => {
        logs.push({ level, message, more });
      };
    const logger = {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    };
    super({ logger, ...options });
    this.logs = logs;
    for (const name of [
      'started',
      'heartbeat',
      'attemptFailed',
      'attemptSettled',
      'failed',
    ] as const) {
      this.on(name, (event) => void this.told.push({ name, event: event as never }));
    }
    open.unshift({ close: () => this.shutdown({ abandonAfter: 5_000 }) });
  }

  of<Name extends keyof ActivityEvents>(name: Name): ActivityEvents[Name][] {
    return this.told.filter((one) => one.name === name).map((one) => one.event);
  }

  /** Resolves at the next such event. */
  next<Name extends keyof ActivityEvents>(name: Name): Promise<ActivityEvents[Name]> {
    return new Promise((resolve) => void this.once(name, resolve));
  }
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<ActivityFailure> {
  try {
    await promise;
  } catch (error) {
    return error as ActivityFailure;
  }
  throw new Error('it was not rejected');
}
