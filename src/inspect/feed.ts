/** Follows a runtime for the pages that look at it: first all rows, then what changes. */
import type { Clock, Timer } from '../kernel/clock.js';
import type { ActivityEvent } from '../kernel/events.js';
import { safeLog, type Log } from '../kernel/logger.js';
import type { ActivityHandle } from '../runtime/handle.js';
import type { ActivityRuntime } from '../runtime/runtime.js';
import { NAMES } from '../timeline/notes.js';
import type { Changes, Counts } from './messages.js';
import { rowOf } from './row.js';

/** The part of an `ActivityRuntime` that `inspect` uses. */
export type Inspectable = Pick<ActivityRuntime, 'on' | 'list' | 'stats' | 'getHandle'>;

/** A page that is connected. */
export interface Client {
  /** Sends a message. */
  send(data: string): void;
  /** Whether the page has read what was sent before. */
  readonly ready: boolean;
}

/** How often changes are sent. */
const EVERY_MS = 100;
/** How often a message is sent with nothing new, for the counts and to show that all is well. */
const QUIET_MS = 1_000;
/** The most activities that are described in one turn, so that the program is not held up. */
const MAX_AT_ONCE = 500;
/** How many rows are read again in a turn. Some changes have no event, such as a request to cancel. */
const REREAD_PER_TURN = 25;
/** The largest part of the program's time that the feed takes. */
const MAX_SHARE = 0.05;

/** The events of functions that no longer count change no row. */
const CHANGING = /* @__PURE__ */ NAMES.filter(
  (name) => name !== 'attemptAbandoned' && name !== 'attemptSettled',
);

export class Feed {
  readonly #runtime: Inspectable;
  readonly #clock: Clock;
  readonly #withDetails: boolean;
  /** Whether each page still needs all rows. */
  readonly #clients = new Map<Client, { behind: boolean }>();
  readonly #handles = new Map<string, ActivityHandle>();
  /** The rows as JSON, as they were last sent. */
  readonly #rows = new Map<string, string>();
  readonly #dirty = new Set<string>();
  #rereading: IterableIterator<string> = [].values();
  #sentAt = 0;
  #complained = false;
  readonly #log: Log;
  #removers: (() => void)[] = [];
  #timer: Timer | undefined;

  /** @param log the default is the console */
  constructor(runtime: Inspectable, clock: Clock, withDetails: boolean, log = safeLog(undefined)) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#withDetails = withDetails;
    this.#log = log;
  }

  join(client: Client): void {
    this.#clients.set(client, { behind: true });
    if (this.#clients.size === 1) this.#start();
  }

  leave(client: Client): void {
    if (this.#clients.delete(client) && this.#clients.size === 0) this.#stop();
  }

  /** Reads an activity again in the next turn, after a change that has no event. */
  touch(activityId: string): void {
    if (this.#clients.size > 0) this.#dirty.add(activityId);
  }

  /** The runtime is followed only while somebody looks. */
  #start(): void {
    for (const { activityId } of this.#runtime.list()) this.#dirty.add(activityId);
    const touch = ({ activityId }: ActivityEvent): void => void this.#dirty.add(activityId);
    this.#removers = CHANGING.map((name) => this.#runtime.on(name, touch, { passive: true }));
    this.#arm(0);
  }

  #stop(): void {
    this.#timer?.clear();
    this.#removers.forEach((remove) => remove());
    this.#handles.clear();
    this.#rows.clear();
    this.#dirty.clear();
    this.#rereading = [].values();
  }

  #arm(tookMs: number): void {
    const delayMs = Math.max(EVERY_MS, tookMs / MAX_SHARE);
    this.#timer = this.#clock.setTimer(() => this.#turn(), delayMs, true);
  }

  /** One turn of the feed. It runs in a timer, where an error would end the program. */
  #turn(): void {
    const startedAt = this.#clock.now();
    try {
      this.#reread();
      this.#send(startedAt, this.#read());
    } catch (error) {
      this.#complain(error);
    }
    this.#arm(this.#clock.now() - startedAt);
  }

  #send(now: number, { rows, gone }: Read): void {
    const quiet = now - this.#sentAt < QUIET_MS && rows.length + gone.length === 0;
    // Each message is made once, however many pages there are.
    let all: string | undefined;
    let changes: string | undefined;
    for (const [client, state] of this.#clients) {
      if (!client.ready)
        state.behind = true; // what it misses now, it gets with all the rest
      else if (state.behind) {
        client.send((all ??= this.#message([...this.#rows.values()], [], true)));
        state.behind = false;
      } else if (!quiet) client.send((changes ??= this.#message(rows, gone, false)));
    }
    if (!quiet) this.#sentAt = now;
  }

  /** Logs the first failure only, because the next turn would fail in the same way. */
  #complain(error: unknown, activityId?: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#log('error', 'inspect could not read an activity', { activityId, error });
  }

  /** @param rows as JSON */
  #message(rows: readonly string[], gone: readonly string[], fresh: boolean): string {
    const common: Changes = {
      now: this.#clock.wallNow(),
      counts: countsOf(this.#runtime),
      gone,
      fresh,
    };
    return `${JSON.stringify(common).slice(0, -1)},"rows":[${rows.join()}]}`;
  }

  #reread(): void {
    for (let left = REREAD_PER_TURN; left > 0; left--) {
      const next = this.#rereading.next();
      if (next.done === true) {
        this.#rereading = this.#handles.keys();
        return;
      }
      this.#dirty.add(next.value);
    }
  }

  #read(): Read {
    const rows: string[] = [];
    const gone: string[] = [];
    let left = MAX_AT_ONCE;
    for (const id of this.#dirty) {
      if (left-- === 0) break;
      this.#dirty.delete(id);
      let row: string | undefined;
      try {
        row = this.#rowOf(id);
      } catch (error) {
        this.#complain(error, id);
        continue;
      }
      if (row === undefined) {
        this.#handles.delete(id);
        if (this.#rows.delete(id)) gone.push(id);
      } else if (row !== this.#rows.get(id)) {
        this.#rows.set(id, row);
        rows.push(row);
      }
    }
    return { rows, gone };
  }

  #rowOf(id: string): string | undefined {
    let description = this.#handles.get(id)?.describe();
    if (description?.closeTime !== undefined || description === undefined) {
      // A new activity, perhaps with the id of one that has closed.
      const handle = openHandle(this.#runtime, id);
      if (handle === undefined) return undefined;
      this.#handles.set(id, handle);
      description = handle.describe();
    }
    const unreadable = (error: unknown): void => this.#complain(error, id);
    return JSON.stringify(rowOf(description, this.#withDetails, this.#clock.wallNow(), unreadable));
  }
}

/** What has changed since the last turn. */
interface Read {
  /** Rows as JSON. */
  readonly rows: string[];
  readonly gone: string[];
}

/** Returns the handle of an activity; undefined if no activity with that id is open. */
export function openHandle(runtime: Inspectable, id: string): ActivityHandle | undefined {
  try {
    return runtime.getHandle(id);
  } catch {
    return undefined;
  }
}

function countsOf(runtime: Inspectable): Counts {
  const { slotsAvailable, oldestWaitMs, ...counts } = runtime.stats();
  return {
    ...counts,
    slotsAvailable: Number.isFinite(slotsAvailable) ? slotsAvailable : undefined,
    oldestWaitMs: Math.round(oldestWaitMs),
  };
}
