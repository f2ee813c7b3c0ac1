/** How an attempt is told to stop: its signal, its reason, and everything that waits on them. */
import type { CancelledFailure } from '../../kernel/failures.js';
import type { CancelReason } from '../../kernel/failures.js';
import { Deferred, ignore } from '../../kernel/promises.js';
import type { CancellationDetails } from './context.js';

const FLAGS: Readonly<Record<CancelReason, keyof CancellationDetails>> = {
  CANCELLED: 'cancelRequested',
  PAUSED: 'paused',
  RESET: 'reset',
  TIMED_OUT: 'timedOut',
  WORKER_SHUTDOWN: 'workerShutdown',
  NOT_FOUND: 'notFound',
};

/** Called with the reason; or with none, when the attempt is over and there will be none. */
type OnDelivery = (reason: CancelledFailure | undefined) => void;

/** Only the first reason is delivered. Nothing is made before somebody asks for it. */
export class Interruption {
  /** Undefined until the attempt has been told to stop. */
  reason: CancelledFailure | undefined;
  /** Undefined until the attempt has been told to stop. */
  details: CancellationDetails | undefined;
  /** Whether a request reaches the function while it waits. */
  hearsInWaits = true;
  /** The function has been given `ctx.shutdownSignal`, which may tell it earlier than this does. */
  watchesShutdown = false;
  #controller: AbortController | undefined;
  #cancelled: Deferred<never> | undefined;
  // Not listeners on the signal: those cost more, and Node warns of more than ten of them.
  #waiting: Set<OnDelivery> | undefined;

  /** @param all everything that is asked of the attempt now, for `details` */
  deliver(reason: CancelledFailure, all: readonly CancelledFailure[] = [reason]): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.details = cancellationDetails(all);
    abortQuietly(this.#controller, reason);
    this.#cancelled?.reject(reason);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.forEach((stop) => {
      stop(reason);
    });
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.reason !== undefined) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  get cancelled(): Promise<never> {
    if (this.#cancelled === undefined) {
      this.#cancelled = new Deferred<never>();
      this.#cancelled.promise.catch(ignore);
      if (this.reason !== undefined) this.#cancelled.reject(this.reason);
    }
    return this.#cancelled.promise;
  }

  /** The function is in `ctx.sleep` or `ctx.keepAlive`. */
  get awaited(): boolean {
    return this.#waiting !== undefined && this.#waiting.size > 0;
  }

  /** A request reaches the function where it is now. */
  get listening(): boolean {
    return this.hearsInWaits && this.awaited;
  }

  /** From now on only a heartbeat brings a request, as on a Temporal worker. */
  ignoreWaits(): void {
    this.hearsInWaits = false;
  }

  watchShutdown(): void {
    this.watchesShutdown = true;
  }

  /** Calls back at the delivery, unless taken back with the function returned. */
  onDelivery(stop: OnDelivery): () => void {
    const waiting = (this.#waiting ??= new Set());
    waiting.add(stop);
    return () => {
      waiting.delete(stop);
    };
  }

  /** The attempt is over and was not told to stop: waits that are under way never settle. */
  release(): void {
    this.#waiting?.forEach((stop) => stop(undefined));
    this.#waiting = undefined;
  }
}

/** Aborts; a signal whose `dispatchEvent` is the user's own may throw at that. */
export function abortQuietly(controller: AbortController | undefined, reason?: unknown): void {
  try {
    controller?.abort(reason);
  } catch {
    // It has aborted all the same.
  }
}

function cancellationDetails(all: readonly CancelledFailure[]): CancellationDetails {
  const flags = Object.entries(FLAGS).map(([reason, flag]) => [
    flag,
    all.some(({ message }) => message === reason),
  ]);
  return Object.freeze(Object.fromEntries(flags) as CancellationDetails);
}
