/** How leases end that have to be renewed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerStore } from '../../src/durable.js';
import { claimed } from './ledger-suite.js';
import type { Place } from './stores.js';
import { TestMachine } from './test-machine.js';

/** Tests that a lease ends when nobody renews it. */
export function testLease(name: string, make: () => Place<LedgerStore>): void {
  describe(`the lease of ${name}`, () => {
    let place: Place<LedgerStore>;
    let machine: TestMachine;
    beforeEach(() => {
      place = make();
      machine = new TestMachine();
    });
    afterEach(() => place.remove());

    test('gives it to the next one when the lease is over, and the old owner hears it', async () => {
      const [first, second] = [place.open(machine.process()), place.open(machine.process())];
      await claimed(first, 'x', 'process 1');
      machine.advance(20_000);
      expect((await first.renew!('process 1', 30_000)) ?? ['x']).toEqual(['x']);
      machine.advance(29_000);
      expect(await second.claim!('x', 'process 2', 30_000)).toHaveProperty('heldBy', 'process 1');
      machine.advance(1_001);
      await claimed(second, 'x', 'process 2');
      expect(await first.renew!('process 1', 30_000)).toEqual([]);
    });
  });
}

/** Tests that a lease is measured by the clocks of one machine. */
export function testClocks(name: string, make: () => Place<LedgerStore>): void {
  describe(`the clocks of ${name}`, () => {
    let place: Place<LedgerStore>;
    let machine: TestMachine;
    beforeEach(() => {
      place = make();
      machine = new TestMachine();
    });
    afterEach(() => place.remove());

    test('does not mind a clock that is set', async () => {
      const [first, second] = [place.open(machine.process()), place.open(machine.process())];
      await claimed(first, 'x', 'process 1');
      machine.date += 3_600_000;
      expect(await second.claim!('x', 'process 2', 30_000)).toHaveProperty('heldBy', 'process 1');
      machine.date -= 7_200_000;
      machine.steady += 30_001;
      await claimed(second, 'x', 'process 2');
    });

    test('is free after the machine was started again, when the date says so', async () => {
      const [first, second] = [place.open(machine.process()), place.open(machine.process())];
      await claimed(first, 'x', 'process 1');
      machine.boot = 'second-boot';
      machine.steady = 0;
      expect(await second.claim!('x', 'process 2', 30_000)).toHaveProperty('heldBy', 'process 1');
      machine.date += 30_001;
      await claimed(second, 'x', 'process 2');
    });
  });
}
