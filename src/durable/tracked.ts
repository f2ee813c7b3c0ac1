/** What a ledger keeps of one activity of its runtime: its entry, its claim, and who waits for it. */
import { Deferred, ignore } from '../kernel/promises.js';
import type { RunState } from '../kernel/errors.js';
import { runStateOf } from '../runtime/activity/run-state.js';
import type { Activity } from '../runtime/activity/activity.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';
import type { ResolvedOptions } from '../runtime/options/table.js';
import { Entrance } from './entrance.js';
import { VERSION, type Found, type KeptOptions } from './entry.js';
import type { Claim } from './port.js';

/**
 * What the store has under the id of an activity: no entry, its own, or one that an earlier
 * process has left. That one stays as it is until this activity replaces it, or is ended by a call.
 */
type Standing = 'absent' | 'own' | 'earlier';

export class Tracked {
  readonly activity: Activity;
  readonly activityId: string;
  readonly entrance = new Entrance();
  readonly #args: string;
  readonly #scheduledAt: number;
  /** The options at each set of options that the activity has had. */
  readonly #options = new WeakMap<ResolvedOptions, KeptOptions>();
  /** The record before it with the same id, until its activity has left the ledger. */
  previous: Tracked | undefined;
  /** Undefined before the claim; 0 in a store without claims. */
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
  /** Resolves when its details have been read, or cannot be. Undefined before. */
  reading: Promise<unknown> | undefined;
  /** Resolves with the reading, for those who ask before it begins. */
  #coming: Deferred<unknown> | undefined;
  /** The last write of its entry. */
  writing: Promise<void> | undefined;
  #isWriting = false;
  /** What the entry said last. */
  #written: string | undefined;
  #runState: RunState;
  #attempt: number;
  /** 1 if an attempt that does not count has been counted as one without progress. */
  #uncounted = 0;
  /** The end of the delay on the monotonic clock, by which a change is noticed. */
  #delayedUntil = 0;
  #dueAt: number | undefined;
  /** Resolves when the activity has left the ledger. */
  readonly #done = new Deferred<void>();

  constructor(
    activity: Activity,
    activityId: string,
    args: string,
    options: KeptOptions,
    found?: Found,
  ) {
    const { clock } = activity.services;
    this.activity = activity;
    this.activityId = activityId;
    this.#args = args;
    this.#scheduledAt = found?.entry.scheduledAt ?? clock.wallNow();
    this.#options.set(activity.options, options);
    this.generation = found?.generation;
    this.isBeingRecovered = found !== undefined;
    if (found !== undefined) this.entrance.settle();
    this.standing = found === undefined ? 'absent' : 'own';
    this.#runState = found?.entry.runState ?? 'SCHEDULED';
    this.#attempt = found?.entry.attempt ?? 1;
    this.#dueAt = found?.entry.dueAt;
    if (found !== undefined && this.#dueAt === undefined) this.#written = this.#summary();
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

  /** Called before it is entered, with the record that has its id now. */
  follow(previous: Tracked | undefined): void {
    this.previous = previous;
  }

  claimed({ generation, entry }: Claim): void {
    this.generation = generation;
    if (entry !== undefined) this.standing = 'earlier';
  }

  /** Called when its own entry is about to be written. */
  entered(): void {
    this.standing = 'own';
  }

  /** Called when it is as its entry says: its delay has begun, and it has heard of the requests. */
  recovered(): void {
    this.isBeingRecovered = false;
  }

  /** Called when its claim is lost. */
  lose(error: Error): void {
    this.lost ??= error;
  }

  /** Called while its details are being read. */
  read(reading: Promise<unknown>): void {
    this.reading = reading.then(ignore, ignore);
    this.#coming?.resolve(this.reading);
  }

  /** Resolves when its details have been read, or never will be. */
  get whenRead(): Promise<unknown> {
    return this.reading ?? (this.#coming ??= new Deferred<unknown>()).promise;
  }

  /** Called when its details could not be read or decoded. An entry that is there stays. */
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
        do await write(this.entry());
        while (hasMore());
      } catch (error) {
        this.#written = undefined;
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
      this.writing = writeWhile(() => this.holds && this.activity.isOpen && this.update());
    }
  }

  /** Called when the activity has left the ledger. */
  leave(): void {
    this.generation = undefined;
    this.#coming?.resolve(undefined);
    this.#done.resolve();
  }

  get options(): KeptOptions {
    return this.#options.get(this.activity.options) as KeptOptions;
  }

  /** Keeps the options that belong to the coming options of the activity. */
  change(next: ResolvedOptions, options: KeptOptions): void {
    this.#options.set(next, options);
  }

  /** Reads the state of an open activity. Returns true if the entry has changed. */
  update(): boolean {
    const { state, services } = this.activity;
    this.#runState = runStateOf(this.activity) ?? this.#runState;
    this.#attempt = state.attemptNumber + (state.attempt === undefined ? 1 : 0);
    this.#delayedUntil = state.attempt === undefined ? state.delayedUntil : 0;
    const waitMs = this.#delayedUntil - services.clock.now();
    const isDelayed = waitMs > 0 && waitMs < Infinity;
    this.#dueAt = isDelayed ? services.clock.wallNow() + waitMs : undefined;
    return this.#summary() !== this.#written;
  }

  /** Called when a shutdown has ended the activity. It comes back as it would have gone on. */
  interrupted(attemptFailed: boolean): void {
    if (this.#runState === 'PAUSE_REQUESTED') this.#runState = 'PAUSED';
    else if (this.#runState === 'STARTED') this.#runState = 'SCHEDULED';
    this.#attempt += attemptFailed ? 1 : 0;
  }

  /** Called when this process could not run its function. The attempt does not count. */
  notRun(): void {
    this.interrupted(false);
    const number = this.activity.state.lastAttempt?.number ?? this.#attempt;
    this.#uncounted = this.#attempt - number; // hooks come between two attempts
    this.#attempt = number;
  }

  /** The entry for the store, which has it from now on. */
  entry(): LedgerEntry {
    this.#written = this.#summary();
    const { activity, activityId } = this;
    const withoutProgress = this.#withoutProgress;
    return {
      activityId,
      activityType: activity.activityType,
      args: this.#args,
      options: this.options.text,
      attempt: this.#attempt,
      runState: this.#runState,
      scheduledAt: this.#scheduledAt,
      ...(this.#dueAt !== undefined && { dueAt: Math.round(this.#dueAt) }),
      ...(withoutProgress > 0 && { withoutProgress }),
      version: VERSION,
    };
  }

  /** The number of attempts in a row without new details, before the current one if it has none. */
  get #withoutProgress(): number {
    const { state, past } = this.activity;
    if (past === undefined || state.lastAttempt?.reports?.progressed === true) return 0;
    return Math.max(0, past.withoutProgress - this.#uncounted);
  }

  #summary(): string {
    const numbers = `${this.#attempt} ${this.#delayedUntil} ${this.#withoutProgress}`;
    return `${this.#runState} ${numbers} ${this.options.text}`;
  }
}
