/** An attempt competes for a slot from the moment it is due, and only by its priority. */
import { describe, expect, test } from 'vitest';
import type { ActivityOptions } from 'systole';
import { Deferred } from '../../src/kernel/promises.js';
import { Harness, never } from '../support/harness.js';

/** The types of the activities whose attempts have begun, in order. */
function begun(h: Harness): string[] {
  return h.of('started').map(({ activityType, attempt }) => `${activityType} ${attempt}`);
}

const fails = (): never => {
  throw new Error('no');
};

describe('a slot that is kept for a retry goes to that retry', () => {
  const urgent = { activityType: 'urgent', startToCloseTimeout: 100 };

  /**
   * One slot. The function of the first attempt of `urgent` hangs, and others wait for the slot.
   */
  function setUp(options: ActivityOptions, others: ActivityOptions = {}) {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const zombie = new Deferred<void>();
    const work = (ctx: { info: { attempt: number } }): Promise<unknown> =>
      ctx.info.attempt === 1 ? zombie.promise : never();
    const handle = h.start(work, { ...urgent, ...options, startToCloseTimeout: 100 });
    void h.run(never, { activityType: 'bulk', ...others });
    return { h, zombie, handle };
  }

  test.each([
    ['of lower priority', { priority: 1 }, { priority: 5 }],
    ['of the same priority', {}, {}],
    ['even of higher priority', { priority: 5 }, { priority: 1 }],
  ])('when the function settles, although an activity is waiting %s', async (_, own, others) => {
    const { h, zombie } = setUp({ ...own, attemptOverlap: 'forbid' }, others);
    await h.advance(5_000);
    expect(begun(h)).toEqual(['urgent 1']);
    zombie.resolve();
    await h.turn();
    expect(begun(h)).toEqual(['urgent 1', 'urgent 2']);
  });

  test('when the maximum overlap is over', async () => {
    const { h } = setUp({ priority: 5, attemptOverlap: '3s' }, { priority: 1 });
    await h.advance(3_200);
    expect(begun(h)).toEqual(['urgent 1', 'urgent 2']);
  });

  test("but is free for others while the retry's delay still runs", async () => {
    const { h, zombie } = setUp({ priority: 1, attemptOverlap: 'forbid' }, { priority: 5 });
    await h.advance(200);
    zombie.resolve();
    await h.turn();
    expect(begun(h)).toEqual(['urgent 1', 'bulk 1']);
  });

  test('but not if the retry is paused meanwhile', async () => {
    const { h, zombie, handle } = setUp({ attemptOverlap: 'forbid' });
    await h.advance(5_000);
    handle.pause();
    zombie.resolve();
    await h.turn();
    expect(begun(h)).toEqual(['urgent 1', 'bulk 1']);
  });

  test('when its start is due, even if its priority has become lower meanwhile', async () => {
    const h = new Harness({ maxConcurrentActivities: 1, maxActivitiesPerSecond: 0.1 });
    const zombie = new Deferred<void>();
    const work = (ctx: { info: { attempt: number } }): Promise<unknown> =>
      ctx.info.attempt === 1 ? zombie.promise : never();
    const handle = h.start(work, { ...urgent, attemptOverlap: 'forbid' });
    void h.run(never, { activityType: 'bulk' });
    await h.advance(5_000);
    zombie.resolve();
    await h.turn();
    handle.updateOptions({ priority: 5 });
    await h.advance(5_000);
    expect(begun(h)).toEqual(['urgent 1', 'urgent 2']);
  });

  test('with a key: no other activity of the key comes in between', async () => {
    const h = new Harness({ maxConcurrentPerKey: 1 });
    const zombie = new Deferred<void>();
    const work = (ctx: { info: { attempt: number } }): Promise<unknown> =>
      ctx.info.attempt === 1 ? zombie.promise : never();
    const concurrencyKey = 'a';
    void h.run(work, { ...urgent, priority: 5, concurrencyKey, attemptOverlap: 'forbid' });
    void h.run(never, { activityType: 'bulk', priority: 1, concurrencyKey });
    await h.advance(5_000);
    zombie.resolve();
    await h.turn();
    expect(begun(h)).toEqual(['urgent 1', 'urgent 2']);
  });

  test('with a rate: the retry is the first to start when the next start is due', async () => {
    const h = new Harness({ maxConcurrentActivities: 1, maxActivitiesPerSecond: 0.1 });
    const zombie = new Deferred<void>();
    const work = (ctx: { info: { attempt: number } }): Promise<unknown> =>
      ctx.info.attempt === 1 ? zombie.promise : never();
    void h.run(work, { ...urgent, priority: 5, attemptOverlap: 'forbid' });
    void h.run(never, { activityType: 'bulk', priority: 1 });
    await h.advance(5_000);
    zombie.resolve();
    await h.turn();
    expect(begun(h)).toEqual(['urgent 1']);
    await h.advance(5_100);
    expect(begun(h)).toEqual(['urgent 1', 'urgent 2']);
  });
});

describe('attempts that are due at the same moment compete by priority', () => {
  const retryPolicy = { initialInterval: 1_000, maximumAttempts: 2 };

  test.each(['the retry first', 'the start first'])('a retry and a start, %s', async (order) => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const [retryAt, startAt] = order === 'the retry first' ? [1, 5] : [5, 1];
    h.run(fails, { activityType: 'retry', priority: retryAt, retryPolicy }).catch(() => {});
    await h.turn();
    void h.run(never, { activityType: 'start', priority: startAt, startDelay: 1_000 });
    await h.advance(1_100);
    const expected = order === 'the retry first' ? ['retry 2', 'start 1'] : ['start 1'];
    expect(begun(h).slice(1)).toEqual(expected);
  });

  test('retries of many priorities, in whatever order they failed', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    for (const priority of [4, 2, 5, 1, 3]) {
      h.run(fails, { activityType: `p${priority}`, priority, retryPolicy }).catch(() => {});
      await h.turn();
    }
    await h.advance(3_000);
    const again = begun(h).filter((name) => name.endsWith(' 2'));
    expect(again).toEqual(['p1 2', 'p2 2', 'p3 2', 'p4 2', 'p5 2']);
  });
});

describe('an attempt that may start has started when the call returns', () => {
  test('after unpause', async () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '1s', activityType: 'a' });
    handle.pause();
    await h.advance(2_000);
    handle.unpause();
    expect(begun(h)).toEqual(['a 1']);
  });

  test('after reset in a backoff', async () => {
    const h = new Harness();
    const handle = h.start(fails, { activityType: 'a' });
    await h.turn();
    handle.reset();
    expect(begun(h)).toEqual(['a 1', 'a 1']);
    handle.terminate();
  });

  test('after updateOptions, if the new backoff is over', async () => {
    const h = new Harness();
    const handle = h.start(fails, { activityType: 'a', retryPolicy: { initialInterval: '1h' } });
    await h.advance(2_000);
    handle.updateOptions({ retryPolicy: { initialInterval: '1s' } });
    expect(begun(h)).toEqual(['a 1', 'a 2']);
    handle.terminate();
  });

  test('and no activity of lower priority gets the slot in between', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const urgent = h.start(never, { startDelay: '1s', activityType: 'urgent', priority: 1 });
    urgent.pause();
    await h.advance(2_000);
    urgent.unpause();
    void h.run(never, { activityType: 'bulk', priority: 5 });
    expect(begun(h)).toEqual(['urgent 1']);
  });
});
