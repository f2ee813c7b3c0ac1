/** Stores reported details, so that they survive the end of the process. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { ignore, isThenable, whenSettled } from '../../kernel/promises.js';

/**
 * Keeps the newest heartbeat details of each activity, as text. The methods may be synchronous or
 * return promises. A `Map` or a Keyv works as it is.
 */
export interface HeartbeatStore {
  /** Returns the text that was last set for an id, or `undefined` or `null` if there is none. */
  get(activityId: string): unknown;
  /**
   * Stores a text for an id and replaces the one before. Return `false` if it was not stored, as a
   * Keyv does when its backend is down. Calls for one activity never overlap.
   */
  set(activityId: string, snapshot: string): unknown;
  /** Removes the text of an id. Does nothing if there is none. */
  delete(activityId: string): unknown;
}

/** The writers that are busy writing, by activity id. */
export type BusyWriters = Map<string, StoreWriter>;

/**
 * Writes for one activity, one write at a time. Of the writes that wait, only the newest is kept. A
 * write that fails is reported, kept, and repeated with the next one. While the writer is busy, a
 * later run of the same activity id writes through it too, and reads when it is done.
 */
export class StoreWriter {
  readonly #store: HeartbeatStore;
  readonly #activityId: string;
  readonly #busy: BusyWriters;
  readonly #onError: (error: unknown, last: boolean) => void;
  /** The text that should be stored next; `null` for a deletion. */
  #unwritten: string | null | undefined;
  #writing: Promise<void> | undefined;
  /** Set while the store is being called: if it uses the activity itself, we write afterwards. */
  #calling = false;
  /** Set if the current write should be repeated at once when it fails. */
  #again = false;

  constructor(
    store: HeartbeatStore,
    activityId: string,
    busy: BusyWriters,
    onError: (error: unknown, last: boolean) => void,
  ) {
    this.#store = store;
    this.#activityId = activityId;
    this.#busy = busy;
    this.#onError = onError;
  }

  write(snapshot: string): void {
    this.#unwritten = snapshot;
    this.#start();
  }

  delete(): void {
    this.#unwritten = null;
    this.#start();
  }

  /**
   * Called when an activity closes. Repeats a failed write once, and the current one if it fails.
   * Returns a promise if a write is in progress, else undefined.
   */
  flush(): Promise<void> | undefined {
    if (this.#calling) return Promise.resolve().then(() => this.flush());
    if (this.#writing !== undefined) this.#again = true;
    else this.#start(true);
    return this.#writing;
  }

  /**
   * Starts the next write. Returns true if a write is in progress.
   *
   * @param last whether this is the last try
   */
  #start(last = false): boolean {
    if (this.#writing !== undefined || this.#calling) return true;
    const written = this.#unwritten;
    if (written === undefined) return false;
    this.#unwritten = undefined;
    let writing: Promise<unknown> | undefined;
    this.#calling = true;
    try {
      writing = this.#call(written);
    } catch (error) {
      this.#failed(written, error, last);
      return false;
    } finally {
      this.#calling = false;
    }
    if (writing === undefined) return this.#start(last);
    this.#busy.set(this.#activityId, this);
    this.#writing = writing.then(
      () => this.#next(),
      (error: unknown) => {
        const again = this.#again;
        const hasMore = again || this.#unwritten !== undefined;
        this.#again = false;
        this.#failed(written, error, last && !hasMore);
        return this.#next(hasMore, again);
      },
    );
    return true;
  }

  #call(written: string | null): Promise<unknown> | undefined {
    if (written === null) return pending(this.#store.delete(this.#activityId), ignore);
    return pending(this.#store.set(this.#activityId, written), refuseFalse);
  }

  /** Called when a write is over. Continues with what has come in the meantime. */
  #next(hasMore = true, last = false): Promise<void> | undefined {
    this.#writing = undefined;
    if (!hasMore || !this.#start(last)) {
      this.#busy.delete(this.#activityId);
      this.#again = false;
    }
    return this.#writing;
  }

  #failed(written: string | null, error: unknown, last: boolean): void {
    if (this.#unwritten === undefined) this.#unwritten = written;
    this.#onError(error, last);
  }
}

/** The promise of a store's call, if it returned one. `check` gets the answer, now or later. */
function pending(
  returned: unknown,
  check: (answer: unknown) => void,
): Promise<unknown> | undefined {
  if (isThenable(returned)) {
    const answered = new Promise((resolve, reject) => whenSettled(returned, resolve, reject));
    return answered.then(check);
  }
  check(returned);
  return undefined;
}

/** Refuses the answer `false` of `set`. From `delete`, it only means that there was no entry. */
function refuseFalse(answer: unknown): void {
  if (answer !== false) return;
  throw new HeartbeatStoreError('store.set() returned false: the details were not stored');
}
