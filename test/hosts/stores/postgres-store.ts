// postgres-store.ts
import type { LedgerEntry } from 'systole';
import { durableStore, LeaseLostError, type LedgerStore } from 'systole/durable';

/** A pool of `pg`, or another client with this method. */
export interface Database {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

interface Row {
  id: string;
  snapshot: string | null;
  entry: string | null;
  owner: string | null;
  until: string; // in milliseconds since the Unix epoch
  generation: string;
}

export const tables = [
  'CREATE SEQUENCE IF NOT EXISTS activity_claims',
  `CREATE TABLE IF NOT EXISTS activities (id text PRIMARY KEY, snapshot text, entry text,
     owner text, until timestamptz, generation bigint NOT NULL)`,
];
const COLUMNS = 'id, snapshot, entry, owner, extract(epoch FROM until) * 1000 AS until, generation';

export function postgresStore(database: Database): LedgerStore {
  const query = async (text: string, ...values: unknown[]): Promise<Row[]> =>
    (await database.query(text, values)).rows as Row[];
  const key = (id: string): string => JSON.stringify(id); // Postgres text has no NUL
  const entryOf = ({ entry }: Row): LedgerEntry => JSON.parse(entry!) as LedgerEntry;

  /** Changes a row, unless a later claim was made. Removes it if nothing is left in it. */
  async function change(id: string, set: string, generation?: number, ...value: string[]) {
    const changed = await query(
      `UPDATE activities SET ${set}
       WHERE id = $1 AND generation = coalesce($2, generation) RETURNING id`,
      key(id),
      generation,
      ...value,
    );
    await query(
      `DELETE FROM activities
       WHERE id = $1 AND snapshot IS NULL AND entry IS NULL AND owner IS NULL`,
      key(id),
    );
    return changed.length > 0 || generation === undefined;
  }

  async function write(...args: Parameters<typeof change>): Promise<void> {
    if (!(await change(...args))) throw new LeaseLostError('another process has taken it over');
  }

  return durableStore<LedgerStore>({
    get: async (id) =>
      (await query(`SELECT ${COLUMNS} FROM activities WHERE id = $1`, key(id)))[0]?.snapshot,
    set: (id, snapshot, generation) => write(id, 'snapshot = $3', generation, snapshot),
    delete: (id, generation) => write(id, 'snapshot = NULL', generation),
    open: (entry, generation) =>
      write(entry.activityId, 'entry = $3', generation, JSON.stringify(entry)),
    close: (id, generation) => write(id, 'entry = NULL, owner = NULL', generation),
    list: async () => {
      const rows = await query(
        `SELECT ${COLUMNS} FROM activities WHERE entry IS NOT NULL ORDER BY generation`,
      );
      return rows.map((row) => ({
        ...entryOf(row),
        ...(row.snapshot !== null && { details: row.snapshot }),
        ...(row.owner !== null && { heldBy: row.owner, heldUntil: Number(row.until) }),
      }));
    },
    claim: async (id, owner, ttlMs) => {
      for (;;) {
        const [claimed] = await query(
          `INSERT INTO activities AS old (id, owner, until, generation)
           VALUES ($1, $2, now() + $3 * interval '1 ms', nextval('activity_claims'))
           ON CONFLICT (id) DO UPDATE
           SET owner = $2, until = excluded.until, generation = nextval('activity_claims')
           WHERE old.owner IS NULL OR old.owner = $2 OR old.until <= now()
           RETURNING ${COLUMNS}`,
          key(id),
          owner,
          ttlMs,
        );
        if (claimed !== undefined) {
          const generation = Number(claimed.generation);
          return { generation, ...(claimed.entry !== null && { entry: entryOf(claimed) }) };
        }
        const [held] = await query(
          `SELECT ${COLUMNS} FROM activities WHERE id = $1 AND owner IS NOT NULL`,
          key(id),
        );
        if (held !== undefined) return { heldBy: held.owner!, until: Number(held.until) };
      }
    },
    renew: async (owner, ttlMs) => {
      const rows = await query(
        `UPDATE activities SET until = now() + $2 * interval '1 ms' WHERE owner = $1 RETURNING id`,
        owner,
        ttlMs,
      );
      return rows.map(({ id }) => JSON.parse(id) as string);
    },
    release: (id, generation) => change(id, 'owner = NULL', generation),
  });
}
