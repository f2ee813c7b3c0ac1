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

/** What the function has heard. */
interface Told {
  readonly reason: CancelledFailure;
  readonly details: CancellationDetails;
}

/** Only the first reason is delivered. Nothing is made before somebody asks for it. */
export class Interruption {
  #told: Told | undefined;
  #controller: AbortController | undefined;
  #cancelled: Deferred<never> | undefined;
  // Not listeners on the signal: those cost more, and Node warns of more than ten of them.
  #waiting: Set<OnDelivery> | undefined;

  /** @param all everything that is asked of the attempt now, for `details` */
  deliver(reason: CancelledFailure, all: readonly CancelledFailure[] = [reason]): void {
    if (this.#told !== undefined) return;
    this.#told = { reason, details: cancellationDetails(all) };
    abortQuietly(this.#controller, reason);
    this.#cancelled?.reject(reason);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.forEach((stop) => {
      stop(reason);
    });
  }

  /** Undefined until the attempt has been told to stop. */
  get reason(): CancelledFailure | undefined {
    return this.#told?.reason;
  }

  /** Undefined until the attempt has been told to stop. */
  get details(): CancellationDetails | undefined {
    return this.#told?.details;
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
