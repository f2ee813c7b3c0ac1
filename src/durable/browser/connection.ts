/** The connection to a database: its transactions, and how it is opened again when it was lost. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { ignore } from '../../kernel/promises.js';
import { quote } from '../../kernel/text.js';
import { databaseError, nameOf } from './errors.js';
import { LaterVersion, openDatabase, STORES } from './schema.js';

export type Durability = 'relaxed' | 'strict';

export class Connection {
  readonly #factory: IDBFactory;
  readonly #name: string;
  readonly #durability: Durability;
  #opening: Promise<IDBDatabase> | undefined;
  #isClosed = false;

  constructor(factory: IDBFactory, name: string, durability: Durability) {
    this.#factory = factory;
    this.#name = name;
    this.#durability = durability;
  }

  /** Opens the database unless it is open. Resolves to false if only a later version can use it. */
  async isUsable(): Promise<boolean> {
    try {
      await this.#opened();
      return true;
    } catch (error) {
      if (error instanceof LaterVersion) return false;
      throw error;
    }
  }

  /**
   * Runs requests in one transaction. Resolves when it is committed.
   *
   * @param run may wait only for requests of this transaction
   * @throws HeartbeatStoreError if nothing was committed
   */
  async transaction<T>(
    run: (activities: IDBObjectStore, meta: IDBObjectStore) => Promise<T>,
  ): Promise<T> {
    try {
      const transaction = await this.#begin();
      const [activities, meta] = STORES.map((name) => transaction.objectStore(name)) as [
        IDBObjectStore,
        IDBObjectStore,
      ];
      const done = committed(transaction);
      done.catch(ignore); // the error of a request comes first
      try {
        const value = await run(activities, meta);
        await done;
        return value;
      } catch (error) {
        abort(transaction);
        throw error;
      }
    } catch (error) {
      throw databaseError(this.#name, error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#opening?.then((database) => database.close(), ignore);
  }

  /** Begins a transaction. If the connection turns out to be lost, it is opened again, once. */
  async #begin(): Promise<IDBTransaction> {
    const options = { durability: this.#durability };
    const database = await this.#opened();
    try {
      return database.transaction([...STORES], 'readwrite', options);
    } catch (error) {
      if (nameOf(error) !== 'InvalidStateError') throw error;
      this.#opening = undefined;
      return (await this.#opened()).transaction([...STORES], 'readwrite', options);
    }
  }

  #opened(): Promise<IDBDatabase> {
    if (this.#isClosed) {
      const message = `The database ${quote(this.#name)} was closed by closeDatabase()`;
      return Promise.reject(new HeartbeatStoreError(`${message}: open it again with webStore`));
    }
    if (this.#opening !== undefined) return this.#opening;
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    const opening = openDatabase(this.#factory, this.#name, forget).catch((error: unknown) => {
      forget();
      throw databaseError(this.#name, error);
    });
    this.#opening = opening;
    return opening;
  }
}

/** Changes nothing, although some of the requests have succeeded. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // The browser has aborted it already, as it does when a request fails.
  }
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('interrupted'));
  });
}

/** The outcome of a request. */
export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('failed'));
  });
}
