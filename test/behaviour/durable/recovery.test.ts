/** `recover()` when something goes wrong meanwhile, and what it keeps of an activity's past. */
import { describe, expect, test } from 'vitest';
import {
  ActivityStateError,
  type ActivityContext,
  type LedgerEntry,
  type RecoverOptions,
} from '../../../src/index.js';
import type { Execution } from '../../../src/runtime/activity/execution.js';
import { updateOptions } from '../../../src/runtime/activity/update-options.js';
import { describe as describeActivity } from '../../../src/runtime/description.js';
import { workerPool } from '../../../src/workers.js';
import { never, type Harness } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die, processOn } from '../../support/processes.js';

const fail = (): never => {
  throw new Error('no');
};

/** Starts activities with these ids in a process that dies. */
async function leave(disk: MemoryDisk, ...ids: string[]): Promise<void> {
  const h = processOn(disk);
  for (const activityId of ids) void h.run(never, { activityId, activityType: 'never' });
  await h.turn();
  die(disk);
  disk.log.length = 0;
}

describe('recover', () => {
  test('starts each entry once, although two run at once', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'a', 'b');
    const h = processOn(disk);
    const both = await Promise.all([h.engine.recover({ never }), h.engine.recover({ never })]);
    expect(both.flatMap(({ recovered }) => recovered)).toHaveLength(2);
    await h.turn();
    expect(disk.log.filter((line) => line.includes('STARTED'))).toEqual([
      'open 1 STARTED a',
      'open 1 STARTED b',
    ]);
    expect(h.engine.stats()).toMatchObject({ running: 2 });
  });

  test('starts the others, although one cannot be claimed', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'a', 'b');
    const h = processOn(disk, {}, (store) => ({
      claim: (id: string, owner: string, ttlMs: number) => {
        if (id === 'a') throw new Error('disk');
        return store.claim?.(id, owner, ttlMs);
      },
    }));
    const { recovered, unknown } = await h.engine.recover({ never });
    expect(recovered.map(({ activityId }) => activityId)).toEqual(['b']);
    expect(unknown).toMatchObject([{ activityId: 'a', reason: 'cannot be claimed: disk' }]);
  });

  test('is waited for by a shutdown', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'a');
    let answer = (): void => {};
    const h = processOn(disk, {}, (store) => ({
      list: async () => {
        await new Promise<void>((resolve) => (answer = resolve));
        return store.list();
      },
    }));
    const recovering = h.watch(h.engine.recover({ never }));
    const over = h.watch(h.engine.shutdown());
    await h.turn();
    expect(over.outcome.state).toBe('pending');
    answer();
    await h.turn();
    expect([over.outcome.state, recovering.outcome.state]).toEqual(['resolved', 'rejected']);
  });

  test('resolves when the details of what it has started have been read, also if paused', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const report = (ctx: ActivityContext<number>): Promise<never> => {
      ctx.heartbeat(5);
      return ctx.cancelled;
    };
    for (const activityId of ['a', 'paused', 'broken']) {
      first
        .start(report, { activityId, activityType: 'report' })
        .result()
        .catch(() => {});
    }
    await first.turn();
    die(disk);
    const { entry } = disk.rows.get('paused')!;
    disk.rows.get('paused')!.entry = { ...entry!, runState: 'PAUSED' };
    const h = processOn(disk, {}, (store) => ({
      get: async (id: string) => {
        for (let n = 0; n < 50; n++) await Promise.resolve();
        if (id === 'broken') throw new Error('disk');
        return store.get(id);
      },
    }));
    const { recovered } = await h.engine.recover({ report });
    expect(
      recovered.map((one) => [one.activityId, describeActivity(one).heartbeatDetails]),
    ).toEqual([
      ['a', 5],
      ['paused', 5],
      ['broken', undefined],
    ]);
  });

  test('warns once for each type and reason of what it cannot run, and not of what others run', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'a', 'b', 'c', 'd', 'held');
    const change = (id: string, entry: Partial<LedgerEntry>): void => {
      const row = disk.rows.get(id)!;
      row.entry = { ...row.entry!, ...entry };
    };
    change('c', { activityType: 'other' });
    change('d', { version: 99 });
    Object.assign(disk.rows.get('held')!, { owner: 'another', until: Infinity });
    const h = processOn(disk);
    const { unknown } = await h.engine.recover({}, { every: '10s' });
    expect(unknown).toHaveLength(5);
    await h.advance(35_000);
    await h.engine.recover({});
    expect(h.logs).toEqual([
      {
        level: 'warn',
        message:
          'recover: 2 entries of the type "never" cannot be run here and stay in the ledger. "a" has ' +
          'the type "never", which recover() was not given. Pass its function to recover(), or ' +
          'remove what nobody needs: store.close(activityId).',
        attributes: { activityType: 'never', entries: 2 },
      },
      {
        level: 'warn',
        message: expect.stringContaining('1 entry of the type "other"') as unknown,
        attributes: { activityType: 'other', entries: 1 },
      },
      {
        level: 'warn',
        message: expect.stringContaining('Update systole in this program') as unknown,
        attributes: { activityType: 'never', entries: 1 },
      },
    ]);
  });

  test('finds the functions that it was given, and not those of every object', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    for (const activityType of ['toString', 'work', 'inherited']) {
      void first.run(never, { activityId: activityType, activityType });
    }
    await first.turn();
    die(disk);
    const activities = Object.assign(Object.create({ inherited: never }) as object, {
      work: never,
    });
    const { recovered, unknown } = await processOn(disk).engine.recover(activities);
    expect(recovered.map(({ activityId }) => activityId)).toEqual(['work']);
    expect(unknown.map(({ activityId }) => activityId)).toEqual(['toString', 'inherited']);
  });

  test('does not run what a pool does not export', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    for (const activityType of ['other', 'add']) {
      void first.run(never, { activityId: activityType, activityType });
    }
    await first.turn();
    die(disk);
    const pool = workerPool('data:text/javascript,export const add = () => {}', { execArgv: [] });
    expect(pool.activities['other']).toBeTypeOf('function');
    const { recovered, unknown } = await processOn(disk).engine.recover(pool.activities);
    expect(recovered.map(({ activityId }) => activityId)).toEqual(['add']);
    expect(unknown.map(({ activityId }) => activityId)).toEqual(['other']);
    await pool.close();
  });

  test('keeps the interval of each call until the shutdown', async () => {
    const disk = new MemoryDisk();
    let lists = 0;
    const h = processOn(disk, {}, (store) => ({
      list: () => {
        lists++;
        return store.list();
      },
    }));
    await h.engine.recover({ one: never }, { every: '10s' });
    await h.engine.recover({ two: never }, { every: '15s' });
    const first = processOn(disk);
    for (const activityType of ['one', 'two']) {
      void first.run(never, { activityId: activityType, activityType });
    }
    await first.turn();
    die(disk);
    const running = (): string[] => h.of('started').map(({ activityType }) => activityType);
    await h.advance(10_000);
    expect(running()).toEqual(['one']);
    await h.advance(5_000);
    expect(running()).toEqual(['one', 'two']);
    void h.engine.shutdown();
    lists = 0;
    await h.advance(60_000);
    expect(lists).toBe(0);
  });

  test('waits at most 5 s for a store that does not answer', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'a');
    const h = processOn(disk, {}, () => ({ get: () => new Promise(() => {}) }));
    const recovering = h.watch(h.engine.recover({ never }));
    await h.advance(4_999);
    expect(recovering.outcome.state).toBe('pending');
    await h.advance(1);
    expect(recovering.outcome).toMatchObject({ value: { recovered: [{ activityId: 'a' }] } });
  });

  test.each([
    [[never], {}, 'recover: received an array of 1; expected an object of activity functions'],
    [5, {}, 'recover: received 5; expected an object of activity functions'],
    [{ never: 1 }, {}, 'recover never: received 1; expected a function'],
    [{ never }, { every: 0 }, 'recover every: received 0; expected a finite duration above 0'],
    [{ never }, { every: Infinity }, 'recover every: received Infinity; expected a finite'],
    [{ never }, { every: 'soon' }, 'recover every: received "soon"'],
    [{ never }, { countCrashes: 1 }, 'recover countCrashes: received 1; expected true or false'],
  ])('refuses %o with %o', (activities, options, message) => {
    const h = processOn(new MemoryDisk());
    const recover = (): unknown =>
      h.engine.recover(activities as object, options as RecoverOptions);
    expect(recover).toThrow(TypeError);
    expect(recover).toThrow(message);
  });
});

describe('while an activity is recovered, its entry says at any time', () => {
  /** All entries that are written for the activity from now on. */
  const entriesOf = (disk: MemoryDisk): { entries: LedgerEntry[]; h: Harness } => {
    const entries: LedgerEntry[] = [];
    const h = processOn(disk, {}, (store) => ({
      open: (entry: LedgerEntry, generation?: number) => {
        entries.push(entry);
        return store.open(entry, generation);
      },
    }));
    return { entries, h };
  };

  test('that it is paused', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'x');
    const row = disk.rows.get('x')!;
    row.entry = { ...row.entry!, runState: 'PAUSE_REQUESTED' };
    const { entries, h } = entriesOf(disk);
    await h.engine.recover({ never });
    await h.turn();
    expect(entries.map(({ runState }) => runState)).toEqual(['PAUSED']);
  });

  test('that it was asked to cancel', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'x');
    const row = disk.rows.get('x')!;
    row.entry = { ...row.entry!, runState: 'CANCEL_REQUESTED' };
    const { entries, h } = entriesOf(disk);
    const { recovered } = await h.engine.recover({ never });
    recovered[0]!.result.catch(() => {});
    await h.turn();
    expect(entries).toEqual([]);
    expect(disk.rows.size).toBe(0);
  });

  test('when its next attempt is due', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const retryPolicy = { initialInterval: '1h', maximumInterval: '1h' } as const;
    first.run(fail, { activityId: 'x', retryPolicy }).catch(() => {});
    await first.advance(1_000);
    die(disk);
    const dueAt = disk.rows.get('x')?.entry?.dueAt;
    expect(dueAt).toBe(3_600_000 + first.clock.wallNow() - 1_000);
    const { entries, h } = entriesOf(disk);
    await h.advance(2_000);
    await h.engine.recover({ fail });
    await h.turn();
    expect(entries.map((entry) => entry.dueAt)).toEqual(entries.map(() => dueAt));
    expect(disk.rows.get('x')?.entry?.dueAt).toBe(dueAt);
  });

  test('that its crash was counted', async () => {
    const disk = new MemoryDisk();
    await leave(disk, 'x');
    const { entries, h } = entriesOf(disk);
    await h.engine.recover({ never }, { countCrashes: true });
    await h.turn();
    const dueAt = h.clock.wallNow() + 1_000;
    expect(entries).toMatchObject([{ attempt: 2, runState: 'SCHEDULED', dueAt }]);
  });
});

describe('the past of a recovered activity', () => {
  test('counts for scheduleToCloseTimeout', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const wait = (ctx: ActivityContext): Promise<never> => ctx.cancelled;
    void first.run(wait, { activityId: 'x', scheduleToCloseTimeout: '10s' });
    await first.advance(4_000);
    die(disk);
    const second = processOn(disk);
    await second.advance(6_000); // 2 s more on the wall clock than the first process
    const { recovered } = await second.engine.recover({ wait });
    const result = second.watch(recovered[0]!.result);
    await second.advance(3_999);
    expect(result.outcome.state).toBe('pending');
    await second.advance(1);
    expect(result.outcome).toMatchObject({
      error: { cause: { timeoutType: 'SCHEDULE_TO_CLOSE' } },
    });
  });

  test('counts for maximumAttemptsWithoutProgress', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const retryPolicy = {
      initialInterval: '1s',
      backoffCoefficient: 1,
      maximumAttemptsWithoutProgress: 3,
    } as const;
    first.run(fail, { activityId: 'x', retryPolicy }).catch(() => {});
    await first.advance(1_500); // two attempts
    die(disk);
    const second = processOn(disk);
    const { recovered } = await second.engine.recover({ fail });
    const result = second.watch(recovered[0]!.result);
    await second.advance(5_000);
    expect(second.of('started').map(({ attempt }) => attempt)).toEqual([3]);
    expect(result.outcome).toMatchObject({ error: { attempt: 3 } });
  });

  test('rules out a new start delay, which would end the backoff', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const retryPolicy = { initialInterval: '1h', maximumInterval: '1h' } as const;
    first.run(fail, { activityId: 'x', retryPolicy }).catch(() => {});
    await first.turn();
    die(disk);
    const second = processOn(disk);
    const { recovered } = await second.engine.recover({ fail });
    const [activity] = recovered as [Execution];
    const delay = (): void => {
      updateOptions(activity, { startDelay: '5s', priority: 2 });
    };
    expect(delay).toThrow(ActivityStateError);
    expect(delay).toThrow(
      'updateOptions({ startDelay }): activity "x" is SCHEDULED; its delay is over',
    );
    expect(activity.options.priority).toBe(3);
    await second.advance(10_000);
    expect(second.of('started')).toEqual([]);
    expect(disk.rows.get('x')?.entry?.options).not.toContain('startDelay');
  });

  test('allows a start delay that has not passed to be changed', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    void first.run(never, { activityId: 'x', activityType: 'never', startDelay: '1h' });
    await first.turn();
    die(disk);
    const second = processOn(disk);
    const { recovered } = await second.engine.recover({ never });
    updateOptions(recovered[0]!, { startDelay: '5s' });
    await second.advance(5_000);
    expect(second.of('started')).toMatchObject([{ at: 5_000 }]);
  });

  test.each(['PAUSE_REQUESTED', 'CANCEL_REQUESTED'] as const)(
    'includes a crash if the process died with %s',
    async (runState) => {
      const disk = new MemoryDisk();
      await leave(disk, 'x');
      const row = disk.rows.get('x')!;
      row.entry = { ...row.entry!, runState };
      const h = processOn(disk);
      const { recovered } = await h.engine.recover({ never }, { countCrashes: true });
      recovered[0]!.result.catch(() => {});
      await h.turn();
      expect(recovered[0]!.state.attemptNumber).toBe(1);
      expect(recovered[0]!.past?.lastFailure).toMatchObject({ type: 'ProcessDied' });
    },
  );
});
