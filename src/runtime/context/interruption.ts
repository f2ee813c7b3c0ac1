/** Tells an attempt to stop: its signal, its reason, and everything that waits for them. */
import type { Timer } from '../../kernel/clock.js';
import type { CancelledFailure } from '../../kernel/failures.js';
import type { CancelReason } from '../../kernel/failures.js';
import { Deferred, ignore } from '../../kernel/promises.js';
import type { CancellationDetails } from './context.js';

/** The flag of each reason, in `ctx.cancellationDetails`. */
export const FLAGS: Readonly<Record<CancelReason, keyof CancellationDetails>> = {
  CANCELLED: 'cancelRequested',
  PAUSED: 'paused',
  RESET: 'reset',
  TIMED_OUT: 'timedOut',
  WORKER_SHUTDOWN: 'workerShutdown',
  NOT_FOUND: 'notFound',
};

/** Called with the reason, or without one when the attempt has ended and none will come. */
type OnDelivery = (reason: CancelledFailure | undefined) => void;

/** The reason that was delivered, and all reasons as flags. */
interface Told {
  readonly reason: CancelledFailure;
  readonly details: CancellationDetails;
  /** The timer that waits for the function to stop. */
  timer?: Pick<Timer, 'clear'>;
  /** A heartbeat has come too late. */
  lateBeat?: boolean;
}

/** Delivers the first reason to stop. Signals and promises are made only when they are asked for. */
export class Interruption {
  #told: Told | undefined;
  #controller: AbortController | undefined;
  #cancelled: Deferred<never> | undefined;
  // These are not listeners of the signal, because those cost more and Node warns at eleven.
  #waiting: Set<OnDelivery> | undefined;

  /** @param all all current reasons, for `details` */
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

  /** Why the attempt should stop; undefined until it should. */
  get reason(): CancelledFailure | undefined {
    return this.#told?.reason;
  }

  /** All reasons as flags; undefined until the attempt should stop. */
  get details(): CancellationDetails | undefined {
    return this.#told?.details;
  }

  /** Keeps a timer that waits for the function to stop, until `stopped`. */
  watch(timer: Pick<Timer, 'clear'>): void {
    if (this.#told !== undefined) this.#told.timer = timer;
  }

  stopped(): void {
    this.#told?.timer?.clear();
  }

  /** Returns true for the first heartbeat that comes too late. */
  firstLateBeat(): boolean {
    const told = this.#told;
    if (told === undefined || told.lateBeat === true) return false;
    return (told.lateBeat = true);
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

  /** Whether the function waits in its context, such as in `ctx.sleep`. */
  get awaited(): boolean {
    return this.#waiting !== undefined && this.#waiting.size > 0;
  }

  /** Calls back at the delivery. Returns a function that cancels this. */
  onDelivery(stop: OnDelivery): () => void {
    const waiting = (this.#waiting ??= new Set());
    waiting.add(stop);
    return () => {
      waiting.delete(stop);
    };
  }

  /** Called when the attempt has ended without a reason to stop. Current waits never settle. */
  release(): void {
    this.#waiting?.forEach((stop) => stop(undefined));
    this.#waiting = undefined;
  }
}

/** Aborts, even if the user has replaced the `dispatchEvent` of the signal and it throws. */
export function abortQuietly(controller: AbortController | undefined, reason?: unknown): void {
  try {
    controller?.abort(reason);
  } catch {
    // The signal has aborted anyway.
  }
}

function cancellationDetails(all: readonly CancelledFailure[]): CancellationDetails {
  const flags = Object.entries(FLAGS).map(([reason, flag]) => [
    flag,
    all.some(({ message }) => message === reason),
  ]);
  return Object.freeze(Object.fromEntries(flags) as CancellationDetails);
}
