/** Activities of a durable store that a pool could not run stay in its ledger. */
import { describe, expect, test } from 'vitest';
import { PLACE, placeOf, type Place, type Waiter } from '../../src/runtime/shared/place.js';
import { MemoryDisk } from '../support/ledger-store.js';
import { fixture, once, poolOf, Recorded, rejection, retried } from './pools.js';

/** What the ledger says of the activities that have not finished. */
const leftIn = (disk: MemoryDisk): unknown[] =>
  [...disk.rows].map(([id, { entry }]) => [id, entry?.runState, entry?.attempt]);

/** Recovers what is left with a pool that works. Resolves to the results. */
async function recovered(disk: MemoryDisk, name: string): Promise<unknown[]> {
  const runtime = new Recorded({ store: disk.store() });
  const fn = poolOf('none').activities[name]!;
  const { recovered } = await runtime.recover({ [name]: fn });
  return Promise.all(recovered.map((handle) => handle.result()));
}

describe('a pool that is closed before its runtime, or beside it', () => {
  test.each([
    ['process', 'before'],
    ['thread', 'before'],
    ['none', 'before'],
    ['thread', 'beside'],
  ] as const)('leaves its activities in the ledger: %s, %s', async (isolation, order) => {
    const disk = new MemoryDisk();
    const runtime = new Recorded({ store: disk.store() });
    const pool = poolOf(isolation, { maxWorkers: 1 });
    const fn = pool.activities['sleeps']!;
    const handles = ['a', 'b'].map((activityId) => runtime.start(fn, { activityId, args: [20] }));
    const failures = handles.map((handle) => rejection(handle.result()));
    await runtime.next('started');
    const closed = pool.close();
    if (order === 'before') await Promise.all(failures);
    await Promise.all([closed, runtime.shutdown()]);
    for (const { message } of await Promise.all(failures)) {
      expect(message).toMatch(
        order === 'before' ? /the pool is closed/ : /the pool is closed|WORKER_SHUTDOWN/,
      );
    }
    expect(leftIn(disk)).toEqual([
      ['a', 'SCHEDULED', 1],
      ['b', 'SCHEDULED', 1],
    ]);
    expect(await recovered(disk, 'sleeps')).toEqual(['slept', 'slept']);
    expect(leftIn(disk)).toEqual([]);
  });
});

describe('a deployment whose module cannot be used', () => {
  test.each([
    ['is missing', 'missing.mjs', 'add', /Cannot find module/],
    ['throws when it is loaded', 'throws.mjs', 'add', /no config/],
    ['does not export the name', 'activities.mjs', 'ad', /does not export a function "ad"/],
  ])('leaves its activities in the ledger: it %s', async (_, module, name, message) => {
    const disk = new MemoryDisk();
    const broken = new Recorded({ store: disk.store() });
    const fn = poolOf('thread', { module: fixture(module) }).activities[name]!;
    const run = broken.run(fn, { activityId: 'x', activityType: 'add', args: [1, 2] });
    const failure = await rejection(run);
    expect(failure.message).toMatch(message);
    expect(failure.retryState).toBe('NON_RETRYABLE_FAILURE');
    expect(leftIn(disk)).toEqual([['x', 'SCHEDULED', 1]]);
    expect(await recovered(disk, 'add')).toEqual([3]);
  });

  test('leaves those of a worker that has ended before it was ready', async () => {
    const disk = new MemoryDisk();
    const broken = new Recorded({ store: disk.store() });
    const fn = poolOf('process', { execArgv: ['--no-such-flag'] }).activities['add']!;
    const failure = await rejection(broken.run(fn, { activityId: 'x', args: [1, 2] }));
    expect(failure.message).toMatch(/has ended before it was ready/);
    expect(leftIn(disk)).toEqual([['x', 'SCHEDULED', 1]]);
    expect(await recovered(disk, 'add')).toEqual([3]);
  });
});

describe('a program that does not renew the lease of an activity', () => {
  /** A pool's function, with the lease that a durable store would give its next attempts. */
  function leased<F extends object>(fn: F, ...leases: readonly (number | undefined)[]): F {
    const place = placeOf(fn) as Place;
    const rest = [...leases];
    const enter = (waiter: Waiter): ReturnType<Place['enter']> => {
      const ms = rest.shift();
      if (ms !== undefined) place.leasedFor?.(waiter, ms);
      return place.enter(waiter);
    };
    return Object.assign(() => {}, { [PLACE]: { ...place, enter } }) as unknown as F;
  }

  test('has the function killed in its worker process, even if it is in a busy loop', async () => {
    const runtime = new Recorded();
    const fn = leased(poolOf('process').activities['hangsOnce']!, 1_200, 60_000);
    const failed = runtime.next('attemptFailed');
    const run = runtime.run(fn, { args: ['loop'], ...retried });
    expect(await failed).toMatchObject({
      failure: {
        name: 'WorkerCrashedError',
        signal: 'SIGKILL',
        message: expect.stringContaining('its lease of the activity ran out') as string,
      },
    });
    expect(await run).toEqual({ step: 3 });
  });

  test('keeps it if it renews the lease while the function runs', async () => {
    const runtime = new Recorded();
    const fn = poolOf('process').activities['sleeps']!;
    const place = placeOf(fn) as Place;
    let waiter: Waiter | undefined;
    const enter = (one: Waiter): ReturnType<Place['enter']> => {
      place.leasedFor?.((waiter = one), 1_300);
      return place.enter(one);
    };
    const renewed = Object.assign(() => {}, {
      [PLACE]: { ...place, enter },
    }) as unknown as typeof fn;
    const begun = runtime.next('heartbeat');
    const run = runtime.run(renewed, { args: [600], ...once });
    await begun;
    place.leasedFor?.(waiter as Waiter, 60_000);
    expect(await run).toBe('slept');
  });

  test('does not end the next function in the same worker', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf('process', { maxWorkers: 1 });
    const before = await runtime.run(leased(activities['pid']!, 1_200), once);
    expect(await runtime.run(activities['sleeps']!, { args: [500], ...once })).toBe('slept');
    expect(await runtime.run(activities['pid']!, once)).toBe(before);
  });
});
