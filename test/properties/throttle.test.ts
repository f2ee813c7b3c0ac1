import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ActivityContext } from '../../src/index.js';
import { Harness } from '../support/harness.js';

type Step =
  { readonly do: 'wait'; readonly ms: number } | { readonly do: 'beat' } | { readonly do: 'alive' };

/** Deadlines of the same millisecond are handled together, and clock readings are fractions. */
const BUCKET_MS = 1;
const ROUNDING_MS = 1e-6;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('beat' as const) }),
    fc.record({ do: fc.constant('alive' as const) }),
    fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 1_500 }),
        fc.double({ min: 0, max: 300, noNaN: true }),
      ),
    }),
  ),
  { minLength: 1, maxLength: 25 },
);

const settings = fc.record({
  heartbeatTimeout: fc.oneof(fc.integer({ min: 5, max: 2_000 }), fc.constant(0)),
  throttle: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 2_500 })),
  /** How the attempt ends, if its heartbeat timeout does not end it first. */
  end: fc.constantFrom('throws' as const, 'startToClose' as const),
});

test('whatever the heartbeats and times: the newest details are never lost, reports keep their distance, and timeouts are exact', async () => {
  await fc.assert(
    fc.asyncProperty(settings, steps, async ({ heartbeatTimeout, throttle, end }, walk) => {
      const totalMs = walk.reduce((sum, step) => sum + (step.do === 'wait' ? step.ms : 0), 0);
      const startToClose = end === 'startToClose' ? totalMs + 10 : 0;
      const timeout = startToClose
        ? Math.min(heartbeatTimeout || Infinity, startToClose)
        : heartbeatTimeout || Infinity;
      const interval =
        throttle ?? Math.min(heartbeatTimeout === 0 ? 30_000 : 0.8 * timeout, 60_000);

      const harness = new Harness();
      let ctx!: ActivityContext<number>;
      let fail!: (error: Error) => void;
      let resumed: unknown = 'not yet';
      const work = (context: ActivityContext<number>): Promise<void> | undefined => {
        if (context.info.attempt === 2) {
          resumed = context.heartbeatDetails;
          return undefined;
        }
        ctx = context;
        return new Promise((_, reject) => (fail = reject));
      };
      const ran = harness.watch(
        harness.run(work, {
          heartbeatTimeout,
          startToCloseTimeout: startToClose,
          heartbeatThrottleInterval: throttle,
        }),
      );

      let newest: number | undefined;
      let lastBeatAt = 0;
      const failures = (): number => harness.of('attemptFailed').length;
      const endsAt = (): number => Math.min(lastBeatAt + timeout, startToClose || Infinity);
      for (const step of walk) {
        if (step.do === 'wait') {
          await harness.advance(step.ms);
          const now = harness.clock.now();
          if (now < endsAt()) expect(failures(), 'never early').toBe(0);
          if (now >= endsAt() + BUCKET_MS + ROUNDING_MS) expect(failures()).toBe(1);
        } else if (step.do === 'alive') {
          ctx.heartbeat();
          if (failures() === 0) lastBeatAt = harness.clock.now();
        } else if (failures() > 0) {
          ctx.heartbeat(-1); // an abandoned function
        } else {
          const before = harness.of('heartbeat');
          const now = harness.clock.now();
          newest = (newest ?? 0) + 1;
          lastBeatAt = now;
          ctx.heartbeat(newest);
          const last = before.at(-1);
          const open = last === undefined || now >= last.at + interval;
          const reports = harness.of('heartbeat');
          // A report that waits may be a bucket late: then this one is held behind it no longer.
          if (open) expect(reports.at(-1)).toMatchObject({ details: newest, at: now });
          else expect(reports).toHaveLength(before.length);
        }
        if (failures() === 0 && newest !== undefined) {
          const last = harness.of('heartbeat').at(-1)!;
          const heldTooLong = harness.clock.now() >= last.at + interval + BUCKET_MS + ROUNDING_MS;
          if (heldTooLong) expect(last.details, 'the trailing report').toBe(newest);
        }
      }

      if (failures() === 0 && end === 'throws') {
        fail(new Error('stop'));
        await harness.turn();
      } else if (failures() === 0) {
        await harness.advance(endsAt() - harness.clock.now() + BUCKET_MS + ROUNDING_MS);
      }
      const failed = harness.of('attemptFailed');
      expect(failed).toHaveLength(1);
      const timedOut = failed[0]!.failure.message !== 'stop';
      if (timedOut) {
        expect(failed[0]!.at).toBeGreaterThanOrEqual(endsAt() - ROUNDING_MS);
        expect(failed[0]!.at).toBeLessThan(endsAt() + BUCKET_MS + ROUNDING_MS);
        expect(failed[0]!.failure).toMatchObject({ lastHeartbeatDetails: newest });
      }

      const reports = harness.of('heartbeat');
      expect(reports.at(-1)?.details).toBe(newest);
      const details = reports.map((report) => report.details as number);
      expect(details, 'none twice, none back').toEqual([...new Set(details)].sort((a, b) => a - b));
      if (newest !== undefined) expect(details[0], 'the first at once').toBe(1);
      for (let index = 1; index < reports.length; index++) {
        const gap = reports[index]!.at - reports[index - 1]!.at;
        const final = index === reports.length - 1 && reports[index]!.at === failed[0]!.at;
        if (!final) expect(gap).toBeGreaterThanOrEqual(interval - ROUNDING_MS);
      }

      await harness.advance(2_000);
      expect(resumed).toBe(newest);
      expect(ran.outcome.state).toBe('resolved');
      expect(harness.of('heartbeat')).toHaveLength(reports.length);
    }),
    { numRuns: 400 },
  );
});
