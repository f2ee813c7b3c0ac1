/** What a runtime tells its listeners. The only file that imports eventemitter3. */
import { EventEmitter } from 'eventemitter3';
import type { Log } from './logger.js';
import { settleQuietly } from './promises.js';

/** In every payload. */
export interface ActivityEvent {
  readonly activityId: string;
  readonly activityType: string;
  /** The attempt the event is about; 0 while there was none. */
  readonly attempt: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/** The events of a runtime and their payloads, which are frozen. */
export interface ActivityEvents {
  /** Once for each activity, before its first attempt. */
  scheduled: ActivityEvent;
  /** An attempt begins; its function is called right after. */
  started: ActivityEvent;
  /** A throttled report of heartbeat details, which are a copy. */
  heartbeat: ActivityEvent & { readonly details: unknown };
  /**
   * An attempt failed, timed out, or stopped for a pause or a reset; `nextAttempt` only if there will
   * be one.
   */
  attemptFailed: ActivityEvent & {
    readonly failure: Error;
    readonly nextAttempt?: { readonly attempt: number; readonly delayMs: number };
  };
  /** The attempt has ended and its function is still running. What it does no longer counts. */
  attemptAbandoned: ActivityEvent;
  /** The function of an abandoned attempt has settled at last. */
  attemptSettled: ActivityEvent & ({ readonly result: unknown } | { readonly error: unknown });
  /** No attempt runs, and none begins before `unpaused`. */
  paused: ActivityEvent;
  /** Attempts may begin again. */
  unpaused: ActivityEvent;
  /** The next attempt is number 1 again. */
  reset: ActivityEvent;
  /** The activity has closed, with a result. */
  completed: ActivityEvent & { readonly result: unknown };
  /** The activity has closed, without one. */
  failed: ActivityEvent & {
    readonly status: 'FAILED' | 'TIMED_OUT' | 'CANCELED' | 'TERMINATED';
    readonly failure: Error;
  };
}

/** What a listener may be added for. */
export type ActivityEventName = keyof ActivityEvents;

/** What an event adds to the fields that every event has. */
export type EventFields<Name extends ActivityEventName> = ActivityEvents[Name] extends infer Event
  ? Event extends ActivityEvent
    ? Omit<Event, keyof ActivityEvent>
    : never
  : never;

/** Whatever it returns is ignored; one that throws or rejects is logged. */
export type ActivityListener<Name extends ActivityEventName> = (
  event: ActivityEvents[Name],
) => unknown;

/** All of them. */
export const EVENT_NAMES: readonly ActivityEventName[] = [
  'scheduled',
  'started',
  'heartbeat',
  'attemptFailed',
  'attemptAbandoned',
  'attemptSettled',
  'paused',
  'unpaused',
  'reset',
  'completed',
  'failed',
];

const NAMES: ReadonlySet<string> = /* @__PURE__ */ new Set(EVENT_NAMES);

/** An emitter whose listeners cannot break it, nor each other. */
export class Events {
  readonly #emitter = new EventEmitter();
  readonly #log: Log;
  #listeners = 0;
  /** Of `watch`, by name. */
  readonly #watchers = new Map<ActivityEventName, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** False while nobody listens to anything: then no payload need be made. */
  get wanted(): boolean {
    return this.#listeners > 0;
  }

  has(name: ActivityEventName): boolean {
    return this.#listeners > 0 && this.#emitter.listenerCount(name) > 0;
  }

  /** Whether a listener of the user's would be told of such an event. */
  reach(name: ActivityEventName): boolean {
    return this.has(name) && this.#emitter.listenerCount(name) > (this.#watchers.get(name) ?? 0);
  }

  emit<Name extends ActivityEventName>(name: Name, event: ActivityEvents[Name]): void {
    this.#emitter.emit(name, Object.freeze(event));
  }

  /** Adds a listener that nobody looks at: what it is told has reached nobody yet. */
  watch<Name extends ActivityEventName>(name: Name, listener: ActivityListener<Name>): void {
    this.#watchers.set(name, (this.#watchers.get(name) ?? 0) + 1);
    this.add(name, listener, false);
  }

  /** Adds a listener and returns what removes it; the same function twice is two listeners. */
  add<Name extends ActivityEventName>(
    name: Name,
    listener: ActivityListener<Name>,
    once: boolean,
  ): () => void {
    if (!NAMES.has(name)) {
      throw new TypeError(`No event ${JSON.stringify(name)}; events: ${[...NAMES].join(', ')}`);
    }
    if (typeof listener !== 'function') {
      throw new TypeError(`on(${JSON.stringify(name)}): the listener must be a function`);
    }
    // eventemitter3 stops at the first listener that throws, so none of them may.
    const guarded = (event: ActivityEvents[Name]): void => {
      if (!added) return; // by one that the same event was told before
      if (once) remove();
      try {
        settleQuietly(listener(event), (error) => this.#blame(name, error));
      } catch (error) {
        this.#blame(name, error);
      }
    };
    let added = true;
    const remove = (): void => {
      if (!added) return;
      added = false;
      this.#listeners--;
      this.#emitter.off(name, guarded);
    };
    this.#listeners++;
    this.#emitter.on(name, guarded);
    return remove;
  }

  #blame(name: string, error: unknown): void {
    this.#log('error', `A listener of '${name}' failed`, { error });
  }
}
