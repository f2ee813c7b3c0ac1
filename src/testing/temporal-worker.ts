/**
 * What lies between an activity and Temporal's server, for `semantics: 'temporal'`: the throttle of
 * a worker. The server, here the engine, knows only of the heartbeats that pass it; so its timeouts
 * count from those, details held back are lost with a timeout, and a request comes with an answer.
 */
import type { Timer } from '../clock.js';
import { ReportThrottle, throttleIntervalMs } from '../heartbeat/throttle.js';
import type { Execution } from '../runtime/execution.js';
import type { VirtualClock } from './virtual-clock.js';

/** As it would be on the other side of a JSON converter. */
export function throughJson(value: unknown): unknown {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

export class WorkerThrottle {
  readonly #execution: Execution;
  readonly #clock: VirtualClock;
  readonly #throttle: ReportThrottle;
  /** Sends the newest heartbeat. */
  #send: () => void = () => {};
  #timer: Timer | undefined;

  /** @param givenIntervalMs the option; undefined for the formula */
  constructor(execution: Execution, clock: VirtualClock, givenIntervalMs: number | undefined) {
    const intervalMs = throttleIntervalMs(givenIntervalMs, execution.options.heartbeatTimeoutMs);
    this.#execution = execution;
    this.#clock = clock;
    this.#throttle = new ReportThrottle(intervalMs);
  }

  /** @param next hands details to the engine */
  heartbeat(details: unknown, next: (details: unknown) => void): void {
    const converted = throughJson(details);
    this.#send = () => {
      next(converted);
      // A heartbeat without details is one with none: the server forgets the ones before.
      if (converted === undefined) this.#execution.heartbeats.forget();
    };
    this.#admit();
  }

  #admit(): void {
    const now = this.#clock.now();
    this.#timer?.clear();
    if (this.#throttle.admit(now)) this.#send();
    else this.#timer = this.#clock.setTimer(() => this.#admit(), this.#throttle.dueAt - now);
  }

  /** The attempt has failed: sends what is held back, if anything is. */
  flush(): void {
    if (this.#throttle.release()) this.#send();
    this.drop();
  }

  /** The attempt is over. */
  drop(): void {
    this.#throttle.release();
    this.#timer?.clear();
  }
}
