/**
 * Runs all operations that come while a transaction is under way in the next one, in order: a
 * transaction costs more than they do, and another tab sees all of its operations or none.
 */
import { Deferred } from '../../kernel/promises.js';
import { LeaseLostError } from '../port.js';
import { answer, type Connection } from './connection.js';
import { Rows, type Row } from './rows.js';

interface Operation {
  /** The activity that it is about; undefined for all. */
  readonly id: string | undefined;
  readonly run: (rows: Rows) => unknown;
  readonly done: Deferred<never>;
}

/** What one operation has come to, once its transaction is committed. */
type Outcome = { readonly value: unknown } | { readonly lost: LeaseLostError };

/** The key of the number of the last claim. */
const GENERATION = 'generation';

export class Batch {
  readonly #connection: Connection;
  #waiting: Operation[] = [];
  #isRunning = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param id the activity that the operation is about; undefined for all */
  add<T>(id: string | undefined, run: (rows: Rows) => T): Promise<T> {
    const done = new Deferred<never>();
    this.#waiting.push({ id, run, done });
    void this.#start();
    return done.promise;
  }

  /** Never rejects. */
  async #start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await Promise.resolve(); // more may come in this turn
    while (this.#waiting.length > 0) {
      const operations = this.#waiting;
      this.#waiting = [];
      await this.#commit(operations);
    }
    this.#isRunning = false;
  }

  async #commit(operations: readonly Operation[]): Promise<void> {
    try {
      const outcomes = await this.#connection.transaction(async (activities, meta) => {
        const [last, found] = await Promise.all([
          answer(meta.get(GENERATION) as IDBRequest<number | undefined>),
          find(activities, operations),
        ]);
        const rows = new Rows(found, last ?? 0);
        const outcomes = operations.map(({ run }) => attempt(run, rows));
        for (const [id, row] of rows.changes()) {
          if (row === undefined) activities.delete(id);
          else activities.put(row, id);
        }
        if (rows.generation !== last) meta.put(rows.generation, GENERATION);
        return outcomes;
      });
      operations.forEach(({ done }, index) => {
        const outcome = outcomes[index] as Outcome;
        if ('lost' in outcome) done.reject(outcome.lost);
        else done.resolve(outcome.value as never);
      });
    } catch (error) {
      for (const { done } of operations) done.reject(error);
    }
  }
}

async function find(
  activities: IDBObjectStore,
  operations: readonly Operation[],
): Promise<Map<string, Row>> {
  const named = new Set(operations.map(({ id }) => id));
  const [keys, rows] = named.has(undefined)
    ? await Promise.all([answer(activities.getAllKeys()), answer(activities.getAll())])
    : [[...named], await Promise.all([...named].map((id) => answer(activities.get(id as string))))];
  const found = new Map<string, Row>();
  (keys as string[]).forEach((id, index) => {
    const row = rows[index] as Row | undefined;
    if (row !== undefined) found.set(id, row);
  });
  return found;
}

/** A lost lease concerns one operation. Every other error concerns the whole transaction. */
function attempt(run: (rows: Rows) => unknown, rows: Rows): Outcome {
  try {
    return { value: run(rows) };
  } catch (error) {
    if (error instanceof LeaseLostError) return { lost: error };
    throw error;
  }
}
