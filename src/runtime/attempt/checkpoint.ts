/** What an activity has heartbeated, over all its attempts: the newest details and their reports. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { sameDetails } from '../../heartbeat/details/same.js';
import { StoreWriter } from '../../heartbeat/store/store.js';
import { log, type Announced } from '../shared/announce.js';
import type { EventFields } from '../../kernel/events.js';
import { emit } from '../shared/outbox.js';

/** The activity whose details these are. */
export interface Reporting extends Announced {
  readonly isOpen: boolean;
  emit(name: 'heartbeat', fields: EventFields<'heartbeat'>, attempt: number): void;
}

/** The attempt whose details are reported. */
interface Reported {
  readonly number: number;
  readonly ended: boolean;
}

export class Checkpoint {
  /** The newest details, reported or not: the next attempt gets them. */
  details: Snapshot | undefined;
  readonly #activity: Reporting;
  readonly #writer: StoreWriter | undefined;
  /** Nobody should resume from what the store may still give of an earlier run. */
  forgotten = false;
  /** The store keeps nothing of the activity any more. */
  #closed = false;
  #warnedOfSize = false;

  constructor(activity: Reporting) {
    this.#activity = activity;
    const { store, writers } = activity.services;
    if (store === undefined) return;
    const { activityId } = activity;
    this.#writer =
      writers.get(activityId) ??
      new StoreWriter(store, activityId, writers, (error, last) => {
        const when = activity.isOpen ? 'again with the next report' : 'once more';
        const then = last
          ? 'the activity has ended, and its entry stays as it was'
          : `it is written to ${when}`;
        log(activity, 'error', 0, `The store failed; ${then}`, { error });
      });
  }

  /** Takes over what an earlier run left in the store. */
  adopt(details: Snapshot): void {
    this.details = details;
  }

  /**
   * A copy of details, which may call code of the user's: getters, a serializer, the logger.
   *
   * @throws HeartbeatDetailsError; then the earlier details stay
   */
  snapshot(details: Snapshot, attempt: number): Snapshot {
    return this.#activity.services.codec.snapshot(details, (bytes) => {
      if (this.#warnedOfSize) return;
      this.#warnedOfSize = true;
      const message = `Heartbeat details of ${bytes} bytes: keep a cursor in them, not the data`;
      log(this.#activity, 'warn', attempt, message);
    });
  }

  /** True if somebody asks, and the details are different from the ones before. */
  keep(snapshot: Snapshot, asked: boolean): boolean {
    const before = this.details;
    this.details = snapshot;
    return asked && !sameDetails(before, snapshot);
  }

  /** Tells the listeners of details that the attempt has reported, unless it ends meanwhile. */
  tell(details: Snapshot | undefined, attempt: Reported): void {
    if (!this.#isHeard(details)) return;
    const copy = this.copy(details); // which may call the user's serializer
    if (!attempt.ended) this.#activity.emit('heartbeat', { details: copy }, attempt.number);
  }

  /** The same at the end of an attempt: whatever waits to be told comes after it. */
  tellNow(details: Snapshot | undefined, attempt: number): void {
    if (!this.#isHeard(details)) return;
    emit(this.#activity, 'heartbeat', attempt, { details: this.copy(details) });
  }

  #isHeard(details: Snapshot | undefined): boolean {
    return details !== undefined && this.#activity.services.events.has('heartbeat');
  }

  /** A copy for those who look on; undefined if the serializer fails. */
  copy(details: Snapshot | undefined = this.details): unknown {
    const { codec } = this.#activity.services;
    try {
      return codec.copy(details);
    } catch (error) {
      log(this.#activity, 'error', 0, 'The serializer failed to copy heartbeat details', { error });
      return undefined;
    }
  }

  /** Stores the newest details. */
  write(): void {
    const details = this.details;
    if (this.#writer === undefined || details === undefined) return;
    let text: string;
    try {
      text = this.#activity.services.codec.encode(details);
    } catch (error) {
      log(this.#activity, 'error', 0, 'The serializer failed; these details are not stored', {
        error,
      });
      return;
    }
    // The serializer is the user's, and may have ended the activity or heartbeated itself.
    if (!this.#closed && Object.is(this.details, details)) this.#writer.write(text);
  }

  /**
   * Nobody should resume from here.
   *
   * @param unread the store may hold what an earlier run has left, and has not been read yet
   */
  forget(unread: boolean): void {
    this.#erase(unread);
    this.details = undefined;
  }

  /** The same for an activity that has closed, whose details can still be seen. */
  close(unread: boolean): void {
    this.#erase(unread);
    this.#closed = true;
  }

  #erase(unread: boolean): void {
    if (this.details === undefined && !unread) return;
    this.forgotten = unread;
    this.#writer?.delete();
  }

  /** Settles when the store has been written to; undefined if nothing is under way. */
  written(): Promise<void> | undefined {
    return this.#writer?.flush();
  }
}
