import type { Row } from './dataset.js';

/** A table that takes every row, and counts how often each one came. */
export class Table {
  /** All imported rows in their order, with duplicates. */
  readonly rows: Row[] = [];
  readonly #insertsById = new Map<string, number>();

  insert(row: Row): void {
    this.rows.push(row);
    this.#insertsById.set(row.id, this.insertsOf(row.id) + 1);
  }

  insertsOf(id: string): number {
    return this.#insertsById.get(id) ?? 0;
  }
}
