/**
 * The events of one activity. Nothing else emits any.
 *
 * While the end of an attempt is being told, a listener may change the activity again. What it
 * brings about is told after that end, in order, so listeners never hear a consequence before its
 * cause.
 */
import type { ActivityEventName, EventFields } from '../../kernel/events.js';
import { attributesOf, type Announced } from './announce.js';

/** For events that add nothing to the fields that every event has. */
export const NO_FIELDS = {};

/** Tells the listeners of an event now; makes nothing if there are none. */
export function emit<Name extends ActivityEventName>(
  activity: Announced,
  name: Name,
  attempt: number,
  fields: EventFields<Name>,
): void {
  const { events, clock } = activity.services;
  if (!events.has(name)) return;
  const common = { ...attributesOf(activity, attempt), timestamp: clock.wallNow() };
  events.emit(name, Object.assign(common, fields));
}

/** Made when the end of an attempt is told for the first time: until then nothing need wait. */
export class Outbox {
  /** What is still to be told, in order; undefined while no end is being told. */
  #waiting: (() => void)[] | undefined;

  /** From now on messages wait for `release`. False if they did already: then that call tells them. */
  hold(): boolean {
    if (this.#waiting !== undefined) return false;
    this.#waiting = [];
    return true;
  }

  /** Tells what has waited and, after that, what its listeners bring about. */
  release(): void {
    this.flush();
    this.#waiting = undefined;
  }

  /** Tells everything that waits now: once the activity has closed, its id may be used again. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (let tell = waiting.shift(); tell !== undefined; tell = waiting.shift()) tell();
  }

  /** Tells the first message that waits. */
  next(): void {
    this.#waiting?.shift()?.();
  }

  tell(message: () => void): void {
    if (this.#waiting === undefined) message();
    else this.#waiting.push(message);
  }
}
