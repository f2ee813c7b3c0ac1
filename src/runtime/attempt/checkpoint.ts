/** The newest heartbeat details of an activity, over all its attempts, and their reports. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { sameDetails } from '../../heartbeat/details/same.js';
import { StoreWriter } from '../../heartbeat/store/store.js';
import { log, type Announced } from '../shared/announce.js';
import type { EventFields } from '../../kernel/events.js';
import { emit } from '../shared/outbox.js';

/** The activity that the details belong to. */
interface Reporting extends Announced {
  readonly isOpen: boolean;
  onClosed(listener: () => void): void;
  emit(name: 'heartbeat', fields: EventFields<'heartbeat'>, attempt: number): void;
}

/** The attempt whose details are reported. */
interface Reported {
  readonly number: number;
  readonly ended: boolean;
}

/** Details that have been reported. */
interface Report {
  readonly details: Snapshot;
  readonly attempt: number;
  /** A reading of the monotonic clock. */
  readonly at: number;
  /** When a report last had different details than the one before. */
  readonly changedAt: number;
}

export class Checkpoint {
  /** The newest details, reported or not. The next attempt gets them. */
  details: Snapshot | undefined;
  /** The last report. */
  report: Report | undefined;
  /** The followers, who hear of each report and when the activity closes. Made for the first one. */
  #followers: Set<() => void> | undefined;
  readonly #activity: Reporting;
  readonly #writer: StoreWriter | undefined;
  /** Set when details that the store may still have from an earlier run should not be used. */
  forgotten = false;
  /** Set when the store should keep nothing more for this activity. */
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
        const when = activity.isOpen ? 'with the next report' : 'once more';
        const then = last ? 'its entry stays as it was' : `retrying ${when}`;
        log(activity, 'error', 0, `The store failed; ${then}`, { error });
      });
  }

  /** Takes over the details that an earlier run left in the store. */
  adopt(details: Snapshot): void {
    this.details = details;
  }

  /**
   * Copies details. This may call the user's code: getters, a serializer, the logger.
   *
   * @throws HeartbeatDetailsError for details that cannot be copied; the earlier details stay
   */
  snapshot(details: Snapshot, attempt: number): Snapshot {
    return this.#activity.services.codec.snapshot(details, (bytes) => {
      if (this.#warnedOfSize) return;
      this.#warnedOfSize = true;
      const message = `Heartbeat details of ${bytes} bytes: keep a cursor, not the data`;
      log(this.#activity, 'warn', attempt, message);
    });
  }

  /** Keeps new details. Returns true if `asked` and they differ from the ones before. */
  keep(snapshot: Snapshot, asked: boolean): boolean {
    const before = this.details;
    this.details = snapshot;
    return asked && !sameDetails(before, snapshot);
  }

  /** Emits the details that the attempt has reported, unless it ends meanwhile. */
  tell(details: Snapshot | undefined, attempt: Reported): void {
    if (!this.#isHeard(details, attempt.number)) return;
    const copy = this.copy(details); // this may call the user's serializer
    if (!attempt.ended) this.#activity.emit('heartbeat', { details: copy }, attempt.number);
  }

  /** Emits the last report of an attempt, before all events that wait. */
  tellNow(details: Snapshot | undefined, attempt: number): void {
    if (!this.#isHeard(details, attempt)) return;
    emit(this.#activity, 'heartbeat', attempt, { details: this.copy(details) });
  }

  /** Keeps the report for followers. Returns true if there are listeners for it too. */
  #isHeard(details: Snapshot | undefined, attempt: number): boolean {
    if (details === undefined) return false;
    const { clock, events } = this.#activity.services;
    const at = clock.now();
    const changedAt = this.#isReported(details) ? (this.report as Report).changedAt : at;
    this.report = { details, attempt, at, changedAt };
    this.#wake();
    return events.has('heartbeat');
  }

  /** Whether the last report had such details. */
  #isReported(details: Snapshot | undefined): boolean {
    return this.report !== undefined && sameDetails(this.report.details, details);
  }

  /**
   * When the details last changed, as far as it is known: they are compared when they are reported.
   *
   * @param beatenAt when the last heartbeat came
   */
  progressedAt(beatenAt: number): number {
    return this.#isReported(this.details)
      ? Math.min((this.report as Report).changedAt, beatenAt)
      : beatenAt;
  }

  #wake(): void {
    this.#followers?.forEach((wake) => {
      wake();
    });
  }

  /** Calls back at each report and at the end, until the returned function is called. */
  follow(wake: () => void): () => void {
    if (this.#followers === undefined) {
      this.#followers = new Set();
      this.#activity.onClosed(() => {
        this.#wake();
      });
    }
    const followers = this.#followers.add(wake);
    return () => followers.delete(wake);
  }

  /** A copy for events and descriptions; undefined if the serializer fails. */
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
    // The user's serializer may have closed the activity or sent a heartbeat itself.
    if (!this.#closed && Object.is(this.details, details)) this.#writer.write(text);
  }

  /**
   * Forgets the details, so that no attempt resumes from them.
   *
   * @param unread whether the store has not been read yet and may hold details of an earlier run
   */
  forget(unread: boolean): void {
    this.#erase(unread);
    this.details = this.report = undefined;
  }

  /** Removes the stored details of a closed activity. A description still shows them. */
  close(unread: boolean): void {
    this.#erase(unread);
    this.#closed = true;
  }

  #erase(unread: boolean): void {
    if (this.details === undefined && !unread) return;
    this.forgotten = unread;
    this.#writer?.delete();
  }

  /** Resolves when the last write to the store is over; undefined if none is in progress. */
  written(): Promise<void> | undefined {
    return this.#writer?.flush();
  }
}
