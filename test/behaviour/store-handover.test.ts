/** A run of an activity id that another run has just left while its last write is in progress. */
import { describe, expect, test } from 'vitest';
import type { ActivityContext, HeartbeatStore } from '../../src/index.js';
import { Harness } from '../support/harness.js';
import { failureOf } from '../support/outcomes.js';

/** A store whose calls take time on the clock of the harness and are recorded. */
class SlowStore implements HeartbeatStore {
  readonly map = new Map<string, string>();
  readonly log: string[] = [];
  /** The number of next writes that fail. */
  failures = 0;
  under = 0;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(wait: (ms: number) => Promise<void>) {
    this.#wait = wait;
  }

  async get(id: string): Promise<string | undefined> {
    expect(this.under, 'nothing is read while it is written').toBe(0);
    await this.#wait(2);
    this.log.push(`get ${this.map.get(id)}`);
    return this.map.get(id);
  }

  async set(id: string, text: string): Promise<void> {
    await this.#write(40);
    this.log.push(`set ${text}`);
    this.map.set(id, text);
  }

  async delete(id: string): Promise<void> {
    await this.#write(30);
    this.log.push('delete');
    this.map.delete(id);
  }

  async #write(ms: number): Promise<void> {
    expect(this.under, 'writes do not overlap').toBe(0);
    this.under++;
    await this.#wait(ms);
    this.under--;
    if (this.failures-- > 0) {
      this.log.push('failed');
      throw new Error('disk');
    }
  }
}

function make(): { h: Harness; store: SlowStore } {
  let h: Harness | undefined = undefined as Harness | undefined;
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => h?.clock.setTimer(resolve, ms));
  const store = new SlowStore(wait);
  h = new Harness({ store });
  return { h, store };
}

const IMMEDIATE = {
  activityId: 'id',
  heartbeatThrottleInterval: 0,
  cancellationDelivery: 'immediate',
} as const;

const exportRows = async (ctx: ActivityContext<number>, rows: readonly string[]) => {
  const done: string[] = [];
  for (let row = ctx.heartbeatDetails ?? 0; row < rows.length; row++) {
    await ctx.sleep(1);
    done.push(rows[row] ?? '');
    ctx.heartbeat(row + 1);
  }
  return done;
};

test('a run that a listener of completed starts begins from the beginning', async () => {
  const { h, store } = make();
  const second: { outcome: unknown }[] = [];
  h.engine.events.add(
    'completed',
    () => {
      if (second.length === 0) {
        second.push(h.watch(h.run(exportRows, { ...IMMEDIATE, args: [['x', 'y']] })));
      }
    },
    false,
  );
  const first = h.watch(h.run(exportRows, { ...IMMEDIATE, args: [['a', 'b']] }));
  await h.advance(1_000);
  expect(first.outcome).toMatchObject({ value: ['a', 'b'] });
  expect(second).toMatchObject([{ outcome: { value: ['x', 'y'] } }]);
  expect(store.map.size).toBe(0);
});

test('calls that keep coming never skip a row', async () => {
  const { h, store } = make();
  const rows = ['a', 'b', 'c'];
  const runs = [];
  for (let call = 0; call < 200; call++) {
    const joined = { ...IMMEDIATE, idConflictPolicy: 'USE_EXISTING', args: [rows] } as const;
    runs.push(h.watch(h.run(exportRows, joined)));
    await h.advance(3);
  }
  await h.advance(1_000);
  for (const { outcome } of runs) expect(outcome).toMatchObject({ value: rows });
  expect(store.map.size).toBe(0);
});

describe.each(['cancel', 'terminate'] as const)('after %s, before its last write', (how) => {
  test('the next run resumes from the newest details, or from none', async () => {
    const { h, store } = make();
    const handle = h.start(async (ctx: ActivityContext<number>) => {
      for (let row = 1; ; row++) {
        await ctx.sleep(10);
        ctx.heartbeat(row);
      }
    }, IMMEDIATE);
    await h.advance(75);
    handle[how]();
    h.watch(handle.result());
    await handle.settled();
    const next = h.watch(
      h.run((ctx: ActivityContext<number>) => ctx.heartbeatDetails ?? 'nothing', IMMEDIATE),
    );
    await h.advance(1_000);
    expect(next.outcome).toMatchObject({ value: how === 'cancel' ? 7 : 'nothing' });
    expect(store.map.size).toBe(0);
  });

  test('a run that is terminated while it waits for that write leaves nothing behind', async () => {
    const { h, store } = make();
    const first = h.start((ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      return ctx.sleep(1_000);
    }, IMMEDIATE);
    h.watch(first.result());
    await h.advance(3);
    first[how]();
    await h.turn();
    const second = h.start(() => 'never called', IMMEDIATE);
    const over = h.watch(second.result());
    await h.advance(5);
    second.terminate();
    await h.advance(1_000);
    expect(failureOf(over).attempt).toBe(0);
    expect(store.map.size).toBe(0);
    expect(store.log.filter((line) => line.startsWith('get'))).toEqual(['get undefined']);
    const third = h.watch(
      h.run((ctx: ActivityContext<number>) => ctx.hasHeartbeatDetails, IMMEDIATE),
    );
    await h.advance(1_000);
    expect(third.outcome).toMatchObject({ value: false });
  });
});

describe('a failed last write', () => {
  const reportsOnce = (ctx: ActivityContext<number>): Promise<void> => {
    ctx.heartbeat(5);
    return ctx.sleep(100);
  };

  test('is repeated once', async () => {
    const { h, store } = make();
    const first = h.watch(h.run(exportRows, { ...IMMEDIATE, args: [['a']] }));
    await h.advance(10);
    store.failures = 1; // the set in progress; the delete comes afterwards
    await h.advance(200);
    expect(first.outcome).toMatchObject({ value: ['a'] });
    expect(store.log).toEqual(['get undefined', 'failed', 'delete']);

    store.log.length = 0;
    const second = h.watch(h.run(exportRows, { ...IMMEDIATE, args: [[]] }));
    await h.advance(100);
    expect(second.outcome).toMatchObject({ value: [] });

    const third = h.start(reportsOnce, IMMEDIATE);
    await h.advance(60);
    store.failures = 1;
    await h.advance(400);
    await expect(third.result()).resolves.toBeUndefined();
    expect(store.log.slice(-2)).toEqual(['failed', 'delete']);
    expect(store.map.size).toBe(0);
  });

  test('is given up afterwards: the caller is told, and the next run finds the stored details', async () => {
    const { h, store } = make();
    const first = h.start(reportsOnce, IMMEDIATE);
    await h.advance(60);
    store.failures = 2;
    await h.advance(1_000);
    await expect(first.result()).resolves.toBeUndefined();
    expect(store.log.slice(-2)).toEqual(['failed', 'failed']);
    const second = h.watch(
      h.run((ctx: ActivityContext<number>) => ctx.heartbeatDetails, IMMEDIATE),
    );
    await h.advance(1_000);
    expect(second.outcome).toMatchObject({ value: 5 });
  });
});

test('shutdown waits for the last writes', async () => {
  const { h, store } = make();
  h.watch(
    h.run((ctx: ActivityContext<number>) => {
      ctx.heartbeat(1);
      return ctx.cancelled;
    }, IMMEDIATE),
  );
  await h.advance(3);
  const over = h.watch(h.engine.shutdown());
  await h.advance(35);
  expect(over.outcome).toEqual({ state: 'pending' });
  await h.advance(20);
  expect(over.outcome).toMatchObject({ state: 'resolved' });
  expect(store.map.size).toBe(1);
});
