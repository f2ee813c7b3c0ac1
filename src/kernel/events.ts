/** The events of a runtime and their listeners. Only this file imports eventemitter3. */
import { EventEmitter } from 'eventemitter3';
import { badInput, badOption, show } from './bad-input.js';
import type { RetryState } from './failures.js';
import type { Log } from './logger.js';
import { settleQuietly } from './promises.js';

/** The fields that the payload of every event has. */
export interface ActivityEvent {
  /** The id of the activity, as given or generated. */
  readonly activityId: string;
  /** The type of the activity: by default the name of its function. */
  readonly activityType: string;
  /** The number of the attempt that the event is about; 0 if none has begun. */
  readonly attempt: number;
  /** When the event happened, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/** The events of a runtime by name, with their payloads. Every payload is frozen. */
export interface ActivityEvents {
  /** Emitted once for each activity, before its first attempt. */
  scheduled: ActivityEvent & {
    /** The delay before the first attempt, in milliseconds; absent without a `startDelay`. */
    readonly startDelayMs?: number;
  };
  /** Emitted when an attempt begins, just before its function is called. */
  started: ActivityEvent;
  /** Emitted when heartbeat details are reported, which the throttle interval limits. */
  heartbeat: ActivityEvent & {
    /** A copy of the reported details. */
    readonly details: unknown;
  };
  /** Emitted when an attempt has failed or timed out, or stopped because of a pause or a reset. */
  attemptFailed: ActivityEvent & {
    /** The error that the function threw, a `TimeoutFailure`, or the reason it had to stop. */
    readonly failure: Error;
    /** The attempt that follows; absent if none follows, or none before `unpaused`. */
    readonly nextAttempt?: {
      /** The number of the next attempt. */
      readonly attempt: number;
      /** The delay before the next attempt, in milliseconds. */
      readonly delayMs: number;
    };
  };
  /**
   * Emitted when an attempt has ended although its function is still running. Whatever the function
   * does now no longer counts.
   */
  attemptAbandoned: ActivityEvent;
  /**
   * Emitted when the function of an abandoned attempt finally settles. Its outcome changes nothing.
   */
  attemptSettled: ActivityEvent &
    (
      | {
          /** What the function returned; absent if it threw. */
          readonly result: unknown;
        }
      | {
          /** What the function threw; absent if it returned. */
          readonly error: unknown;
        }
    );
  /** Emitted when the activity is paused: no attempt runs, and none starts before `unpaused`. */
  paused: ActivityEvent;
  /** Emitted when a paused activity may start attempts again. */
  unpaused: ActivityEvent;
  /** Emitted when the activity starts over: its next attempt is number 1. */
  reset: ActivityEvent;
  /** Emitted when the activity has closed with a result. */
  completed: ActivityEvent & {
    /** The result of the activity itself, not a copy. */
    readonly result: unknown;
  };
  /** Emitted when the activity has closed without a result. */
  failed: ActivityEvent & {
    /**
     * How the activity closed, as in `describe().status`: `'FAILED'`, `'TIMED_OUT'`, `'CANCELED'` or
     * `'TERMINATED'`.
     */
    readonly status: 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';
    /** Why the activity closed: the `cause` of the error that the caller gets. */
    readonly failure: Error;
    /** Why the activity was not retried; `undefined` after `terminate()` and a shutdown. */
    readonly retryState: RetryState | undefined;
  };
}

/** The name of an event that a listener can be added for. */
export type ActivityEventName = keyof ActivityEvents;

/** The fields that an event adds to those that every event has. */
export type EventFields<Name extends ActivityEventName> = ActivityEvents[Name] extends infer Event
  ? Event extends ActivityEvent
    ? Omit<Event, keyof ActivityEvent>
    : never
  : never;

/**
 * A listener for one event. Its result is ignored. If it throws or rejects, that is logged.
 */
export type ActivityListener<Name extends ActivityEventName> = (
  event: ActivityEvents[Name],
) => unknown;

/** The options of a listener. */
export interface ListenerOptions {
  /**
   * Whether the listener only watches. The runtime still logs failures that no other listener or
   * caller receives. Default false.
   */
  readonly passive?: boolean | undefined;
}

/** Every event once. The compiler names one that is missing here. */
const EVENTS: { readonly [Name in ActivityEventName]: 1 } = {
  scheduled: 1,
  started: 1,
  heartbeat: 1,
  attemptFailed: 1,
  attemptAbandoned: 1,
  attemptSettled: 1,
  paused: 1,
  unpaused: 1,
  reset: 1,
  completed: 1,
  failed: 1,
};

/** The names of all events. */
export const EVENT_NAMES = /* @__PURE__ */ Object.keys(EVENTS) as readonly ActivityEventName[];

/** An emitter whose listeners can break neither it nor each other. */
export class Events {
  readonly #emitter = new EventEmitter();
  readonly #log: Log;
  #listeners = 0;
  /** The number of listeners that only watch, by event name. */
  readonly #watchers = new Map<ActivityEventName, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether there is a listener. Without one, no payload is needed. */
  has(name: ActivityEventName): boolean {
    return this.#listeners > 0 && this.#emitter.listenerCount(name) > 0;
  }

  /** Whether one of the user's own listeners would get such an event. */
  reach(name: ActivityEventName): boolean {
    return this.has(name) && this.#emitter.listenerCount(name) > (this.#watchers.get(name) ?? 0);
  }

  emit<Name extends ActivityEventName>(name: Name, event: ActivityEvents[Name]): void {
    this.#emitter.emit(name, Object.freeze(event));
  }

  /** Adds a listener that does not count when we ask whether the user has been told. */
  watch<Name extends ActivityEventName>(name: Name, listener: ActivityListener<Name>): () => void {
    return this.add(name, listener, false, true);
  }

  /** Adds a listener and returns a function that removes it. A function added twice counts twice. */
  add<Name extends ActivityEventName>(
    name: Name,
    listener: ActivityListener<Name>,
    once: boolean,
    passive = false,
  ): () => void {
    if (!EVENT_NAMES.includes(name)) {
      throw badInput(`No event ${show(name)}; events: ${EVENT_NAMES.join(', ')}`);
    }
    if (typeof listener !== 'function') {
      throw badOption(`on(${show(name)})`, listener, 'a function');
    }
    // eventemitter3 stops at the first listener that throws, so none of them may.
    const guarded = (event: ActivityEvents[Name]): void => {
      if (!added) return; // an earlier listener of the same event has removed it
      if (once) remove();
      try {
        settleQuietly(listener(event), (error) => this.#blame(name, error));
      } catch (error) {
        this.#blame(name, error);
      }
    };
    const count = (change: number): void => {
      this.#listeners += change;
      if (passive) this.#watchers.set(name, (this.#watchers.get(name) ?? 0) + change);
    };
    let added = true;
    const remove = (): void => {
      if (!added) return;
      count(-1);
      added = false;
      this.#emitter.off(name, guarded);
    };
    count(1);
    this.#emitter.on(name, guarded);
    return remove;
  }

  #blame(name: string, error: unknown): void {
    this.#log('error', `A listener of '${name}' failed`, { error });
  }
}
