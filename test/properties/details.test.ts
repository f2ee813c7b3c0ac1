import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { SuperJSON } from 'superjson';
import { expect, test } from 'vitest';
import type { ActivityContext } from '../../src/index.js';
import { DetailsCodec, type Snapshot } from '../../src/heartbeat/details/codec.js';
import { copyDetails } from '../../src/heartbeat/details/copy.js';
import { mostBytes } from '../../src/heartbeat/details/size.js';
import { build, detailsPlan, difference, spoil } from '../support/details.js';
import { Harness } from '../support/harness.js';

const RUNS = { numRuns: 300 };

/** `isDeepStrictEqual` compares the classes of errors, of which only the name is kept. */
const hasError = (plan: { nodes: readonly { kind: string }[] }): boolean =>
  plan.nodes.some((node) => node.kind === 'error');

test('any details come back from a heartbeat in the next attempt, unaffected by later changes', async () => {
  await fc.assert(
    fc.asyncProperty(detailsPlan, async (plan) => {
      const expected = build(plan);
      const harness = new Harness();
      const found: unknown[] = [];
      harness.engine.events.add('heartbeat', ({ details }) => spoil(details), false);
      const work = async (ctx: ActivityContext): Promise<void> => {
        if (ctx.info.attempt === 1) {
          const details = build(plan);
          ctx.heartbeat(details);
          spoil(details);
        } else {
          expect(ctx.heartbeatDetails).toBe(ctx.heartbeatDetails);
          found.push(ctx.heartbeatDetails);
          expect(difference(ctx.heartbeatDetails, expected)).toBeUndefined();
          if (!hasError(plan)) expect(isDeepStrictEqual(ctx.heartbeatDetails, expected)).toBe(true);
          spoil(ctx.heartbeatDetails);
        }
        if (ctx.info.attempt < 4) throw new Error('again');
      };
      const ran = harness.watch(harness.run(work, { heartbeatThrottleInterval: 0 }));
      await harness.advance(10_000);
      expect(ran.outcome).toMatchObject({ state: 'resolved' });
      expect(found).toHaveLength(3);
      if (typeof expected === 'object' && expected !== null) expect(new Set(found).size).toBe(3);
    }),
    RUNS,
  );
});

test.each([
  ['the default serializer', undefined],
  ['a superjson of the user', new SuperJSON()],
  ['a superjson of the user that writes each object once', new SuperJSON({ dedupe: true })],
])('any details come back from their text: %s', (_, serializer) => {
  const codec = new DetailsCodec(serializer, undefined);
  fc.assert(
    fc.property(detailsPlan, (plan) => {
      const expected = build(plan);
      const snapshot = codec.snapshot(build(plan), () => {});
      expect(difference(snapshot, expected)).toBeUndefined();
      const text = codec.encode(snapshot);
      expect(difference(codec.decode(text), expected)).toBeUndefined();
      if (!hasError(plan)) expect(isDeepStrictEqual(codec.decode(text), expected)).toBe(true);
      // Encoding changes nothing, and says the same again.
      expect(difference(snapshot, expected)).toBeUndefined();
      expect(codec.encode(snapshot)).toBe(text);
    }),
    RUNS,
  );
});

test('the size of any details lies between the bounds that a copy counts', () => {
  const codec = new DetailsCodec(undefined, undefined);
  fc.assert(
    fc.property(detailsPlan, (plan) => {
      const { value, size } = copyDetails(build(plan));
      const bytes = new TextEncoder().encode(codec.encode(value as Snapshot)).length;
      expect(bytes).toBeLessThanOrEqual(mostBytes(size));
      expect(bytes).toBeGreaterThanOrEqual(size);
    }),
    RUNS,
  );
});

test('any text that can be read as details gives details that could have been written', () => {
  const codec = new DetailsCodec(undefined, undefined);
  const json = fc.oneof(
    fc.json(),
    fc.anything().map((value) => JSON.stringify({ json: value })),
  );
  fc.assert(
    fc.property(json, (text) => {
      let details: Snapshot;
      try {
        details = codec.decode(text);
      } catch {
        return;
      }
      expect(details).not.toBeUndefined();
      expect(difference(codec.decode(codec.encode(details)), details)).toBeUndefined();
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    RUNS,
  );
});
