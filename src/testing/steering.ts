/** What is to happen at the n-th heartbeat. */
import { badOption } from '../kernel/bad-input.js';

/** What a heartbeat may set off. Each comes about once. */
export type Step =
  | { readonly do: 'cancel' | 'pause' | 'shutdown' | 'timeout' }
  | { readonly do: 'fail' | 'crash'; readonly error: unknown };

export class Steering {
  readonly #steps = new Map<number, Step>();
  #heartbeats = 0;

  /** @throws TypeError for a number that no heartbeat has any more, or that has a plan */
  plan(call: string, heartbeat: number, step: Step): void {
    if (!Number.isInteger(heartbeat) || heartbeat <= this.#heartbeats) {
      throw badOption(call, heartbeat, `a whole number above ${this.#heartbeats}, counted from 1`);
    }
    const planned = this.#steps.get(heartbeat);
    if (planned !== undefined) {
      throw badOption(call, heartbeat, `another number: ${planned.do}OnHeartbeat has this one`);
    }
    this.#steps.set(heartbeat, step);
  }

  /** Counts a heartbeat, and says what it sets off. */
  next(): Step | undefined {
    return this.#steps.get(++this.#heartbeats);
  }
}
