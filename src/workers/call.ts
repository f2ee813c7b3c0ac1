/** One call of a function in a worker: it feeds the context of the attempt, and stops the function. */
import { types } from 'node:util';
import { hostNow, realTimer } from '../kernel/clock.js';
import { CancelledFailure, TimeoutFailure, tellStuckAt } from '../kernel/failures.js';
import type { LogAttributes } from '../kernel/logger.js';
import { Deferred } from '../kernel/promises.js';
import { withoutStack } from '../kernel/stack.js';
import { said } from '../kernel/thrown.js';
import { DetailsCodec, type Snapshot } from '../heartbeat/details/codec.js';
import type { ActivityContext, ActivityInfo } from '../runtime/context/context.js';
import { WorkerCrashedError, WorkerTerminatedError } from './wire/worker-errors.js';
import type { Delivery, SentDetails } from './wire/mailbox.js';
import type { Report, Task } from './wire/messages.js';
import { PATIENCE_MS } from './wire/stack.js';
import { receive, send } from './wire/errors.js';
import { uncloneable } from './wire/uncloneable.js';
import type { CallListener, Exit, PoolWorker } from './worker.js';

const codec = new DetailsCodec(undefined, undefined);

/** The error that a call rejects with, whatever its function does. */
export interface Verdict {
  readonly error: unknown;
}

/** How many attempts there have been. */
let tasks = 0;

export class WorkerCall implements CallListener {
  readonly #worker: PoolWorker;
  readonly #ctx: ActivityContext;
  readonly #graceMs: number;
  readonly #id = ++tasks;
  readonly #outcome = new Deferred<unknown>();
  readonly #cleanUp: (() => void)[] = [];
  /** The reason to stop, once the function has one. */
  #told: CancelledFailure | undefined;
  /** What the function does shortly before its worker is killed. Undefined until we look. */
  #where: Promise<string | undefined> | undefined;
  #killed = false;
  #settled = false;
  /** The outcome of the call, whatever the function does. */
  #verdict: Verdict | undefined;

  constructor(worker: PoolWorker, ctx: ActivityContext, graceMs: number) {
    this.#worker = worker;
    this.#ctx = ctx;
    this.#graceMs = graceMs;
  }

  /** What the function returns or throws, or how its worker ended. */
  async run(name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#ctx.cancellationDetails !== undefined) throw this.#ctx.signal.reason;
    const task = { id: this.#id, ...taskOf(this.#ctx, name, args) };
    this.#worker.listen(this);
    try {
      try {
        this.#worker.run(task);
      } catch (refused) {
        throw uncloneable('args', args, refused);
      }
      this.#followContext();
      if (this.#worker.exit !== undefined) this.onExit(this.#worker.exit);
      return await this.#outcome.promise;
    } finally {
      this.#settled = true;
      this.#worker.listen(undefined);
      this.#cleanUp.forEach((clean) => clean());
    }
  }

  /**
   * Stops the function when its context says so. To make the signal of a context takes a twentieth of
   * a short call, so we wait for its promise. A context that an interceptor has made may have a signal
   * of its own.
   */
  #followContext(): void {
    const ctx = this.#ctx;
    if (types.isProxy(ctx)) {
      ctx.cancelled.catch((reason: unknown) => {
        if (!this.#settled) this.stop(reason as CancelledFailure);
      });
    } else {
      const { signal } = ctx;
      this.#follow(signal, () => this.stop(signal.reason as CancelledFailure));
    }
  }

  #follow(signal: AbortSignal, onAbort: () => void): void {
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      this.#cleanUp.push(() => signal.removeEventListener('abort', onAbort));
    }
  }

  /** Says when the lease of the activity ends. Called after `run`, and at each renewal. */
  lease(until: number): void {
    this.#worker.lease({ task: this.#id, ms: until - hostNow() });
  }

  // ── Stopping ─────────────────────────────────────────────────────────────────────────────────

  /** Tells the function to stop. If it has not settled after the grace period, its worker is killed. */
  stop(reason: CancelledFailure, verdict?: Verdict): void {
    this.#verdict ??= verdict;
    if (this.#told !== undefined) return;
    this.#told = reason;
    this.#worker.call({ task: this.#id, stop: send(reason), all: this.#ctx.cancellationDetails });
    if (this.#graceMs === Infinity) return;
    this.#cleanUp.push(realTimer(() => void this.#kill(), this.#graceMs, true));
    if (!(reason.cause instanceof TimeoutFailure)) return;
    const inTime = Math.max(0, this.#graceMs - PATIENCE_MS);
    this.#cleanUp.push(realTimer(() => this.#look(), inTime, true));
  }

  #look(): void {
    this.#where ??= this.#worker.whereItIs();
  }

  async #kill(): Promise<void> {
    const timeout = this.#told?.cause;
    if (timeout instanceof TimeoutFailure) this.#look();
    const stuckAt = await this.#where;
    if (this.#worker.exit !== undefined || this.#settled) return;
    this.#killed = true;
    void this.#worker.kill();
    if (stuckAt !== undefined) tellStuckAt(timeout as TimeoutFailure, stuckAt);
    const message = `Its worker is killed: the function has not stopped ${this.#graceMs} ms after it was told to`;
    try {
      this.#ctx.log.warn(message, stuckAt === undefined ? {} : { stuckAt });
    } catch {
      // An interceptor of log lines has failed. The attempt ends with a WorkerTerminatedError anyway.
    }
  }

  /** The program's own code has thrown: an interceptor, or its limit for details. */
  #fail(error: unknown): void {
    this.stop(new CancelledFailure('NOT_FOUND', { cause: error }), { error });
  }

  // ── What the worker says ─────────────────────────────────────────────────────────────────────

  #settle(settle: () => void): void {
    this.#settled = true;
    if (this.#verdict === undefined) settle();
    else this.#outcome.reject(this.#verdict.error);
  }

  onReport(report: Report): void {
    if ('task' in report && report.task !== this.#id) return;
    try {
      this.#hear(report);
    } catch (error) {
      this.#fail(error);
    }
  }

  #hear(report: Report): void {
    if (report.is === 'returned') this.#settle(() => this.#outcome.resolve(report.result));
    else if (report.is === 'threw') this.#settle(() => this.#outcome.reject(receive(report.error)));
    else if (report.is === 'leftOpen') this.#leaveOpen();
    else if (report.is === 'watchesShutdown') this.#watchShutdown();
    else if (report.is === 'wantsToken') {
      this.#worker.call({ task: this.#id, token: this.#ctx.info.taskToken });
    } else if (report.is === 'log') {
      const more = Object.entries(report.more).map(([key, value]) => [key, receive(value)]);
      this.#ctx.log[report.level](report.message, Object.fromEntries(more) as LogAttributes);
    }
  }

  onDelivery({ task, details }: Delivery): void {
    if (task !== this.#id) return;
    try {
      this.#ctx.heartbeat(typeof details === 'string' ? codec.decode(details) : details);
    } catch (error) {
      this.#fail(error); // the function cannot get this error
    }
  }

  onExit(exit: Exit): void {
    const told = this.#told === undefined ? {} : { cause: this.#told };
    this.#settle(() => {
      if (this.#killed) {
        const message = `The worker was killed ${this.#graceMs} ms after its function was told to stop`;
        this.#outcome.reject(withoutStack(() => new WorkerTerminatedError(message, told)));
      } else this.#outcome.reject(crashed(exit, this.#worker.stderr, told));
    });
  }

  #leaveOpen(): void {
    try {
      this.#ctx.completeAsync();
    } catch (error) {
      this.#verdict ??= { error };
    }
  }

  #watchShutdown(): void {
    const { shutdownSignal } = this.#ctx;
    this.#follow(shutdownSignal, () =>
      this.#worker.call({ task: this.#id, shutdown: send(shutdownSignal.reason) }),
    );
  }
}

/** The failure of an attempt whose worker has ended by itself. */
export function crashed(
  { exitCode, signal, cause }: Exit,
  stderr: string,
  told: { readonly cause?: unknown } = {},
): WorkerCrashedError {
  const how = signal === undefined ? `with exit code ${exitCode ?? 'unknown'}` : `by ${signal}`;
  const why = cause instanceof Error ? `: ${said(cause)}` : '';
  const fields = {
    exitCode: signal === undefined ? exitCode : undefined,
    signal,
    stderr,
    ...(cause === undefined ? told : { cause }),
  };
  return withoutStack(() => new WorkerCrashedError(`The worker has ended ${how}${why}`, fields));
}

function taskOf(ctx: ActivityContext, name: string, args: readonly unknown[]): Omit<Task, 'id'> {
  const { info } = ctx;
  const { retryPolicy } = info;
  const { nonRetryableErrorTypes: types } = retryPolicy;
  // Functions cannot be sent, but the names of classes say as much.
  const names = types.map((type) => (typeof type === 'string' ? type : type.name));
  const hooks = { shouldRetry: undefined, onFailedAttempt: undefined };
  return {
    name,
    args,
    info: {
      ...info,
      retryPolicy: { ...retryPolicy, nonRetryableErrorTypes: names, ...hooks },
    } satisfies Omit<ActivityInfo, 'taskToken'>,
    details: ctx.hasHeartbeatDetails ? sendDetails(ctx.heartbeatDetails as Snapshot) : undefined,
  };
}

function sendDetails(details: Snapshot): SentDetails {
  if (typeof details === 'number') return details;
  return codec.encode(codec.snapshot(details, () => {}));
}
