/** Where reports are kept, if they are to outlive the process. */
import { isThenable } from '../promises.js';

/**
 * Keeps the newest heartbeat details of each activity, as text. Sync or async; a `Map` and a Keyv
 * fit as they are.
 */
export interface HeartbeatStore {
  /** The text last set, or nothing: `undefined` or `null`. */
  get(activityId: string): unknown;
  /** Resolves when the text is kept. Calls for one activity never overlap. */
  set(activityId: string, snapshot: string): unknown;
  /** Does nothing for an id that has no text. */
  delete(activityId: string): unknown;
}

/**
 * The writes of one activity: one at a time, and of those that wait only the newest. A write that
 * fails is told of, kept, and made again with the next one.
 */
export class StoreWriter {
  readonly #store: HeartbeatStore;
  readonly #activityId: string;
  readonly #onError: (error: unknown) => void;
  /** What is to be stored and is not yet; `null` is a deletion. */
  #unwritten: string | null | undefined;
  #writing: Promise<void> | undefined;

  constructor(store: HeartbeatStore, activityId: string, onError: (error: unknown) => void) {
    this.#store = store;
    this.#activityId = activityId;
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

  /** Makes a kept write again; a promise if any write is under way, else undefined. */
  flush(): Promise<void> | undefined {
    this.#start();
    return this.#writing;
  }

  #start(): void {
    if (this.#writing !== undefined || this.#unwritten === undefined) return;
    const written = this.#unwritten;
    this.#unwritten = undefined;
    let returned: unknown;
    try {
      returned =
        written === null
          ? this.#store.delete(this.#activityId)
          : this.#store.set(this.#activityId, written);
    } catch (error) {
      this.#failed(written, error);
      return;
    }
    if (!isThenable(returned)) return;
    this.#writing = Promise.resolve(returned).then(
      () => this.#next(),
      (error: unknown) => {
        const newer = this.#unwritten !== undefined;
        this.#failed(written, error);
        return this.#next(newer);
      },
    );
  }

  /** The write is over; goes on with what has come meanwhile. */
  #next(goOn = true): Promise<void> | undefined {
    this.#writing = undefined;
    if (goOn) this.#start();
    return this.#writing;
  }

  #failed(written: string | null, error: unknown): void {
    if (this.#unwritten === undefined) this.#unwritten = written;
    this.#onError(error);
  }
}
