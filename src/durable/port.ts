/** What a store needs, so that it can keep a ledger of the activities that have not finished. */
import { Failure, KIND } from '../kernel/failure.js';
import type { HeartbeatStore } from '../heartbeat/store/store.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';

/** The answer to a successful claim: the owner may now run the activity. */
export interface Claim {
  /** A number that grows with each claim. Writes carry it, and the store refuses those of earlier claims. */
  readonly generation: number;
  /** The entry of the activity. Absent if there is none. */
  readonly entry?: LedgerEntry | undefined;
}

/** The answer to a claim on an activity that another owner is running. */
export interface Held {
  /** The name of the owner, for people to read. */
  readonly heldBy: string;
  /** When the claim of the owner ends unless it is renewed, in milliseconds since the Unix epoch. */
  readonly until: number;
}

/**
 * A store that also keeps a ledger of unfinished activities. Its methods may be synchronous or return
 * promises. For one activity, the next method is called when the previous one is over, or in the
 * same turn.
 *
 * Without `claim`, `renew` and `release`, only one process at a time may use the store.
 */
export interface LedgerStore extends HeartbeatStore {
  /**
   * Whether the store makes all calls in the order in which they come. Then `open` may be called
   * before the previous call is over, so the ledger knows of an attempt as soon as it begins, however
   * slow the disk is. Activities are then also started in the order of their calls, whichever the
   * store answers first. Default false.
   */
  readonly isOrdered?: boolean | undefined;
  /** Stores heartbeat details. Throws `LeaseLostError` if the generation is that of an earlier claim. */
  set(activityId: string, snapshot: string, generation?: number): unknown;
  /** Removes heartbeat details. Throws `LeaseLostError` if the generation is that of an earlier claim. */
  delete(activityId: string, generation?: number): unknown;
  /**
   * Stores the entry of an activity, and replaces an earlier entry. Throws `LeaseLostError` if the
   * generation is that of an earlier claim.
   */
  open(entry: LedgerEntry, generation?: number): unknown;
  /**
   * Removes the entry of an activity and its claim. If the details are no longer needed, `delete` is
   * called right before. Do both in one transaction if you can. Throws `LeaseLostError` if the
   * generation is that of an earlier claim.
   */
  close(activityId: string, generation?: number): unknown;
  /** Returns all entries, each with its `details`, `heldBy` and `heldUntil` if it has them. */
  list(): Iterable<LedgerEntry> | Promise<Iterable<LedgerEntry>>;
  /**
   * Claims an activity for an owner for `ttlMs`. The claim must be atomic: if two owners ask at the
   * same time, only one gets it. An owner that already has it gets it again, with a new generation.
   */
  claim?(activityId: string, owner: string, ttlMs: number): Claim | Held | Promise<Claim | Held>;
  /**
   * Extends all claims of an owner by `ttlMs` from now. Returns the ids that the owner still has, or
   * `undefined` if it still has all of them.
   */
  renew?(owner: string, ttlMs: number): RenewedIds | Promise<RenewedIds>;
  /** Ends a claim but keeps the entry. Does nothing if the generation is that of an earlier claim. */
  release?(activityId: string, generation: number): unknown;
}

/** A store that a runtime makes its ledger in, such as `fileStore`, or your own after `durableStore`. */
export interface DurableStore extends LedgerStore {
  /**
   * Resolves when the entry of an activity has been written, so that the activity survives this
   * process. Call it after `runtime.start`, before you tell anyone that the work is accepted. Resolves
   * at once if the entry is there already, and if the activity has closed meanwhile.
   *
   * Rejects with the error that keeps the activity out: a `HeartbeatStoreError`, or an
   * `ActivityAlreadyStartedError` if another process or runtime has it. Rejects with a `TypeError` if
   * no runtime with this store has started such an activity. Of those that have closed, the last 1,000
   * are remembered.
   *
   * @example
   * const handle = runtime.start(importRows, { activityId: file, args: [file] });
   * await store.entered(handle.activityId);
   * response.writeHead(202).end();
   */
  entered(activityId: string): Promise<void>;
}

/** The ids that an owner still has after `renew`, or `undefined` if it still has all of them. */
export type RenewedIds = Iterable<string> | undefined;

/**
 * Your store throws this error when an owner writes that has lost its claim, because another owner
 * has the activity now, or because its entry was removed.
 */
export class LeaseLostError extends Failure<'LeaseLostError'> {
  get [KIND](): 'LeaseLostError' {
    return 'LeaseLostError';
  }
}
