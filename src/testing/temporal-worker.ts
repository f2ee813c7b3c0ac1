/**
 * What lies between an activity and Temporal's server, for `semantics: 'temporal'`: the throttle of
 * a worker. The server, here the engine, knows only of the heartbeats that pass it; so its timeouts
 * count from those, details held back are lost with a timeout, and a request comes with an answer.
 */
import type { Timer } from '../kernel/clock.js';
import { ignore } from '../kernel/promises.js';
import type { Snapshot } from '../heartbeat/details/codec.js';
import { jsonDetails } from '../heartbeat/details/json.js';
import { ReportThrottle, throttleIntervalMs } from '../heartbeat/throttle.js';
import type { Attempt } from '../runtime/attempt/attempt.js';
import type { Execution } from '../runtime/activity/execution.js';
import { isWrittenForTemporal } from '../runtime/context/heartbeat-origin.js';

/** The throttle of one attempt. */
export class WorkerThrottle {
  readonly #execution: Execution;
  readonly #attempt: Attempt;
  readonly #throttle: ReportThrottle;
  /** What the worker sends with the next heartbeat. */
  #details: Snapshot | undefined;
  #next: (details: unknown) => void = ignore;
  #timer: Timer | undefined;

  /** @param givenIntervalMs the option; undefined for the formula */
  constructor(execution: Execution, attempt: Attempt, givenIntervalMs: number | undefined) {
    const intervalMs = throttleIntervalMs(givenIntervalMs, execution.options.heartbeatTimeoutMs);
    this.#execution = execution;
    this.#attempt = attempt;
    attempt.interruption.ignoreWaits();
    this.#throttle = new ReportThrottle(intervalMs);
    this.#details = execution.details;
  }

  /**
   * Our own activities send the last details again where they give none, as with `toTemporal`.
   *
   * @param next hands details to the engine
   * @throws HeartbeatDetailsError: nobody hears of what goes wrong once they are held back
   */
  heartbeat(details: unknown, next: (details: unknown) => void): void {
    try {
      if (details !== undefined) this.#details = this.#convert(details);
      else if (isWrittenForTemporal()) this.#details = undefined;
    } finally {
      this.#next = next;
      this.#admit();
    }
  }

  #convert(details: Snapshot): Snapshot {
    // Bytes come from an activity written for Temporal, whose other details are JSON already.
    const json = details instanceof Uint8Array ? details : jsonDetails(details);
    return this.#execution.services.codec.snapshot(json as Snapshot, () => {});
  }

  #admit(): void {
    this.#timer?.clear();
    if (this.#attempt.ended) return; // what is held by the server now is another attempt's
    const { clock } = this.#execution.services;
    const now = clock.now();
    if (this.#throttle.admit(now)) this.#send();
    else this.#timer = clock.setTimer(() => this.#admit(), this.#throttle.dueAt - now);
  }

  /** A heartbeat without details is one with none: the server forgets the ones before. */
  #send(): void {
    const details = this.#details;
    this.#next(details);
    if (details === undefined) this.#execution.forgetDetails();
  }

  /** The function has thrown: sends what is held back, if anything is and it still counts. */
  flush(): void {
    const counts = !this.#attempt.ended && this.#attempt.holdsSlot;
    if (this.#throttle.release() && counts) this.#send();
    this.#timer?.clear();
  }

  /** The function is done, or as good as: what is held back is lost. */
  drop(): void {
    this.#throttle.release();
    this.#timer?.clear();
  }
}
