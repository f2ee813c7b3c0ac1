/**
 * Stands in for a Temporal worker with `semantics: 'temporal'`: it throttles heartbeats. The engine
 * plays the server and sees only the heartbeats that pass the throttle. So timeouts count from
 * those, details that are held back are lost on a timeout, and requests arrive with an answer.
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
  /** The details that the worker sends with the next heartbeat. */
  #details: Snapshot | undefined;
  #next: (details: unknown) => void = ignore;
  #timer: Timer | undefined;

  /** @param givenIntervalMs the option's value; undefined for the default formula */
  constructor(execution: Execution, attempt: Attempt, givenIntervalMs: number | undefined) {
    const intervalMs = throttleIntervalMs(givenIntervalMs, execution.options.heartbeatTimeoutMs);
    this.#execution = execution;
    this.#attempt = attempt;
    this.#throttle = new ReportThrottle(intervalMs);
    this.#details = execution.details;
  }

  /**
   * Takes a heartbeat. Without details, systole's own activities send the last ones again, as with
   * `toTemporal`.
   *
   * @param next passes the details to the engine
   * @throws HeartbeatDetailsError at once, because later, when they are sent, no one would see it
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
    // Bytes come from an activity written for Temporal. Its other details are already JSON.
    const json = details instanceof Uint8Array ? details : jsonDetails(details);
    return this.#execution.services.codec.snapshot(json as Snapshot, () => {});
  }

  #admit(): void {
    this.#timer?.clear();
    if (this.#attempt.ended) return; // the server's details now belong to another attempt
    const { clock } = this.#execution.services;
    const now = clock.now();
    if (this.#throttle.admit(now)) this.#send();
    else this.#timer = clock.setTimer(() => this.#admit(), this.#throttle.dueAt - now);
  }

  /** Sends the details to the server. Without details, the server forgets the earlier ones. */
  #send(): void {
    const details = this.#details;
    this.#next(details);
    if (details === undefined) this.#execution.forgetDetails();
  }

  /** Sends what is held back after the function has thrown, if the attempt still counts. */
  flush(): void {
    const counts = !this.#attempt.ended && this.#attempt.holdsSlot;
    if (this.#throttle.release() && counts) this.#send();
    this.#timer?.clear();
  }

  /** Drops what is held back, because the function has finished or hangs. */
  drop(): void {
    this.#throttle.release();
    this.#timer?.clear();
  }
}
