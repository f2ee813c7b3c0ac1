/** Opens a SQLite database with what this host has: `node:sqlite`, or the package better-sqlite3. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { HeartbeatStoreError } from '../../kernel/errors.js';

/** The part of both drivers that we use, which is the same in both. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Statement {
  run(...values: readonly Value[]): { readonly changes: number | bigint };
  get(...values: readonly Value[]): unknown;
  all(...values: readonly Value[]): unknown[];
}

type Value = string | number | null;

type Open = new (path: string) => Database;

/** The class of the databases. Node 22.13 and later have one. */
function driver(): Open {
  const builtIn = builtInDriver();
  if (builtIn !== undefined) return builtIn;
  const errors: unknown[] = [];
  for (const from of [ownFile(), join(process.cwd(), 'noop.js')]) {
    try {
      return createRequire(from)('better-sqlite3') as Open;
    } catch (error) {
      errors.push(error);
    }
  }
  throw new HeartbeatStoreError(
    `sqliteStore needs SQLite: Node 22.13 or later has it, and this is ${process.version}. On an ` +
      'older Node, install better-sqlite3',
    { cause: errors[0] },
  );
}

function builtInDriver(): Open | undefined {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
  try {
    const sqlite = getBuiltinModule?.('node:sqlite') as { DatabaseSync: Open } | undefined;
    return sqlite?.DatabaseSync;
  } catch {
    return undefined;
  }
}

/** The path of this file. In CommonJS there is no `import.meta`. */
function ownFile(): string {
  return typeof __filename === 'string' ? __filename : import.meta.url;
}

export function openDatabase(path: string): Database {
  const Open = driver();
  return new Open(path);
}
