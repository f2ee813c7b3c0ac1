/** Says what is wrong with a database, in words that tell what to do. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { messageOf } from '../../kernel/thrown.js';

/** The primary result codes of SQLite that a user can do something about. */
const ADVICE: Readonly<Record<number, readonly [name: string, advice: string]>> = {
  5: ['BUSY', 'has been locked by another process for 5 s: end that process, or its transaction'],
  6: [
    'LOCKED',
    'is locked by another statement of this process: use a connection of your own for it',
  ],
  8: ['READONLY', 'is read-only: give this process the right to write to it and to its folder'],
  10: ['IOERR', 'cannot be read or written: look at the disk'],
  11: [
    'CORRUPT',
    'is corrupt: nothing was changed. Restore a copy, or repair it with sqlite3 .recover',
  ],
  13: ['FULL', 'cannot grow, because the disk is full: make room, and writing continues by itself'],
  14: [
    'CANTOPEN',
    'cannot be opened: it must be a file, and this process must have access to its folder',
  ],
  26: ['NOTADB', 'is not a SQLite database: nothing was changed. Use another path'],
};

/** Makes the error of the store from an error of the driver. */
export function databaseError(path: string, cause: unknown): HeartbeatStoreError {
  if (cause instanceof HeartbeatStoreError) return cause;
  const advice = ADVICE[codeOf(cause)]?.[1];
  const what = advice === undefined ? `: ${messageOf(cause)}` : ` ${advice} (${messageOf(cause)})`;
  return new HeartbeatStoreError(`The database ${path}${what}`, { cause });
}

/** The primary result code: of node:sqlite a number, of better-sqlite3 a name. */
function codeOf(cause: unknown): number {
  const { errcode, code } = (cause ?? {}) as { errcode?: unknown; code?: unknown };
  if (typeof errcode === 'number') return errcode & 0xff;
  const name = /^SQLITE_([A-Z]+)/.exec(String(code))?.[1];
  return Number(Object.keys(ADVICE).find((key) => ADVICE[Number(key)]?.[0] === name) ?? 0);
}
