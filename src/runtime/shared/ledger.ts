/**
 * The port of a ledger: what a store knows about the activities that have not finished, so that a
 * later process can take them up. The stores that have one bring it under a symbol, so a runtime
 * without such a store carries no code for it.
 */
import type { HeartbeatStore } from '../../heartbeat/store/store.js';
import type { RunState } from '../../kernel/errors.js';
import type { Duration } from '../../kernel/duration.js';
import type { ResolvedOptions } from '../options/table.js';

/** The method of a store that makes a ledger. All copies of the package share it. */
export const LEDGER = /* @__PURE__ */ Symbol.for('systole.ledger');

/** An unfinished activity, as a store keeps it. */
export interface LedgerEntry {
  /** The id that the caller gave. */
  readonly activityId: string;
  /** The type of the activity: the name under which `recover` looks for its function. */
  readonly activityType: string;
  /** The arguments as text, encoded by superjson and the runtime's serializer. */
  readonly args: string;
  /** The options of the call as text, encoded by superjson and the runtime's serializer. */
  readonly options: string;
  /** The number of the current attempt, or of the next one if none is running. */
  readonly attempt: number;
  /** What the activity was doing. It comes back paused if this is `PAUSED` or `PAUSE_REQUESTED`. */
  readonly runState: RunState;
  /** When the activity was scheduled, in milliseconds since the Unix epoch. */
  readonly scheduledAt: number;
  /**
   * When the next attempt may start, in milliseconds since the Unix epoch. Absent if it may start at
   * once.
   */
  readonly dueAt?: number | undefined;
  /** The number of attempts in a row without new heartbeat details. */
  readonly withoutProgress?: number | undefined;
  /** The version of this format. `recover` leaves entries of a later version alone. */
  readonly version: number;
  /**
   * The newest stored heartbeat details as text. Absent if there are none. Only `list()` returns
   * them.
   */
  readonly details?: string | undefined;
  /**
   * The name of the owner that runs the activity. Absent if none does. Only `list()` returns it.
   */
  readonly heldBy?: string | undefined;
  /**
   * When the claim of the owner ends unless it is renewed, in milliseconds since the Unix epoch. Only
   * `list()` returns it.
   */
  readonly heldUntil?: number | undefined;
}

/** An entry that `recover` did not start, with the reason. */
export interface UnrecoveredEntry extends LedgerEntry {
  /** Why `recover` did not start the activity. */
  readonly reason: string;
}

/** The options of `runtime.recover()`. */
export interface RecoverOptions {
  /**
   * Recovers again at this interval, so that this process takes over what others leave behind.
   * Default: recovers only once.
   */
  readonly every?: Duration | undefined;
  /**
   * Whether an attempt counts as failed if a crash of its process interrupted it. If so, an activity
   * that kills its process fails after `maximumAttempts`. Default false.
   */
  readonly countCrashes?: boolean | undefined;
}

/** The result of `runtime.recover()`. */
export interface Recovered<Activity> {
  /** Handles of the activities that were started again. */
  readonly recovered: Activity[];
  /** Entries that this program cannot run, because their type is unknown or they cannot be read. */
  readonly unknown: UnrecoveredEntry[];
  /** Entries that another process or runtime is running. They were not started here. */
  readonly held: UnrecoveredEntry[];
}

/** What a ledger uses of its runtime. Its types are those of the room `durable`. */
export interface LedgerHost {
  readonly services: () => object;
  /** Starts an activity. `prepare` gets it before it is scheduled. */
  readonly start: (fn: never, call: object, prepare: (activity: never) => void) => unknown;
}

/**
 * A ledger. As a store, it claims an activity when it reads its details, and writes for whom it has
 * claimed only. It gets activities as they are and keeps to what `Activity` says about them.
 */
export interface Ledger extends HeartbeatStore {
  /** Whether the activity comes from the ledger, where it already had its place. */
  recovers(activity: object): boolean;
  /**
   * Called before an activity with an id of the caller is scheduled.
   *
   * @throws TypeError for arguments or options that cannot be kept
   */
  enter(activity: object, call: object | undefined): void;
  /** Called when the phase, delay, options or requests of an activity have changed. Never throws. */
  changed(activity: object): void;
  /**
   * Called before the options of an activity change.
   *
   * @throws TypeError for options that cannot be kept
   */
  patched(activity: object, patch: object, next: ResolvedOptions): void;
  /**
   * Called when an activity has closed. The promise resolves when that has been written. For a
   * completed activity, it rejects with the caller's failure if another owner has the activity now.
   *
   * @param closing how it closes: a `Closing`
   * @param written resolves after the last write of its details
   */
  close(activity: object, closing: object, written?: Promise<void>): Promise<void> | undefined;
  /** Starts what has not finished. */
  recover(activities: object, options: RecoverOptions): Promise<Recovered<unknown>>;
  /** Resolves when all writes are over. Called during the shutdown, which ends the recoveries. */
  settle(): Promise<void>;
}

/** The ledger of a store; undefined if it keeps none. */
export function ledgerOf(store: object | undefined, host: LedgerHost): Ledger | undefined {
  const make = (store as { [LEDGER]?: (host: LedgerHost) => Ledger } | undefined)?.[LEDGER];
  return make?.call(store, host);
}
