/** What every store does. Stores that need a server run it too: see test/hosts/stores. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityContext, type HeartbeatStore } from '../../src/index.js';
import type { Place } from './stores.js';
import { TestMachine } from './test-machine.js';

/** What a store cannot do, and need not. */
export interface Limits {
  /** Ids that its database cannot tell apart. */
  readonly sameIds?: readonly string[];
  /** Whether it only knows that an owner is gone when its lease is over. */
  readonly isBlind?: boolean;
  /** Whether it makes calls that overlap in any order. */
  readonly isUnordered?: boolean;
}

/** Ids that are hard to keep apart, or to keep at all. */
export const allIds = [
  ...['x', 'X', '', '.', '../x', 'a/b', 'NUL', 'con', 'ä', '\0', '\ud800', '\ud801', '__proto__'],
  'x'.repeat(3_000),
];

/** Counts up by one and fails, until the test lets it succeed. */
export const counting =
  (until = Infinity) =>
  (ctx: ActivityContext<number>): number => {
    const count = (ctx.heartbeatDetails ?? 0) + 1;
    ctx.heartbeat(count);
    if (count < until) throw new Error('no');
    return count;
  };

/** Tests that a store keeps details. */
export function testStore(
  name: string,
  make: () => Place<HeartbeatStore>,
  { sameIds = [] }: Limits = {},
): void {
  describe(name, () => {
    let place: Place<HeartbeatStore>;
    const machine = new TestMachine();
    beforeEach(() => (place = make()));
    afterEach(() => place.remove());
    const ids = allIds.filter((id) => !sameIds.includes(id));
    const runtime = (): ActivityRuntime =>
      new ActivityRuntime({ store: place.open(machine.process()), logger: false });

    test('resumes where the last run stopped, and forgets it after success', async () => {
      const options = { activityId: 'x', retryPolicy: { maximumAttempts: 1 } };
      for (let run = 1; run <= 2; run++) {
        await expect(runtime().run(counting(), options)).rejects.toThrow();
      }
      await expect(runtime().run(counting(3), options)).resolves.toBe(3);
      await expect(runtime().run(counting(1), options)).resolves.toBe(1);
    });

    test('keeps each id apart from all others', async () => {
      const options = { retryPolicy: { maximumAttempts: 1 } };
      const first = runtime();
      const fail = (ctx: ActivityContext<string>, id: string): never => {
        ctx.heartbeat(`of ${id}`);
        throw new Error('no');
      };
      for (const id of ids) {
        await first.run(fail, { activityId: id, args: [id], ...options }).catch(() => {});
      }
      const second = runtime();
      const read = (ctx: ActivityContext<string>): unknown => ctx.heartbeatDetails;
      const found = await Promise.all(ids.map((id) => second.run(read, { activityId: id })));
      expect(found).toEqual(ids.map((id) => `of ${id}`));
    });

    test('keeps the newest of many reports, for many activities at once', async () => {
      const first = runtime();
      const report = async (ctx: ActivityContext<number>, last: number): Promise<never> => {
        for (let n = 0; n <= last; n++) {
          ctx.heartbeat(n);
          if (n % 7 === 0) await new Promise(setImmediate);
        }
        throw new Error('no');
      };
      const retryPolicy = { maximumAttempts: 1 };
      const many = Array.from({ length: 50 }, (_, i) => i);
      await Promise.allSettled(
        many.map((i) =>
          first.run(report, {
            activityId: `a${i}`,
            args: [i],
            heartbeatThrottleInterval: 0,
            retryPolicy,
          }),
        ),
      );
      const second = runtime();
      const read = (ctx: ActivityContext<number>): unknown => ctx.heartbeatDetails;
      const found = await Promise.all(many.map((i) => second.run(read, { activityId: `a${i}` })));
      expect(found).toEqual(many);
    });
  });
}
