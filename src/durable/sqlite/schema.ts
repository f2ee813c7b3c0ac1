/** The tables of the store, and how those of earlier versions become those of today. */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import type { Database } from './driver.js';

/**
 * Each step leads to the next version of the schema. A step that has been released never changes.
 * The names have a prefix, so a program may keep its own tables in the same file.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE systole_activities (
     id TEXT PRIMARY KEY,
     snapshot TEXT,
     entry TEXT,
     owner TEXT,
     generation INTEGER NOT NULL DEFAULT 0
   ) WITHOUT ROWID;
   CREATE TABLE systole_owners (
     owner TEXT PRIMARY KEY,
     boot TEXT NOT NULL,
     steady REAL NOT NULL,
     date REAL NOT NULL
   ) WITHOUT ROWID;
   INSERT INTO systole_meta (name, value) VALUES ('generation', 0);`,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the tables up to date. Several processes may do this at once.
 *
 * @throws HeartbeatStoreError if a later version of the package has made them
 */
export function migrate(database: Database, path: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(
      'CREATE TABLE IF NOT EXISTS systole_meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID',
    );
    const row = database.prepare("SELECT value FROM systole_meta WHERE name = 'schema'").get();
    const version = (row as { readonly value: number } | undefined)?.value ?? 0;
    if (version > SCHEMA_VERSION) {
      throw new HeartbeatStoreError(
        `The database ${path} was made by a later version of systole: its schema is ${version}, ` +
          `and this version knows ${SCHEMA_VERSION}. Update systole`,
      );
    }
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    if (version < SCHEMA_VERSION) {
      const write = "INSERT OR REPLACE INTO systole_meta (name, value) VALUES ('schema', ?)";
      database.prepare(write).run(SCHEMA_VERSION);
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
