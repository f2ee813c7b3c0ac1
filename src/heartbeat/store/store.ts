/** Where reports are kept, if they are to outlive the process. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { ignore, isThenable, whenSettled } from '../../kernel/promises.js';

/**
 * Keeps the newest heartbeat details of each activity, as text. Its methods may be synchronous or
 * return promises. A `Map` and a Keyv fit as they are.
 */
export interface HeartbeatStore {
  /** Gives the text that was last set for an id, or `undefined` or `null` if there is none. */
  get(activityId: string): unknown;
  /**
   * Keeps a text for an id, in place of the one before. The answer `false` says that it is not kept,
   * as a Keyv says it whose backend is down. Calls for one activity never overlap.
   */
  set(activityId: string, snapshot: string): unknown;
  /** Removes the text of an id. Does nothing if there is none. */
  delete(activityId: string): unknown;
}

/** The writers whose writes are under way, by activity id. */
export type BusyWriters = Map<string, StoreWriter>;

/**
 * The writes of one activity: one at a time, and of those that wait only the newest. A write that
 * fails is told of, kept, and made again with the next one. While it is busy a later run of the
 * same activity id writes through it too, and reads when it is done.
 */
export class StoreWriter {
  readonly #store: HeartbeatStore;
  readonly #activityId: string;
  readonly #busy: BusyWriters;
  readonly #onError: (error: unknown, last: boolean) => void;
  /** What is to be stored and is not yet; `null` is a deletion. */
  #unwritten: string | null | undefined;
  #writing: Promise<void> | undefined;
  /** The store is being called: what it asks of the activity itself is written afterwards. */
  #calling = false;
  /** Should the write under way fail, it is made again at once. */
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
   * For the end of an activity: makes a kept write again, once, and the one under way if it fails. A
   * promise if any write is under way, else undefined.
   */
  flush(): Promise<void> | undefined {
    if (this.#calling) return Promise.resolve().then(() => this.flush());
    if (this.#writing !== undefined) this.#again = true;
    else this.#start(true);
    return this.#writing;
  }

  /**
   * True if a write is under way.
   *
   * @param last if the write fails it is not made again
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
        const goOn = again || this.#unwritten !== undefined;
        this.#again = false;
        this.#failed(written, error, last && !goOn);
        return this.#next(goOn, again);
      },
    );
    return true;
  }

  #call(written: string | null): Promise<unknown> | undefined {
    if (written === null) return pending(this.#store.delete(this.#activityId), ignore);
    return pending(this.#store.set(this.#activityId, written), refuseFalse);
  }

  /** The write is over; goes on with what has come meanwhile. */
  #next(goOn = true, last = false): Promise<void> | undefined {
    this.#writing = undefined;
    if (!goOn || !this.#start(last)) {
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

/** A call of the store, if it goes on; `check` looks at its answer, now or then. */
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

/** Asked of `set` alone: of `delete` it says that there was no entry, as in a Map. */
function refuseFalse(answer: unknown): void {
  if (answer !== false) return;
  throw new HeartbeatStoreError('set() of the store answered false: it has not kept the details');
}
