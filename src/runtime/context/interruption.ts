/** How an attempt is told to stop: its signal, its reason, and everything that waits on them. */
import { CancelledFailure, type CancelReason } from '../../kernel/failures.js';
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

  /** Somebody waits for the delivery. */
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

  /**
   * Whether what the function threw says that it stopped because it was told to: the reason
   * itself, any cancellation, any AbortError, or an error that was caused by the reason. Asked only
   * of one that was told.
   */
  isAcceptedBy(thrown: unknown): boolean {
    try {
      return (
        thrown instanceof CancelledFailure || isAbortError(thrown) || hasCause(thrown, this.reason)
      );
    } catch {
      return false; // an error of the user's own making, that cannot be looked at
    }
  }

  /** The attempt is over without having been told to stop: whoever waits, waits in vain. */
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
  const details = {
    cancelRequested: false,
    paused: false,
    reset: false,
    timedOut: false,
    workerShutdown: false,
    notFound: false,
  };
  for (const { message } of all) details[FLAGS[message]] = true;
  return Object.freeze(details);
}

function isAbortError(thrown: unknown): boolean {
  return isObject(thrown) && thrown.name === 'AbortError';
}

/** An error, of whatever realm. */
function isObject(value: unknown): value is { readonly name?: unknown; readonly cause?: unknown } {
  return typeof value === 'object' && value !== null;
}

/** Of causes; one may go round. */
const LONGEST_CHAIN = 1_000;

function hasCause(thrown: unknown, reason: CancelledFailure | undefined): boolean {
  let cause = thrown;
  for (let depth = 0; isObject(cause) && depth < LONGEST_CHAIN; depth++) {
    if (cause === reason) return true;
    cause = cause.cause;
  }
  return false;
}
