/** Everything that goes wrong: a table refuses a row, and a source hangs and wakes up as a zombie. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityContext } from 'systole';
import type { Row } from './dataset.js';
import { count, type Say } from './narrate.js';
import { Table } from './table.js';

type Context = ActivityContext<{ row: number }>;
type RowSource = (from: number) => AsyncIterable<Row>;

/** Each problem happens once, after this many rows. */
const THROW_AFTER = 3_000;
const HANG_AFTER = 6_000;
const WAKE_UP_AFTER = 8_000;

/** The source is slow, so that there is time for heartbeats. */
const ROWS_AT_ONCE = 100;
const PAUSE_MS = 15;

class UnreliableTable extends Table {
  hasThrown = false;

  override insert(row: Row): void {
    if (!this.hasThrown && this.rows.length === THROW_AFTER) {
      this.hasThrown = true;
      throw new Error('the table is locked');
    }
    super.insert(row);
  }
}

export class BadDay {
  readonly table = new UnreliableTable();
  readonly #rowsFrom: RowSource;
  readonly #say: Say;
  readonly #troubles = new Map<number, (ctx: Context) => Promise<void>>([
    [HANG_AFTER, (ctx) => this.#hang(ctx)],
    [WAKE_UP_AFTER, () => this.#wakeUpZombie()],
  ]);
  /** Ends the hang. */
  #wakeUp = (): void => {};

  constructor(rowsFrom: RowSource, say: Say) {
    this.#rowsFrom = rowsFrom;
    this.#say = say;
  }

  /** What one attempt reads from. */
  rowsFor(ctx: Context): RowSource {
    return (from) => this.#read(ctx, from);
  }

  /** @throws Error if anything that should have gone wrong has not */
  assertOver(): void {
    const left = [...(this.table.hasThrown ? [] : [THROW_AFTER]), ...this.#troubles.keys()];
    if (left.length > 0)
      throw new Error(`Nothing went wrong after row ${left.map(count).join(', ')}`);
  }

  async *#read(ctx: Context, from: number): AsyncGenerator<Row, void> {
    this.#say(ctx.info.attempt, `continues after row ${count(from)}`);
    let row = from;
    for await (const record of this.#rowsFrom(from)) {
      if (row % ROWS_AT_ONCE === 0) await sleep(PAUSE_MS);
      const trouble = this.#troubles.get(row);
      this.#troubles.delete(row);
      await trouble?.(ctx);
      yield record;
      row++;
    }
  }

  /** Hangs like code that knows nothing of `ctx.signal`, and then continues as if nothing happened. */
  async #hang(ctx: Context): Promise<void> {
    const { attempt } = ctx.info;
    this.#say(attempt, 'hangs: no row, no heartbeat');
    await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#say(attempt, 'WAKES UP LATE: heartbeats { row: 0 }, then continues to its next insert');
    ctx.heartbeat({ row: 0 });
  }

  /**
   * Fails the running attempt right after the zombie's heartbeat and before its own next one. So the
   * next attempt shows whose details count.
   */
  async #wakeUpZombie(): Promise<void> {
    this.#wakeUp();
    await sleep(50);
    throw new Error('connection reset');
  }
}
