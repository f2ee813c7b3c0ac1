/** Runs all operations of a turn in one transaction, because a transaction costs more than they do. */
import { hostTurn } from '../../kernel/clock.js';
import { Deferred } from '../../kernel/promises.js';
import { LeaseLostError } from '../port.js';

interface Operation {
  readonly run: () => unknown;
  readonly done: Deferred<never>;
}

/** What one operation has come to, once its transaction is committed. */
type Outcome = { readonly value: unknown } | { readonly lost: LeaseLostError };

/** The most operations of one transaction. The rest waits for the next turn, so that others get one. */
const MOST = 500;

export class Batch {
  readonly #transaction: (run: () => void) => void;
  #waiting: Operation[] = [];
  #isScheduled = false;

  /** @param transaction calls back inside a transaction. Throws if nothing was committed. */
  constructor(transaction: (run: () => void) => void) {
    this.#transaction = transaction;
  }

  /** Runs an operation with all others of this turn, in order. */
  add<T>(run: () => T): Promise<T> {
    const done = new Deferred<never>();
    this.#waiting.push({ run, done });
    this.#schedule();
    return done.promise;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    hostTurn(() => {
      this.#isScheduled = false;
      this.#commit(this.#take());
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  /** Runs an operation now, in a transaction of its own. */
  now<T>(run: () => T): Promise<T> {
    const done = new Deferred<never>();
    this.#commit([{ run, done }]);
    return done.promise;
  }

  /** Commits all that waits, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#commit(this.#take());
  }

  #take(): Operation[] {
    const taken = this.#waiting.slice(0, MOST);
    this.#waiting = this.#waiting.slice(MOST);
    return taken;
  }

  #commit(operations: readonly Operation[]): void {
    let outcomes: Outcome[] = [];
    try {
      this.#transaction(() => {
        outcomes = operations.map(({ run }) => attempt(run));
      });
    } catch (error) {
      for (const { done } of operations) done.reject(error);
      return;
    }
    operations.forEach(({ done }, index) => {
      const outcome = outcomes[index] as Outcome;
      if ('lost' in outcome) done.reject(outcome.lost);
      else done.resolve(outcome.value as never);
    });
  }
}

/** A lost lease concerns one operation. Every other error concerns the whole transaction. */
function attempt(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    if (error instanceof LeaseLostError) return { lost: error };
    throw error;
  }
}
