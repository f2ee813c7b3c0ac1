/**
 * Somewhere functions are called, one at a time: a worker that has started, or this event loop.
 */
import type { CancelledFailure } from '../kernel/failures.js';
import { quote } from '../kernel/text.js';
import { messageOf } from '../kernel/thrown.js';
import type { ActivityContext } from '../runtime/context/context.js';
import { crashed, WorkerCall, type Verdict } from './call.js';
import type { ResolvedPool } from './options.js';
import { ProcessWorker } from './process-worker.js';
import { hopeless, LONGEST_LOAD_MS, neverLoaded, unusable, within } from './start-errors.js';
import { ThreadWorker } from './thread-worker.js';
import type { Report } from './wire/messages.js';
import { receive } from './wire/errors.js';
import type { PoolWorker } from './worker.js';

export interface Station {
  /** The functions of the module. */
  readonly names: readonly string[];
  /** Whether the worker can take more calls. */
  readonly usable: boolean;
  /** Resolves when the worker can take no more calls. */
  readonly gone: Promise<unknown>;
  call(name: string, ctx: ActivityContext, args: readonly unknown[]): Promise<unknown>;
  /** Says when the lease of its activity ends, if it has one. The function must not run longer. */
  lease(until: number | undefined): void;
  /**
   * Stops the running function, if there is one.
   *
   * @param verdict the error that its call then rejects with; without it, what the function does
   */
  stop(reason: CancelledFailure, verdict?: Verdict): void;
  /** Ends an idle station. */
  retire(): void;
  /** Ends the station, whatever it is doing. */
  kill(): Promise<unknown>;
  readonly exited: Promise<unknown>;
}

class WorkerStation implements Station {
  readonly #worker: PoolWorker;
  readonly #graceMs: number;
  #call: WorkerCall | undefined;
  #leasedUntil: number | undefined;

  constructor(worker: PoolWorker, graceMs: number) {
    this.#worker = worker;
    this.#graceMs = graceMs;
  }

  get names(): readonly string[] {
    return this.#worker.names;
  }

  get usable(): boolean {
    return !this.#worker.isGone;
  }

  get gone(): Promise<unknown> {
    return this.#worker.gone;
  }

  get exited(): Promise<unknown> {
    return this.#worker.exited;
  }

  async call(name: string, ctx: ActivityContext, args: readonly unknown[]): Promise<unknown> {
    const call = new WorkerCall(this.#worker, ctx, this.#graceMs);
    this.#call = call;
    try {
      const outcome = call.run(name, args);
      this.lease(this.#leasedUntil);
      return await outcome;
    } finally {
      this.#call = undefined;
    }
  }

  lease(until: number | undefined): void {
    this.#leasedUntil = until;
    if (until !== undefined) this.#call?.lease(until);
  }

  stop(reason: CancelledFailure, verdict?: Verdict): void {
    this.#call?.stop(reason, verdict);
  }

  retire(): void {
    this.#worker.retire();
  }

  kill(): Promise<unknown> {
    return this.#worker.kill();
  }
}

/** Starts a worker. Rejects with what the attempt that has waited for it fails with. */
export async function startWorker(
  options: ResolvedPool,
  starting: (worker: PoolWorker) => void,
  longestLoadMs = LONGEST_LOAD_MS,
): Promise<Station> {
  const { module, isolation, memoryLimitMb, graceMs } = options;
  const worker = make(options);
  starting(worker);
  const exit = worker.exited;
  const report = new Promise<Report>((resolve) => {
    const onReport = resolve;
    worker.listen({ onReport, onDelivery: () => {}, onExit: () => {} });
  });
  const first = await within(longestLoadMs, Promise.race([report, exit]));
  worker.listen(undefined);
  if (first === undefined) {
    await worker.kill();
    throw neverLoaded(module, longestLoadMs);
  }
  if (!('is' in first)) {
    const crash = crashed(first, worker.stderr);
    // Another process has killed it for its own reasons, so it may start the next time.
    if (first.signal === 'SIGKILL' && memoryLimitMb === undefined) throw crash;
    const limit =
      memoryLimitMb === undefined ? '' : `; memoryLimitMb: ${memoryLimitMb} may be too small`;
    const [words] = worker.stderr.trim().split('\n', 1) as [string];
    const said = words === '' ? '' : `. It wrote ${quote(words)}`;
    const message = `workerPool: a worker for ${module} has ended before it was ready (isolation: '${isolation}')${limit}${said}`;
    throw hopeless(message, 'WorkerStartError', crash);
  }
  if (first.is !== 'ready') {
    const cause = first.is === 'unusable' ? receive(first.error) : undefined;
    await worker.kill();
    throw unusable(module, cause);
  }
  return new WorkerStation(worker, graceMs);
}

function make(options: ResolvedPool): PoolWorker {
  try {
    return options.isolation === 'thread' ? new ThreadWorker(options) : new ProcessWorker(options);
  } catch (cause) {
    const message = `workerPool: no worker can be started: ${messageOf(cause)}. The options execArgv, env and memoryLimitMb are what it is started with`;
    throw hopeless(message, 'WorkerStartError', cause);
  }
}
