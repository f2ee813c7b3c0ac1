/** The statements of the store. Each method runs inside a transaction. */
import type { LedgerEntry } from '../../runtime/shared/ledger.js';
import { remainingMs, type Machine } from '../machine.js';
import { LeaseLostError, type Claim, type Held } from '../port.js';
import type { Database, Statement } from './driver.js';

interface Row {
  readonly id: string;
  readonly snapshot: string | null;
  readonly entry: string | null;
  readonly owner: string | null;
}

interface Owner {
  readonly boot: string;
  readonly steady: number;
  readonly date: number;
}

/** Numbered parameters would be shorter, but better-sqlite3 has none. */
const OWN = 'WHERE id = ? AND generation = coalesce(?, generation)';

export class Tables {
  readonly #machine: Machine;
  readonly #statements: ReturnType<typeof prepare>;
  /** When the owners of this process were last written, on the steady clock of the machine. */
  readonly #registered = new Map<string, number>();

  constructor(database: Database, machine: Machine) {
    this.#machine = machine;
    this.#statements = prepare(database);
  }

  get(activityId: string): string | undefined {
    const row = this.#statements.get.get(keyOf(activityId)) as Row | undefined;
    return row?.snapshot ?? undefined;
  }

  set(activityId: string, snapshot: string, generation?: number): void {
    const { set, insert } = this.#statements;
    const key = keyOf(activityId);
    if (generation === undefined) insert.run(key, snapshot, null);
    else expectOne(set.run(snapshot, key, generation));
  }

  delete(activityId: string, generation?: number): void {
    const { set, tidy } = this.#statements;
    const key = keyOf(activityId);
    const done = set.run(null, key, generation ?? null);
    if (generation !== undefined) expectOne(done);
    else tidy.run(key);
  }

  open(entry: LedgerEntry, generation?: number): void {
    const { open, insert } = this.#statements;
    const key = keyOf(entry.activityId);
    const text = JSON.stringify(entry);
    if (generation === undefined) insert.run(key, null, text);
    else expectOne(open.run(text, key, generation));
  }

  close(activityId: string, generation?: number): void {
    const { close, tidy } = this.#statements;
    const key = keyOf(activityId);
    const done = close.run(key, generation ?? null);
    if (generation !== undefined) expectOne(done);
    tidy.run(key);
  }

  list(): LedgerEntry[] {
    const rows = this.#statements.list.all() as (Row & Partial<Owner>)[];
    return rows.map(({ entry, snapshot, owner, date }) => ({
      ...(JSON.parse(entry as string) as LedgerEntry),
      ...(snapshot !== null && { details: snapshot }),
      ...(owner !== null && typeof date === 'number' && { heldBy: owner, heldUntil: date }),
    }));
  }

  claim(activityId: string, owner: string, ttlMs: number): Claim | Held {
    const { find, claim, next } = this.#statements;
    const key = keyOf(activityId);
    const row = find.get(key) as Row | undefined;
    const holder = row?.owner ?? owner;
    if (holder !== owner) {
      const held = this.#heldBy(holder);
      if (held !== undefined) return held;
    }
    this.#register(owner, ttlMs);
    const { value: generation } = next.get() as { readonly value: number };
    claim.run(key, owner, generation);
    const entry = row?.entry ?? undefined;
    return { generation, ...(entry !== undefined && { entry: JSON.parse(entry) as LedgerEntry }) };
  }

  /** Who holds what belongs to an owner. An owner that is gone is forgotten, with all its claims. */
  #heldBy(owner: string): Held | undefined {
    const { findOwner, forget } = this.#statements;
    const lease = findOwner.get(owner) as Owner | undefined;
    if (lease === undefined) return undefined;
    const isOver = remainingMs(lease, this.#machine.now()) <= 0;
    if (!isOver && !this.#machine.isDead(owner)) return { heldBy: owner, until: lease.date };
    forget.run(owner);
    return undefined;
  }

  /** Begins the lease of an owner, or renews it when a third of its time has passed. */
  #register(owner: string, ttlMs: number): void {
    const { boot, steady, date } = this.#machine.now();
    if (steady < (this.#registered.get(owner) ?? -Infinity) + ttlMs / 3) return;
    this.#statements.register.run(owner, boot, steady + ttlMs, date + ttlMs);
    this.#registered.set(owner, steady);
  }

  /** Renews all claims of an owner. If another owner has found it gone, it has lost all of them. */
  renew(owner: string, ttlMs: number): readonly string[] | undefined {
    const { steady, date } = this.#machine.now();
    const { changes } = this.#statements.renew.run(steady + ttlMs, date + ttlMs, owner);
    if (Number(changes) > 0) return undefined;
    this.#registered.delete(owner);
    return [];
  }

  release(activityId: string, generation: number): void {
    const { release, tidy } = this.#statements;
    const key = keyOf(activityId);
    release.run(key, generation);
    tidy.run(key);
  }

  /** Removes owners that are gone. */
  prune(): void {
    const { owners, forget } = this.#statements;
    for (const { owner, ...lease } of owners.all() as (Owner & { readonly owner: string })[]) {
      const isOver = remainingMs(lease, this.#machine.now()) <= 0;
      if (isOver || this.#machine.isDead(owner)) forget.run(owner);
    }
  }
}

function prepare(database: Database) {
  const sql = (text: string): Statement => database.prepare(text);
  const table = 'systole_activities';
  return {
    get: sql(`SELECT snapshot FROM ${table} WHERE id = ?`),
    find: sql(`SELECT id, snapshot, entry, owner FROM ${table} WHERE id = ?`),
    set: sql(`UPDATE ${table} SET snapshot = ? ${OWN}`),
    open: sql(`UPDATE ${table} SET entry = ? ${OWN}`),
    close: sql(`UPDATE ${table} SET entry = NULL, owner = NULL ${OWN}`),
    release: sql(`UPDATE ${table} SET owner = NULL ${OWN}`),
    insert: sql(
      `INSERT INTO ${table} (id, snapshot, entry) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET
       snapshot = coalesce(excluded.snapshot, snapshot), entry = coalesce(excluded.entry, entry)`,
    ),
    tidy: sql(
      `DELETE FROM ${table} WHERE id = ? AND snapshot IS NULL AND entry IS NULL AND owner IS NULL`,
    ),
    list: sql(
      `SELECT snapshot, entry, owner, date FROM ${table} LEFT JOIN systole_owners USING (owner)
       WHERE entry IS NOT NULL ORDER BY generation, id`,
    ),
    claim: sql(
      `INSERT INTO ${table} (id, owner, generation) VALUES (?, ?, ?) ON CONFLICT (id)
       DO UPDATE SET owner = excluded.owner, generation = excluded.generation`,
    ),
    next: sql(
      "UPDATE systole_meta SET value = value + 1 WHERE name = 'generation' RETURNING value",
    ),
    findOwner: sql('SELECT boot, steady, date FROM systole_owners WHERE owner = ?'),
    owners: sql('SELECT owner, boot, steady, date FROM systole_owners'),
    forget: sql('DELETE FROM systole_owners WHERE owner = ?'),
    register: sql('INSERT OR REPLACE INTO systole_owners VALUES (?, ?, ?, ?)'),
    renew: sql('UPDATE systole_owners SET steady = ?, date = ? WHERE owner = ?'),
  };
}

/** The id as text that SQLite keeps exactly: without NUL, and without half a surrogate pair. */
function keyOf(activityId: string): string {
  return JSON.stringify(activityId);
}

function expectOne({ changes }: { readonly changes: number | bigint }): void {
  if (Number(changes) === 0) throw new LeaseLostError('another process has taken it over');
}
