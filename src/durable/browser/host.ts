/** What a page or a worker of a browser has, and webStore needs. */
import { hostDate } from '../../kernel/clock.js';
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { refusal } from '../../kernel/stack.js';
import { printable } from '../../kernel/text.js';
import { randomToken } from '../../runtime/shared/ids.js';

/** The browser as one tab or worker sees it. Tests have one of their own. */
export interface WebHost {
  readonly indexedDB: IDBFactory;
  readonly locks: Pick<LockManager, 'request' | 'query'>;
  /** The date in milliseconds since the Unix epoch. */
  now(): number;
  /** A name for a runtime of this tab that no other runtime has. */
  newOwner(): string;
}

/** @throws HeartbeatStoreError if something is missing here */
export function thisHost(): WebHost {
  const indexedDB = found(() => globalThis.indexedDB);
  if (indexedDB === undefined) {
    throw missing(
      'webStore needs indexedDB, which browsers have unless their settings or a private window ' +
        'forbid it. Outside browsers, use sqliteStore or fileStore',
    );
  }
  const locks = found(() => navigator.locks);
  if (locks === undefined) {
    throw missing(
      'webStore needs navigator.locks, which browsers have since 2022, and only on secure pages: ' +
        'serve this page from https:// or from localhost',
    );
  }
  return { indexedDB, locks, now: hostDate, newOwner };
}

/** The refusal of `webStore`. Its stack will begin with the line of the call. */
function missing(message: string): HeartbeatStoreError {
  return refusal(new HeartbeatStoreError(message));
}

/** The value; undefined if the browser has none, or forbids to look at it. */
function found<T>(read: () => T): T | undefined {
  try {
    return read() ?? undefined;
  } catch {
    return undefined;
  }
}

function newOwner(): string {
  const kind = typeof document === 'undefined' ? 'worker' : 'page';
  const path = found(() => location.pathname) ?? '';
  return `${kind} ${printable(path, 100)} (runtime ${randomToken()})`;
}
