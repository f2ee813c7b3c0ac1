/** An open database: its transactions, and whether its file is still there. */
import { statSync } from 'node:fs';
import { HeartbeatStoreError } from '../../kernel/errors.js';
import type { Database, Statement } from './driver.js';
import { databaseError } from './errors.js';

export class Connection {
  readonly #database: Database;
  readonly #file: string;
  readonly #begin: Statement;
  readonly #commit: Statement;
  /** Which file it was when it was opened. */
  readonly #fileId: string | undefined;
  #isClosed = false;

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#fileId = idOf(file);
  }

  /** @throws HeartbeatStoreError if nothing was committed */
  transaction(run: () => void): void {
    let isOpen = false;
    try {
      if (this.#isClosed) {
        throw new HeartbeatStoreError(
          `The database ${this.#file} was closed by closeDatabase(): open it again with sqliteStore`,
        );
      }
      if (idOf(this.#file) !== this.#fileId) {
        throw new HeartbeatStoreError(
          `The database ${this.#file} was deleted or replaced while it was in use, so what is ` +
            'written would be lost. Start the program again',
        );
      }
      this.#begin.run();
      isOpen = true;
      run();
      this.#commit.run();
    } catch (error) {
      if (isOpen) this.#rollBack();
      throw databaseError(this.#file, error);
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has done it already, as it does when the disk is full.
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.close();
  }
}

/** The identity of a file; undefined if there is none, as for a database in memory. */
function idOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino}`;
}
