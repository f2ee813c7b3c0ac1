/** Functions that run somewhere else: the port that a pool of workers plugs into. */
import { describe, expect, test } from 'vitest';
import { CancelledFailure, type ActivityContext, type ActivityOptions } from '../../src/index.js';
import { PLACE, type Lodger, type Place, type Waiter } from '../../src/runtime/shared/place.js';
import { Harness } from '../support/harness.js';
import { failureOf, settledAt, startsOf, timeoutOf } from '../support/outcomes.js';

type Fn = (ctx: ActivityContext, ...args: never[]) => unknown;

/** A place with a given amount of room, which opens when the test says so. */
class Rooms implements Place {
  readonly waiting = new Set<Waiter>();
  free: number;
  constructor(free: number) {
    this.free = free;
  }

  hasRoom(waiter: Waiter): boolean {
    if (this.free === 0) this.waiting.add(waiter);
    return this.free > 0;
  }

  enter(waiter: Waiter) {
    if (!this.hasRoom(waiter)) return undefined;
    this.free--;
    return {
      run: (ctx: ActivityContext, ...args: unknown[]) => this.fn(ctx, ...(args as never[])),
      leave: (outcome?: unknown, attempt?: Lodger) =>
        attempt === undefined ? this.open() : this.leave(Promise.resolve(outcome)),
    };
  }

  async leave(outcome: Promise<unknown>): Promise<unknown> {
    await outcome.catch(() => {});
    this.open();
    return outcome;
  }

  forgotten = 0;

  forget(waiter: Waiter): void {
    this.forgotten++;
    this.waiting.delete(waiter);
  }

  patience = Infinity;

  answer(settled: Promise<void>): Promise<void> {
    return this.patience > 0 ? settled : Promise.resolve();
  }

  fn: Fn = () => {};

  open(): void {
    this.free++;
    for (const waiter of this.waiting) {
      if (this.free === 0) return;
      this.waiting.delete(waiter);
      waiter.onRoom();
    }
  }

  /** Makes an activity function that runs here. */
  take<F extends Fn>(fn: F): F {
    this.fn = fn;
    const stand = (): never => {
      throw new Error('called here');
    };
    return Object.assign(stand, { [PLACE]: this }) as unknown as F;
  }
}

const once: ActivityOptions = { retryPolicy: { maximumAttempts: 1 } };

describe('waiting for room', () => {
  test("works like waiting for a slot: the attempt's timeouts count from when there is room", async () => {
    const h = new Harness();
    const rooms = new Rooms(0);
    const run = h.watch(
      h.run(
        rooms.take(() => h.work(900)),
        { ...once, startToCloseTimeout: '1s' },
      ),
    );
    await h.advance(5_000);
    expect(h.engine.stats()).toMatchObject({ waiting: 1, running: 0 });
    expect(h.names()).toEqual(['scheduled']);
    rooms.open();
    await h.advance(900);
    expect(startsOf(h)).toEqual([5_000]);
    expect(settledAt(run)).toBe(5_900);
  });

  test('ends with scheduleToStartTimeout', async () => {
    const h = new Harness();
    const run = h.watch(
      h.run(
        new Rooms(0).take(() => {}),
        { ...once, scheduleToStartTimeout: '2s' },
      ),
    );
    await h.advance(2_000);
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'SCHEDULE_TO_START' });
  });

  test('uses no slot', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const rooms = new Rooms(0);
    const elsewhere = h.watch(h.run(rooms.take(() => 'there')));
    const here = h.watch(h.run(() => h.work(100)));
    await h.advance(100);
    expect(settledAt(here)).toBe(100);
    rooms.open();
    await h.advance(0);
    expect(elsewhere.outcome).toMatchObject({ value: 'there' });
  });

  test('continues in the queue for a slot when there is room but no slot, and the other way round', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const rooms = new Rooms(0);
    const fn = rooms.take(() => h.work(100));
    const two = [h.watch(h.run(fn)), h.watch(h.run(fn))];
    void h.run(() => h.work(1_000));
    await h.advance(500);
    rooms.open(); // while the only slot is taken
    await h.advance(10_000);
    expect(two.map(settledAt)).toEqual([1_100, 1_200]);
    expect(rooms.free).toBe(1);
    expect(h.engine.stats().open).toBe(0);
  });

  test.each(['cancel', 'terminate'] as const)('ends after %s()', async (stop) => {
    const h = new Harness();
    const rooms = new Rooms(0);
    const handle = h.start(rooms.take(() => {}));
    const result = h.watch(handle.result());
    handle[stop]();
    rooms.open();
    await h.turn();
    expect(failureOf(result)).toMatchObject({ attempt: 0 });
    expect(startsOf(h)).toEqual([]);
    expect(rooms.free).toBe(1);
  });

  test('is interrupted by a pause', async () => {
    const h = new Harness();
    const rooms = new Rooms(0);
    const handle = h.start(rooms.take(() => 'done'));
    handle.pause();
    rooms.open();
    await h.turn();
    expect(startsOf(h)).toEqual([]);
    handle.unpause();
    expect(await handle.result()).toBe('done');
  });

  test.each(['cancel', 'terminate', 'pause', 'reset'] as const)(
    'is over at %s(), and the place knows',
    async (stop) => {
      const h = new Harness();
      const rooms = new Rooms(0);
      const handle = h.start(
        rooms.take(() => 'done'),
        { startDelay: 1 },
      );
      await h.advance(1);
      expect(rooms.waiting.size).toBe(1);
      if (stop === 'pause') handle.pause();
      else if (stop === 'reset') handle.reset();
      else handle[stop]();
      expect(rooms.forgotten).toBe(1);
      expect(rooms.waiting.size).toBe(stop === 'reset' ? 1 : 0); // it starts over at once
    },
  );

  test('is over when the time for it is, and the place knows', async () => {
    const h = new Harness();
    const rooms = new Rooms(0);
    const run = h.watch(
      h.run(
        rooms.take(() => {}),
        { ...once, scheduleToStartTimeout: 5 },
      ),
    );
    await h.advance(5);
    expect(rooms.waiting.size).toBe(0);
    expect(timeoutOf(run)).toMatchObject({ timeoutType: 'SCHEDULE_TO_START' });
  });

  test('begins anew with a changed priority', async () => {
    const h = new Harness();
    const rooms = new Rooms(0);
    const asked: number[] = [];
    const hasRoom = rooms.hasRoom.bind(rooms);
    rooms.hasRoom = (waiter) => {
      asked.push(waiter.priority);
      return hasRoom(waiter);
    };
    const forgotten: number[] = [];
    rooms.forget = ({ priority }) => void forgotten.push(priority);
    const handle = h.start(
      rooms.take(() => 'done'),
      { scheduleToStartTimeout: 50 },
    );
    handle.updateOptions({ priority: 1, scheduleToStartTimeout: 90 });
    expect({ asked, forgotten }).toEqual({ asked: [3, 1], forgotten: [3] });
    await h.advance(89);
    rooms.open();
    expect(await handle.result()).toBe('done');
  });

  test('counts towards maxWaiting', async () => {
    const h = new Harness({ maxWaiting: 2 });
    const rooms = new Rooms(0);
    const fn = rooms.take(() => {});
    const first = [h.run(fn), h.run(fn)];
    await expect(h.run(fn)).rejects.toThrow('maxWaiting');
    rooms.open();
    await Promise.all(first);
    await h.run(fn);
  });
});

describe('a function that runs elsewhere', () => {
  test('receives requests at once, even if it is not waiting in its context', async () => {
    const h = new Harness();
    const heard: unknown[] = [];
    const rooms = new Rooms(1);
    const fn = rooms.take((ctx: ActivityContext) => {
      ctx.signal.addEventListener('abort', () => heard.push((ctx.signal.reason as Error).message));
      return ctx.cancelled;
    });
    const handle = h.start(fn, { cancellationType: 'WAIT_CANCELLATION_COMPLETED' });
    handle.cancel();
    expect(heard).toEqual(['CANCELLED']);
    await expect(handle.result()).rejects.toMatchObject({
      cause: expect.any(CancelledFailure) as unknown,
    });
    expect(rooms.free).toBe(1);
  });

  test('is waited for by the next attempt, whatever attemptOverlap says', async () => {
    const h = new Harness();
    const rooms = new Rooms(1);
    const fn = rooms.take((ctx: ActivityContext) => (ctx.info.attempt === 1 ? h.work(5_000) : 2));
    const run = h.watch(h.run(fn, { heartbeatTimeout: '1s', attemptOverlap: 'allow' }));
    await h.advance(5_000);
    expect(startsOf(h)).toEqual([0, 5_000]);
    expect(run.outcome).toMatchObject({ value: 2 });
  });

  test('has stopped when its caller gets the timeout', async () => {
    const h = new Harness();
    const fn = new Rooms(1).take(() => h.work(5_000));
    const run = h.watch(h.run(fn, { ...once, startToCloseTimeout: '1s' }));
    await h.advance(10_000);
    expect(h.of('failed')).toMatchObject([{ at: 1_000 }]);
    expect(settledAt(run)).toBe(5_000);
  });

  test('does not delay its caller if its place cannot wait for it', async () => {
    const h = new Harness();
    const rooms = new Rooms(1);
    rooms.patience = 0;
    const fn = rooms.take(() => h.work(5_000));
    const run = h.watch(h.run(fn, { ...once, startToCloseTimeout: '1s' }));
    await h.advance(10_000);
    expect(settledAt(run)).toBe(1_000);
  });

  test('has left its room when its outcome counts, so a retry keeps the slot that was kept for it', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const rooms = new Rooms(1);
    const fn = rooms.take((ctx: ActivityContext) =>
      ctx.info.attempt === 1 ? h.work(2_000) : ctx.info.activityId,
    );
    const first = h.watch(h.run(fn, { activityId: 'first', startToCloseTimeout: '1s' }));
    const second = h.watch(h.run(() => h.work(10), { activityId: 'second' }));
    await h.advance(3_000);
    expect(h.of('started').map(({ activityId }) => activityId)).toEqual([
      'first',
      'first',
      'second',
    ]);
    expect([first, second].map(settledAt)).toEqual([2_000, 2_010]);
  });

  test('frees its room even if an interceptor does not call it', async () => {
    const h = new Harness({ interceptors: [{ execute: () => 'from the cache' }] });
    const rooms = new Rooms(1);
    expect(await h.run(rooms.take(() => 'there'))).toBe('from the cache');
    expect(rooms.free).toBe(1);
  });

  test('frees its room when a listener ends the attempt at its start', async () => {
    const h = new Harness();
    const rooms = new Rooms(1);
    h.engine.events.add(
      'started',
      ({ activityId }) => {
        h.engine.find(activityId).complete('by the listener');
      },
      false,
    );
    expect(await h.run(rooms.take(() => 'there'))).toBe('by the listener');
    expect(rooms.free).toBe(1);
  });
});

describe('a place that tells a waiter of room', () => {
  /** One slot that another activity holds, and an activity that waits for room. */
  function waitingOne() {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const holder = h.start((ctx) => ctx.cancelled, { cancellationDelivery: 'immediate' });
    holder.result().catch(() => {});
    const rooms = new Rooms(0);
    const handle = h.start(rooms.take(() => 'there'));
    const [waiter] = rooms.waiting;
    return { h, holder, rooms, handle, waiter: waiter as Waiter };
  }

  test('twice gives it one place in the queue for a slot', async () => {
    const { h, holder, rooms, handle, waiter } = waitingOne();
    rooms.open();
    waiter.onRoom();
    holder.terminate();
    await h.advance(0);
    expect(await handle.result()).toBe('there');
    expect(h.names().filter((name) => name === 'started')).toHaveLength(2);
    expect(h.engine.stats()).toMatchObject({ open: 0, slotsUsed: 0 });
  });
});
