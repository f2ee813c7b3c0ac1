/** Only some operations on files are under way at once, and the others wait for their turn. */
import { expect, test } from 'vitest';
import { inTurn } from '../../../../src/durable/files/turns.js';
import { cpuMs } from '../../../support/cpu.js';

test('at most 64 operations run at once, in the order of the calls', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const operation = async (n: number): Promise<number> => {
    begun.push(n);
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    if (n % 10 === 3) throw new Error('no');
    return n;
  };
  const all = Array.from({ length: 1_000 }, (_, n) => n);
  const outcomes = await Promise.allSettled(all.map((n) => inTurn(() => operation(n))));
  expect(most).toBe(64);
  expect(begun).toEqual(all);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(100);
  expect(await inTurn(() => Promise.resolve('later'))).toBe('later');
});

test('an operation takes no longer when many wait', async () => {
  const msFor = async (many: number): Promise<number> => {
    let least = Infinity;
    for (let round = 0; round < 3; round++) {
      const started = cpuMs();
      await Promise.all(Array.from({ length: many }, () => inTurn(() => Promise.resolve())));
      least = Math.min(least, cpuMs() - started);
    }
    return least;
  };
  await msFor(10_000);
  // In an array, 100,000 take 140 times as long as 10,000.
  expect(await msFor(100_000)).toBeLessThan(60 * (await msFor(10_000)) + 500);
});
