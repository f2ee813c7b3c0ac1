/**
 * Emits the events of one activity. Nothing else emits events.
 *
 * While listeners are told about the end of an attempt, one of them may change the activity again.
 * The events of that change come afterwards, so listeners never hear an effect before its cause.
 */
import type { ActivityEventName, ActivityEvents, EventFields } from '../../kernel/events.js';
import type { Announced } from './announce.js';

/** The fields of an event that adds none of its own. */
export const NO_FIELDS = {};

/** Emits an event now. Does nothing if there are no listeners. */
export function emit<Name extends ActivityEventName>(
  activity: Announced,
  name: Name,
  attempt: number,
  fields: EventFields<Name>,
): void {
  const { events, clock } = activity.services;
  if (!events.has(name)) return;
  const { activityId, activityType } = activity;
  // One literal: V8 freezes what Object.assign has made fifteen times more slowly.
  const event = {
    activityId,
    activityType,
    attempt,
    timestamp: clock.wallNow(),
    ...(fields as object),
  };
  events.emit(name, event as unknown as ActivityEvents[Name]);
}

/** Holds messages back. It is made at the first end of an attempt, because none wait before that. */
export class Outbox {
  /** The messages that wait, in order; undefined while messages are not held. */
  #waiting: (() => void)[] | undefined;

  /** Holds messages until `release`. Returns false if an outer call holds them already. */
  hold(): boolean {
    if (this.#waiting !== undefined) return false;
    this.#waiting = [];
    return true;
  }

  /** Sends the messages that waited, and then those that their listeners cause. */
  release(): void {
    this.flush();
    this.#waiting = undefined;
  }

  /** Sends everything that waits now. Once the activity has closed, its id may be used again. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    for (let tell = waiting.shift(); tell !== undefined; tell = waiting.shift()) tell();
  }

  /** Sends the first message that waits. */
  next(): void {
    this.#waiting?.shift()?.();
  }

  tell(message: () => void): void {
    if (this.#waiting === undefined) message();
    else this.#waiting.push(message);
  }
}
