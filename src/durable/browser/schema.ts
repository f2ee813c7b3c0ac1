/** Opens the database of a store, and makes its object stores. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { quote } from '../../kernel/text.js';
import { nameOf } from './errors.js';

/** The object stores: the rows of activities by their ids, and the number of the last claim. */
export const STORES = ['activities', 'meta'] as const;

/** Each step leads to the next version of the schema. A step that has been released never changes. */
const MIGRATIONS: readonly ((database: IDBDatabase) => void)[] = [
  (database) => {
    for (const name of STORES) database.createObjectStore(name);
  },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Thrown when a later version of the package has made the database. */
export class LaterVersion extends HeartbeatStoreError {}

/**
 * Opens a database, and brings it up to date. Several tabs may do this at once.
 *
 * @param onGone called when the connection has ended without us
 */
export async function openDatabase(
  factory: IDBFactory,
  name: string,
  onGone: () => void,
  version = SCHEMA_VERSION,
): Promise<IDBDatabase> {
  try {
    const database = await open(factory, name, version);
    if (!isOurs(database)) throw foreign(name, database);
    const end = (): void => {
      database.close();
      onGone();
    };
    // Another tab wants to change the schema, or to delete the database: it waits for us.
    database.onversionchange = end;
    // The browser has ended the connection, as it does when the user clears the data of the site.
    database.onclose = end;
    return database;
  } catch (error) {
    if (nameOf(error) !== 'VersionError') throw error;
    const later = await open(factory, name, undefined);
    later.close();
    throw isOurs(later) ? laterVersion(name, later.version, version) : foreign(name, later);
  }
}

function open(
  factory: IDBFactory,
  name: string,
  version: number | undefined,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, version);
    let isBlocked = false;
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const step of MIGRATIONS.slice(oldVersion)) step(request.result);
    };
    request.onblocked = () => {
      isBlocked = true;
      reject(
        new HeartbeatStoreError(
          `The database ${quote(name)} cannot be brought up to date while another tab uses an ` +
            'older version of it: close the other tabs of this site, or reload them',
        ),
      );
    };
    request.onsuccess = () => {
      if (isBlocked) request.result.close();
      else resolve(request.result);
    };
    request.onerror = () => reject(request.error ?? new Error('failed'));
  });
}

function isOurs(database: IDBDatabase): boolean {
  return STORES.every((name) => database.objectStoreNames.contains(name));
}

/** The connection ends here, so it must not be in the way of the program whose database it is. */
function foreign(name: string, database: IDBDatabase): HeartbeatStoreError {
  database.close();
  return new HeartbeatStoreError(
    `The database ${quote(name)} belongs to another program: nothing was changed. Use another name`,
  );
}

function laterVersion(name: string, found: number, known: number): LaterVersion {
  return new LaterVersion(
    `The database ${quote(name)} was made by a later version of systole: its schema is ${found}, ` +
      `and this version knows ${known}. Reload the page, or update systole`,
  );
}
