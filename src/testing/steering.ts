/** Plans for what should happen at the n-th heartbeat. */
import { badOption } from '../kernel/bad-input.js';

/** What a heartbeat can trigger. Each plan happens once. */
type Step =
  | { readonly do: 'cancel' | 'pause' | 'shutdown' | 'timeout' }
  | { readonly do: 'fail' | 'crash'; readonly error: unknown };

export class Steering {
  /** The plans that have not happened yet, by the number of their heartbeat. */
  readonly #plans = new Map<number, Step & { readonly call: string }>();
  #heartbeats = 0;

  /** @throws TypeError for a heartbeat that is already over, or that has another plan */
  plan(call: string, heartbeat: number, step: Step): void {
    if (!Number.isInteger(heartbeat) || heartbeat <= this.#heartbeats) {
      throw badOption(
        call,
        heartbeat,
        `a whole number above ${this.#heartbeats}, the number of heartbeats so far`,
      );
    }
    const planned = this.#plans.get(heartbeat);
    if (planned !== undefined) {
      throw badOption(call, heartbeat, `another number: ${planned.call} already has this one`);
    }
    this.#plans.set(heartbeat, { ...step, call });
  }

  /** Counts a heartbeat and returns what it triggers. */
  next(): Step | undefined {
    const plan = this.#plans.get(++this.#heartbeats);
    this.#plans.delete(this.#heartbeats);
    return plan;
  }

  /** The plans that have not happened, as a sentence; undefined if there are none. */
  get unmet(): string | undefined {
    if (this.#plans.size === 0) return undefined;
    const calls = [...this.#plans].map(([heartbeat, { call }]) => `${call}(${heartbeat})`);
    const have = calls.length === 1 ? 'has' : 'have';
    return `${calls.join(', ')} ${have} not happened; heartbeats so far: ${this.#heartbeats}`;
  }
}
