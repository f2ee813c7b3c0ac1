/** The rows of a transaction: they are read first, changed in memory, and written at the end. */
import type { LedgerEntry } from '../../runtime/shared/ledger.js';
import { LeaseLostError, type Claim } from '../port.js';

/** What the database keeps of one activity. */
export interface Row {
  readonly snapshot?: string | undefined;
  readonly entry?: LedgerEntry | undefined;
  readonly owner?: string | undefined;
  /** The number of the last claim; 0 if there was none. */
  readonly generation: number;
}

/** The answer to a claim on an activity that has another owner, who may be gone. */
interface Owned {
  readonly owner: string;
  readonly generation: number;
}

const EMPTY: Row = { generation: 0 };

export class Rows {
  readonly #before: ReadonlyMap<string, Row>;
  readonly #now: Map<string, Row>;
  /** The number of the last claim of all. */
  generation: number;

  constructor(found: ReadonlyMap<string, Row>, generation: number) {
    this.#before = found;
    this.#now = new Map(found);
    this.generation = generation;
  }

  /** The rows that have changed. Those without a value should be removed. */
  *changes(): Generator<readonly [id: string, row: Row | undefined]> {
    for (const [id, row] of this.#now) {
      if (row === (this.#before.get(id) ?? EMPTY)) continue;
      const { snapshot, entry, owner } = row;
      const isEmpty = snapshot === undefined && entry === undefined && owner === undefined;
      yield [id, isEmpty ? undefined : row];
    }
  }

  get(id: string): string | undefined {
    return this.#of(id).snapshot;
  }

  /** @throws LeaseLostError if the generation is that of an earlier claim */
  change(id: string, change: Partial<Row>, generation: number | undefined): void {
    const row = this.#of(id);
    if (generation !== undefined && row.generation !== generation) {
      throw new LeaseLostError('another tab has taken it over');
    }
    this.#now.set(id, { ...row, ...change });
  }

  release(id: string, generation: number): void {
    const row = this.#of(id);
    if (row.generation === generation) this.#now.set(id, { ...row, owner: undefined });
  }

  /** @param gone a claim whose owner is gone */
  claim(id: string, owner: string, gone: number | undefined): Claim | Owned {
    const row = this.#of(id);
    const { entry, owner: holder = owner } = row;
    if (holder !== owner && row.generation !== gone) {
      return { owner: holder, generation: row.generation };
    }
    const generation = ++this.generation;
    this.#now.set(id, { ...row, owner, generation });
    return { generation, ...(entry !== undefined && { entry }) };
  }

  list(): readonly Row[] {
    const rows = [...this.#now.values()].filter(({ entry }) => entry !== undefined);
    return rows.sort((one, other) => one.generation - other.generation);
  }

  #of(id: string): Row {
    return this.#now.get(id) ?? EMPTY;
  }
}
