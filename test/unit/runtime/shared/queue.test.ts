/** The queue for slots, with very many tickets. */
import { expect, test } from 'vitest';
import { Deadlines } from '../../../../src/kernel/deadlines.js';
import { Slots } from '../../../../src/runtime/shared/slots.js';
import type { Ticket } from '../../../../src/runtime/shared/queue.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

class Waiting implements Ticket {
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
  queue: Ticket['queue'];
  ahead: Ticket | undefined;
  behind: Ticket | undefined;
  order = 0;
  /** How many had begun with it. */
  begun = 0;
  readonly #onBegin: (one: Waiting) => number;

  constructor(priority: number, key: string | undefined, onBegin: (one: Waiting) => number) {
    this.priority = priority;
    this.concurrencyKey = key;
    this.#onBegin = onBegin;
  }

  begin(): void {
    this.begun = this.#onBegin(this);
  }
}

test('1,000,000 tickets come, leave and begin in order, in less than quadratic time', () => {
  const clock = new VirtualClock();
  const limits = { slots: 2, slotsPerKey: 1, startsPerSecond: Infinity };
  const slots = new Slots(limits, clock, new Deadlines(clock));
  let begun = 0;
  const running: Waiting[] = [];
  const next = (one: Waiting): number => {
    running.push(one);
    return ++begun;
  };
  const holders = [new Waiting(1, undefined, next), new Waiting(1, undefined, next)];
  holders.forEach((one) => slots.request(one, 0));

  const all = Array.from({ length: 1_000_000 }, (_, index) => {
    const key = index % 4 === 0 ? `key ${index % 1_000}` : undefined;
    return new Waiting(1 + (index % 5), key, next);
  });
  for (const one of all) slots.request(one, 0);
  const waiting = (): number => all.filter(({ queue }) => queue !== undefined).length;
  expect(waiting()).toBe(1_000_000);
  // A third of them leave, from anywhere in the queue.
  all.forEach((one, index) => {
    if (index % 3 === 1) slots.withdraw(one);
  });
  const left = all.filter((_, index) => index % 3 !== 1);
  expect(waiting()).toBe(left.length);

  for (let at = 0; at < running.length; at++) {
    slots.release(running[at]!);
    slots.handOut();
  }
  expect(waiting()).toBe(0);
  let outOfOrder = 0;
  const lastBegun = new Map<string, number>();
  for (const one of left) {
    const queue = `${one.priority} ${String(one.concurrencyKey)}`;
    if (one.begun <= (lastBegun.get(queue) ?? 0)) outOfOrder++;
    lastBegun.set(queue, one.begun);
  }
  expect(outOfOrder).toBe(0);
});
