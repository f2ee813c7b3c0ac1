/** A user's own store with a ledger and leases, in memory. Several runtimes may share one. */
import { durableStore, LeaseLostError, type LedgerStore } from '../../src/durable.js';
import type { LedgerEntry } from '../../src/index.js';

interface Row {
  snapshot?: string | undefined;
  entry?: LedgerEntry | undefined;
  owner?: string | undefined;
  until: number;
  generation: number;
}

/** What is on the disk. `now` is its clock, and `log` has the calls that changed something. */
export class MemoryDisk {
  readonly rows = new Map<string, Row>();
  readonly log: string[] = [];
  now: () => number = () => 0;
  /** Thrown by every method while set. */
  failure: Error | undefined;
  #generation = 0;

  /** The store of one process. */
  store(): LedgerStore {
    const row = (id: string): Row => {
      const found = this.rows.get(id) ?? { until: 0, generation: 0 };
      this.rows.set(id, found);
      return found;
    };
    const change = (id: string, what: string, generation?: number): Row => {
      if (this.failure !== undefined) throw this.failure;
      const found = row(id);
      if (generation !== undefined && found.generation !== generation) {
        throw new LeaseLostError(`generation ${generation} is over`);
      }
      this.log.push(`${what} ${id}`);
      return found;
    };
    const tidy = (id: string): void => {
      const { snapshot, entry, owner } = row(id);
      if (snapshot === undefined && entry === undefined && owner === undefined)
        this.rows.delete(id);
    };
    return durableStore({
      get: (id: string) => this.rows.get(id)?.snapshot,
      set: (id: string, snapshot: string, generation?: number) => {
        change(id, `set ${snapshot.slice(0, 20)}`, generation).snapshot = snapshot;
      },
      delete: (id: string, generation?: number) => {
        change(id, 'delete', generation).snapshot = undefined;
        tidy(id);
      },
      open: (entry: LedgerEntry, generation?: number) => {
        const { activityId, attempt, runState } = entry;
        change(activityId, `open ${attempt} ${runState}`, generation).entry = entry;
      },
      close: (id: string, generation?: number) => {
        const found = change(id, 'close', generation);
        found.entry = found.owner = undefined;
        tidy(id);
      },
      list: () =>
        [...this.rows.values()].flatMap(({ entry, snapshot, owner, until }) =>
          entry === undefined
            ? []
            : [{ ...entry, details: snapshot, heldBy: owner, heldUntil: until }],
        ),
      claim: (id: string, owner: string, ttlMs: number) => {
        const found = row(id);
        if (found.owner !== undefined && found.owner !== owner && found.until > this.now()) {
          return { heldBy: found.owner, until: found.until };
        }
        const generation = ++this.#generation;
        Object.assign(found, { owner, generation, until: this.now() + ttlMs });
        return { generation, entry: found.entry };
      },
      renew: (owner: string, ttlMs: number) => {
        if (this.failure !== undefined) throw this.failure;
        const own = [...this.rows].filter(([, found]) => found.owner === owner);
        for (const [, found] of own) found.until = this.now() + ttlMs;
        return own.map(([id]) => id);
      },
      release: (id: string, generation: number) => {
        const found = this.rows.get(id);
        if (found?.generation !== generation) return;
        found.owner = undefined;
        this.log.push(`release ${id}`);
        tidy(id);
      },
    });
  }
}
