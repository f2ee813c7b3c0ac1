/** What the page knows of the runtime. */
import type { Changes, Counts, Row } from '../messages.js';

export const ORDERS = ['as scheduled', 'next limit first'] as const;

export interface Filter {
  /** Words of the type or the id; empty for all. */
  readonly text: string;
  /** The state that is shown; empty for all. */
  readonly state: string;
  readonly type: string;
  readonly order: (typeof ORDERS)[number];
}

export class Model {
  readonly rows = new Map<string, Row>();
  counts: Counts | undefined;
  /** How far the clock of the program is ahead of ours, in milliseconds. */
  aheadMs = 0;
  /** The number of open activities of each type. */
  readonly types = new Map<string, number>();

  /** @param now our wall time in milliseconds */
  apply({ now: theirs, counts, fresh = false, rows = [], gone = [] }: Changes, now: number): void {
    if (fresh) {
      this.rows.clear();
      this.types.clear();
    }
    this.counts = counts;
    this.aheadMs = theirs - now;
    for (const id of gone) {
      const row = this.rows.get(id);
      if (row !== undefined) this.#count(row.type, -1);
      this.rows.delete(id);
    }
    for (const row of rows) {
      const before = this.rows.get(row.id);
      if (before?.type !== row.type) {
        if (before !== undefined) this.#count(before.type, -1);
        this.#count(row.type, 1);
      }
      this.rows.set(row.id, row);
    }
  }

  select({ text, state, type, order }: Filter): Row[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found: Row[] = [];
    for (const row of this.rows.values()) {
      if (state !== '' && row.state !== state) continue;
      if (type !== '' && row.type !== type) continue;
      const name = words.length === 0 ? '' : `${row.type} ${row.id}`.toLowerCase();
      if (words.every((word) => name.includes(word))) found.push(row);
    }
    if (order === 'next limit first') found.sort((a, b) => nextOf(a) - nextOf(b));
    else found.sort((a, b) => a.scheduledAt - b.scheduledAt);
    return found;
  }

  #count(type: string, change: number): void {
    const count = (this.types.get(type) ?? 0) + change;
    if (count > 0) this.types.set(type, count);
    else this.types.delete(type);
  }
}

/** Later than any time, and still a number that can be compared. */
const NEVER = Number.MAX_SAFE_INTEGER;

function nextOf({ limit, nextAt = NEVER }: Row): number {
  return Math.min(limit?.at ?? NEVER, nextAt);
}
