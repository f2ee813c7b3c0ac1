/**
 * A line in which answers are given in the order of their questions. A store may find what it was
 * asked last first, and then the last activity would begin first.
 */
import { ignore } from '../kernel/promises.js';

export class Line {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles like `coming`, after everything that was put into the line before. */
  follow<T>(coming: Promise<T>): Promise<T> {
    coming.catch(ignore); // it may fail before its turn
    const inTurn = this.#last.then(() => coming);
    this.#last = inTurn.catch(ignore);
    return inTurn;
  }
}
