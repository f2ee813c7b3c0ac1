/**
 * What lies between an activity and Temporal's server, for `semantics: 'temporal'`: the throttle of
 * a worker. The server, here the engine, knows only of the heartbeats that pass it; so its timeouts
 * count from those, details held back are lost with a timeout, and a request comes with an answer.
 */
import { badOption, show } from '../kernel/bad-input.js';
import type { Timer } from '../kernel/clock.js';
import { ensureError } from '../kernel/thrown.js';
import type { Snapshot } from '../heartbeat/details/codec.js';
import { jsonDetails } from '../heartbeat/details/json.js';
import { ReportThrottle, throttleIntervalMs } from '../heartbeat/throttle.js';
import type { Attempt } from '../runtime/attempt/attempt.js';
import type { Execution } from '../runtime/activity/execution.js';

/**
 * As it would be on the other side of Temporal's converter: bytes as they are, all else as JSON.
 *
 * @throws TypeError for what has no JSON
 */
export function throughJson(value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`${show(value)} has no JSON`);
  return JSON.parse(text);
}

/**
 * Arguments as they go into a start, each by itself.
 *
 * @throws TypeError
 */
export function argsThroughJson(args: readonly unknown[]): unknown[] {
  return Array.from(args, (arg, index) => {
    try {
      return throughJson(arg);
    } catch (cause) {
      const { message } = ensureError(cause);
      const accepted = `JSON, under semantics: 'temporal' (${message})`;
      throw Object.assign(badOption(`args[${index}]`, arg, accepted), { cause });
    }
  });
}

/** Of one attempt. */
export class WorkerThrottle {
  readonly #execution: Execution;
  readonly #attempt: Attempt;
  readonly #throttle: ReportThrottle;
  /** Sends the newest heartbeat. */
  #send: () => void = () => {};
  #timer: Timer | undefined;

  /** @param givenIntervalMs the option; undefined for the formula */
  constructor(execution: Execution, attempt: Attempt, givenIntervalMs: number | undefined) {
    const intervalMs = throttleIntervalMs(givenIntervalMs, execution.options.heartbeatTimeoutMs);
    this.#execution = execution;
    this.#attempt = attempt;
    attempt.interruption.ignoreWaits();
    this.#throttle = new ReportThrottle(intervalMs);
  }

  /**
   * @param next hands details to the engine
   * @throws HeartbeatDetailsError: nobody hears of what goes wrong once they are held back
   */
  heartbeat(details: unknown, next: (details: unknown) => void): void {
    const converted = details === undefined ? undefined : this.#convert(details);
    this.#send = () => {
      next(converted);
      // A heartbeat without details is one with none: the server forgets the ones before.
      if (converted === undefined) this.#execution.checkpoint.forget();
    };
    this.#admit();
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
