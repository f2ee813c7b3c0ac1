/** What a store needs, so that it can keep a ledger of the activities that have not finished. */
import { Failure, KIND } from '../kernel/failure.js';
import type { HeartbeatStore } from '../heartbeat/store/store.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';

/** The claim of an owner on an activity. */
export interface Claim {
  /** A number that is higher for each claim. Writes carry it, and those of earlier claims are refused. */
  readonly generation: number;
  /** The entry of the activity; absent if there is none. */
  readonly entry?: LedgerEntry | undefined;
}

/** The answer to a claim on an activity that another owner runs. */
export interface Held {
  /** Who has it, for people to read. */
  readonly heldBy: string;
  /** Until when the owner has it without a renewal, in milliseconds since the Unix epoch. */
  readonly until: number;
}

/**
 * A store with a ledger. Its methods may be synchronous or return promises. Of one activity, the
 * next method is called when the one before is over, or in the same turn.
 *
 * A store without `claim` has no leases: only one process at a time may use it.
 */
export interface LedgerStore extends HeartbeatStore {
  /**
   * Whether `open` may be called before the call before it is over, because the store makes all calls
   * in the order in which they come. Then an attempt is in the ledger as soon as it begins, however
   * slow the disk is. Default: it may not.
   */
  readonly isOrdered?: boolean | undefined;
  /** Stores details, like in every store. Throws `LeaseLostError` for an earlier claim's generation. */
  set(activityId: string, snapshot: string, generation?: number): unknown;
  /** Removes details. Throws `LeaseLostError` for an earlier claim's generation. */
  delete(activityId: string, generation?: number): unknown;
  /**
   * Stores the entry of an activity, and replaces the one before. Throws `LeaseLostError` for an
   * earlier claim's generation.
   */
  open(entry: LedgerEntry, generation?: number): unknown;
  /**
   * Removes the entry of an activity, and its claim. If the activity has details that it does not need any
   * more, `delete` was called right before: do both in one step if you can. Throws `LeaseLostError`
   * for an earlier claim's generation.
   */
  close(activityId: string, generation?: number): unknown;
  /** Returns all entries, with `details`, `heldBy` and `heldUntil`. */
  list(): Iterable<LedgerEntry> | Promise<Iterable<LedgerEntry>>;
  /**
   * Claims an activity for an owner, in one step: of two owners, only one gets it. An owner that has
   * it already gets it again, with a new generation.
   */
  claim?(activityId: string, owner: string, ttlMs: number): Claim | Held | Promise<Claim | Held>;
  /**
   * Gives all claims of an owner another `ttlMs`. Returns the ids that the owner still has, or
   * `undefined` for all of them.
   */
  renew?(owner: string, ttlMs: number): RenewedIds | Promise<RenewedIds>;
  /** Ends a claim and keeps the entry. Does nothing for an earlier claim's generation. */
  release?(activityId: string, generation: number): unknown;
}

/** The ids that an owner still has; `undefined` for all of them. */
export type RenewedIds = Iterable<string> | undefined;

/**
 * The error that a store throws for a write of an owner that has lost its claim: another one has the
 * activity now, or its entry was removed.
 */
export class LeaseLostError extends Failure<'LeaseLostError'> {
  get [KIND](): 'LeaseLostError' {
    return 'LeaseLostError';
  }
}
