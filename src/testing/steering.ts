/** What should happen at the n-th heartbeat. */
import { badOption } from '../kernel/bad-input.js';

/** What a heartbeat may set off. Each comes about once. */
export type Step =
  | { readonly do: 'cancel' | 'pause' | 'shutdown' | 'timeout' }
  | { readonly do: 'fail' | 'crash'; readonly error: unknown };

export class Steering {
  /** Those that have not happened yet. */
  readonly #plans = new Map<number, Step & { readonly call: string }>();
  #heartbeats = 0;

  /** @throws TypeError for a number that no heartbeat has any more, or that has a plan */
  plan(call: string, heartbeat: number, step: Step): void {
    if (!Number.isInteger(heartbeat) || heartbeat <= this.#heartbeats) {
      throw badOption(call, heartbeat, `a whole number above ${this.#heartbeats}, counted from 1`);
    }
    const planned = this.#plans.get(heartbeat);
    if (planned !== undefined) {
      throw badOption(call, heartbeat, `another number: ${planned.call} has this one`);
    }
    this.#plans.set(heartbeat, { ...step, call });
  }

  /** Counts a heartbeat, and says what it sets off. */
  next(): Step | undefined {
    const plan = this.#plans.get(++this.#heartbeats);
    this.#plans.delete(this.#heartbeats);
    return plan;
  }

  /** Says which plans wait for a heartbeat that has not come; undefined if none does. */
  get unmet(): string | undefined {
    if (this.#plans.size === 0) return undefined;
    const calls = [...this.#plans].map(([heartbeat, { call }]) => `${call}(${heartbeat})`);
    const have = calls.length === 1 ? 'has' : 'have';
    return `${calls.join(', ')} ${have} not happened: there were ${this.#heartbeats} heartbeats`;
  }
}
