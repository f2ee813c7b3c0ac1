/** What an activity has heartbeated, over all its attempts: the newest details and their reports. */
import type { Snapshot } from '../../heartbeat/details/codec.js';
import { sameDetails } from '../../heartbeat/details/same.js';
import { StoreWriter } from '../../heartbeat/store/store.js';
import { emit, log, type Announced } from '../shared/announce.js';

export class HeartbeatRecord {
  /** The newest, reported or not: the next attempt gets them. */
  details: Snapshot | undefined;
  readonly #activity: Announced;
  readonly #writer: StoreWriter | undefined;
  /** Nobody is to resume from what an earlier run has left, and the store may still give. */
  forgotten = false;
  #warnedOfSize = false;

  constructor(activity: Announced) {
    this.#activity = activity;
    const { store, writers } = activity.services;
    if (store === undefined) return;
    const { activityId } = activity;
    this.#writer =
      writers.get(activityId) ??
      new StoreWriter(store, activityId, writers, (error) => {
        const message = 'The store failed; it is written to again with the next report';
        log(activity, 'error', 0, message, { error });
      });
  }

  /**
   * True if the details are others than before; always false where nothing depends on it.
   *
   * @throws HeartbeatDetailsError; then the earlier details stay
   */
  keep(details: Snapshot, attempt: number): boolean {
    const before = this.details;
    const { services, options } = this.#activity;
    this.details = services.codec.snapshot(details, (bytes) => {
      if (this.#warnedOfSize) return;
      this.#warnedOfSize = true;
      const message = `Heartbeat details of ${bytes} bytes: keep a cursor in them, not the data`;
      log(this.#activity, 'warn', attempt, message);
    });
    const { progressTimeoutMs, retryPolicy } = options;
    const matters =
      progressTimeoutMs > 0 || retryPolicy.maximumAttemptsWithoutProgress !== Infinity;
    return matters && !sameDetails(before, this.details);
  }

  /** Stores the newest details and tells the listeners. */
  report(attempt: number): void {
    const { details } = this;
    if (details === undefined) return;
    this.#write(details);
    if (this.#activity.services.events.has('heartbeat')) {
      emit(this.#activity, 'heartbeat', attempt, { details: this.copy(details) });
    }
  }

  /** A copy for those who look on; undefined if the serializer fails. */
  copy(details = this.details): unknown {
    const { codec } = this.#activity.services;
    try {
      return codec.copy(details);
    } catch (error) {
      log(this.#activity, 'error', 0, 'The serializer failed to copy heartbeat details', { error });
      return undefined;
    }
  }

  #write(details: Snapshot): void {
    if (this.#writer === undefined) return;
    try {
      this.#writer.write(this.#activity.services.codec.encode(details));
    } catch (error) {
      log(this.#activity, 'error', 0, 'The serializer failed; these details are not stored', {
        error,
      });
    }
  }

  /**
   * Nobody is to resume from here.
   *
   * @param unread the store may hold what an earlier run has left, and has not been read yet
   */
  forget(unread = false): void {
    if (this.details === undefined && !unread) return;
    this.forgotten = unread;
    this.details = undefined;
    this.#writer?.delete();
  }

  /** Settles when the store has been written to; undefined if nothing is under way. */
  written(): Promise<void> | undefined {
    return this.#writer?.flush();
  }
}
