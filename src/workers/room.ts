/** The room of one attempt: a worker, from before the attempt starts until its function has ended. */
import { realTimer } from '../kernel/clock.js';
import { CancelledFailure } from '../kernel/failures.js';
import { Deferred, ignore } from '../kernel/promises.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { Lodger, Room } from '../runtime/shared/place.js';
import { WorkerTerminatedError } from './wire/worker-errors.js';
import { final } from './start-errors.js';
import type { Station } from './station.js';

/** How long interceptors may take to settle when the function that they wrap has stopped. */
const INTERCEPTORS_MS = 1_000;

/**
 * Interceptors run in the program, so they may settle while the function still runs in its worker,
 * and they may hang. The worker is free again when the function has ended, and no earlier.
 */
export class StationRoom implements Room {
  readonly #station: Station;
  readonly #name: string;
  readonly #release: () => void;
  #running = false;
  /** Resolves when the function has ended; undefined before it is called. */
  #ended: Promise<void> | undefined;
  /** Whether the interceptors have settled, or are no longer waited for. */
  #left = false;

  constructor(station: Station, name: string, release: () => void) {
    this.#station = station;
    this.#name = name;
    this.#release = release;
  }

  readonly run = (ctx: ActivityContext, ...args: unknown[]): Promise<unknown> => {
    if (this.#left)
      return Promise.reject(refusedCall('the attempt has ended; call it during the attempt'));
    if (this.#running)
      return Promise.reject(refusedCall('the function still runs; await the first call'));
    this.#running = true;
    const running = this.#station.call(this.#name, ctx, args);
    const end = (): void => void (this.#running = false);
    this.#ended = running.then(end, end);
    return running;
  };

  readonly leave = (outcome?: unknown, attempt?: Lodger): unknown => {
    if (attempt !== undefined) return this.#leaveAfter(outcome, attempt);
    this.#abandonOrRelease();
    return undefined;
  };

  /** Waits for the interceptors and, if there may be another attempt, for the function. */
  async #leaveAfter(outcome: unknown, attempt: Lodger): Promise<unknown> {
    const patience = new Patience(attempt, () => this.#ended);
    try {
      const result = await Promise.race([outcome, patience.over]);
      this.#abandonOrRelease();
      if (attempt.interruption.reason !== undefined) await this.#ended;
      return result;
    } catch (thrown) {
      this.#abandonOrRelease();
      await this.#ended;
      throw thrown;
    } finally {
      patience.end();
    }
  }

  /** Stops a function that still runs. Frees the worker when the function has ended. */
  #abandonOrRelease(): void {
    this.#left = true;
    if (this.#running) {
      this.#station.stop(new CancelledFailure('NOT_FOUND'));
      void this.#ended?.then(this.#release);
    } else this.#release();
  }
}

/** Interceptors that hang although their attempt has ended, and its function too, are given up. */
class Patience {
  readonly #attempt: Lodger;
  readonly #over = new Deferred<never>();
  #clear = ignore;
  #ended = false;

  constructor(attempt: Lodger, functionEnded: () => Promise<void> | undefined) {
    this.#attempt = attempt;
    attempt.interruption.cancelled.catch(async () => {
      await functionEnded();
      this.#wait();
    });
  }

  /** Rejects when they are given up. */
  get over(): Promise<never> {
    return this.#over.promise;
  }

  #wait(): void {
    if (this.#ended) return;
    const look = (): void => {
      if (this.#attempt.ended) this.#giveUp();
      else this.#wait();
    };
    this.#clear = realTimer(look, INTERCEPTORS_MS, true);
  }

  #giveUp(): void {
    const message = `An interceptor has not settled ${INTERCEPTORS_MS} ms after its attempt and its function have ended; let it settle when next() does`;
    const { reason: cause } = this.#attempt.interruption;
    this.#over.reject(new WorkerTerminatedError(message, { cause }));
  }

  /** Called when the function and its interceptors have settled. */
  end(): void {
    this.#ended = true;
    this.#clear();
  }
}

/** The room of an attempt that cannot have a worker. */
export function failingRoom(failure: unknown, release: () => void): Room {
  const leave = async (outcome?: unknown): Promise<unknown> => {
    try {
      return await outcome;
    } finally {
      release();
    }
  };
  return { run: () => Promise.reject(failure), leave };
}

function refusedCall(why: string): Error {
  const message = `workerPool: an interceptor has called next() although ${why}`;
  return final(message, 'WorkerCallError');
}
