/** What a ledger keeps of one activity of its runtime: its entry, its claim, and who waits for it. */
import { Deferred, ignore } from '../kernel/promises.js';
import type { Activity } from '../runtime/activity/activity.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';
import { Draft } from './draft.js';
import { Entrance } from './entrance.js';
import { isUnderWay, type Found, type KeptOptions } from './entry.js';
import type { Claim } from './port.js';

/**
 * What the store has under the id of an activity: no entry, its own, or one that an earlier
 * process has left. That one stays as it is until this activity replaces it, or is ended by a call.
 */
type Standing = 'absent' | 'own' | 'earlier';

export class Tracked {
  readonly activity: Activity;
  readonly activityId: string;
  /** What its entry says. */
  readonly draft: Draft;
  readonly entrance = new Entrance();
  /** The record before it with the same id, until its activity has left the ledger. */
  previous: Tracked | undefined;
  /** The generation of the claim; undefined before it, and 0 in a store without claims. */
  generation: number | undefined;
  standing: Standing;
  /** Why the claim was lost. */
  lost: Error | undefined;
  /** Whether the store has details. Undefined until it has been read. */
  hasDetails: boolean | undefined;
  /** Whether details that an earlier run has left should be removed. */
  isForgotten = false;
  /** Whether its delay and its requests are still to come. Its entry stays as it is until then. */
  isBeingRecovered: boolean;
  /** Whether an earlier process has begun an attempt, as far as the entry says. */
  readonly hasRunBefore: boolean;
  /** Resolves when its details have been read, or cannot be. Undefined before. */
  reading: Promise<unknown> | undefined;
  /** Resolves with the reading, for those who ask before it begins. */
  #coming: Deferred<unknown> | undefined;
  /** The last write of its entry. */
  writing: Promise<void> | undefined;
  #isWriting = false;
  /** Resolves when the activity has left the ledger. */
  readonly #done = new Deferred<void>();

  constructor(
    activity: Activity,
    activityId: string,
    args: string,
    options: KeptOptions,
    found?: Found,
  ) {
    this.activity = activity;
    this.activityId = activityId;
    this.draft = new Draft(activity, activityId, args, options, found?.entry);
    this.generation = found?.generation;
    this.isBeingRecovered = found !== undefined;
    this.hasRunBefore = found !== undefined && (found.entry.attempt > 1 || isUnderWay(found.entry));
    if (found !== undefined) this.entrance.settle();
    this.standing = found === undefined ? 'absent' : 'own';
  }

  /** Whether it may write to the store. */
  get holds(): boolean {
    return this.generation !== undefined && this.lost === undefined;
  }

  get isLeaving(): boolean {
    return !this.activity.isOpen;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** Called before the activity is entered, with the record that has its id now. */
  follow(previous: Tracked | undefined): void {
    this.previous = previous;
  }

  claimed({ generation, entry }: Claim): void {
    this.generation = generation;
    if (entry !== undefined) this.standing = 'earlier';
  }

  /** Called when the activity's own entry is about to be written. */
  entered(): void {
    this.standing = 'own';
  }

  /** Called when the activity is as its entry says, with its delay and with the requests to it. */
  recovered(): void {
    this.isBeingRecovered = false;
  }

  /** Called when the claim of the activity is lost. */
  lose(error: Error): void {
    this.lost ??= error;
  }

  /** Called while the details of the activity are being read. */
  read(reading: Promise<unknown>): void {
    this.reading = reading.then(ignore, ignore);
    this.#coming?.resolve(this.reading);
  }

  /** Resolves when its details have been read, or never will be. */
  get whenRead(): Promise<unknown> {
    return this.reading ?? (this.#coming ??= new Deferred<unknown>()).promise;
  }

  /** Called when the details could not be read or decoded. An entry that is there stays. */
  failed(): void {
    if (this.standing === 'own') this.standing = 'earlier';
  }

  /** Called when the store has got details, or lost them. */
  hold(hasDetails: boolean): void {
    this.hasDetails = hasDetails;
  }

  get isRead(): boolean {
    return this.hasDetails !== undefined;
  }

  /** Called when the details are forgotten before they were read. */
  forget(): void {
    this.isForgotten = true;
  }

  /** Writes its entry. Unless the store is ordered, one write waits for the other, and writes all. */
  write(
    write: (entry: LedgerEntry) => unknown,
    onError: (error: unknown) => void,
    isOrdered: boolean,
  ): void {
    const writeWhile = async (hasMore: () => boolean): Promise<void> => {
      try {
        do await write(this.draft.entry());
        while (hasMore());
      } catch (error) {
        this.draft.notWritten();
        onError(error);
      } finally {
        this.#isWriting = false;
      }
    };
    if (isOrdered) {
      const earlier = this.writing;
      const written = writeWhile(() => false);
      this.writing = earlier === undefined ? written : earlier.then(() => written);
    } else if (!this.#isWriting) {
      this.#isWriting = true;
      this.writing = writeWhile(() => this.holds && this.activity.isOpen && this.draft.update());
    }
  }

  /** Called when the activity has left the ledger. */
  leave(): void {
    this.generation = undefined;
    this.#coming?.resolve(undefined);
    this.#done.resolve();
  }
}
