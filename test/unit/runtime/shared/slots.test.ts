/** The slots: which ticket begins, what is released, and when a timer is set. */
import { describe, expect, test, vi } from 'vitest';
import { Deadlines } from '../../../../src/kernel/deadlines.js';
import { Slots, type Limits } from '../../../../src/runtime/shared/slots.js';
import type { KeyQueue, Ticket } from '../../../../src/runtime/shared/queue.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

function setUp(limits: Partial<Limits> = {}) {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const unlimited = { slots: Infinity, slotsPerKey: Infinity, startsPerSecond: Infinity };
  const slots = new Slots({ ...unlimited, ...limits }, clock, deadlines);
  /** The names of those that have begun. */
  const begun: string[] = [];
  const waiter = (name: string, concurrencyKey?: string, onBegin?: () => void): Ticket => ({
    queue: undefined,
    ahead: undefined,
    behind: undefined,
    order: 0,
    priority: 3,
    concurrencyKey,
    begin() {
      begun.push(name);
      onBegin?.();
    },
  });
  /** A ticket that asks for a slot now. */
  const add = (...args: Parameters<typeof waiter>): Ticket => {
    const added = waiter(...args);
    slots.request(added, clock.now());
    return added;
  };
  const release = (one: Ticket): void => {
    slots.release(one);
    slots.handOut();
  };
  return { clock, deadlines, slots, begun, waiter, add, release };
}

describe('a key', () => {
  /** What a ticket that waits for a slot of the key shows about the key. */
  const keyOf = ({ queue }: Ticket) => queue!.key;

  test('is forgotten when the last waiting ticket leaves, and not earlier', () => {
    const { slots, add } = setUp({ slots: 1, slotsPerKey: 1 });
    add('holder');
    const first = add('first', 'a');
    const second = add('second', 'a');
    const key = keyOf(first);
    slots.withdraw(first);
    const third = add('third', 'a');
    expect(keyOf(third)).toBe(key);
    slots.withdraw(second);
    slots.withdraw(third);
    expect(keyOf(add('fourth', 'a'))).not.toBe(key);
  });

  test('is forgotten when its last slot is released, and not earlier', () => {
    const { slots, add, release, begun } = setUp({ slots: 3, slotsPerKey: 2 });
    const first = add('first', 'a');
    const second = add('second', 'a');
    const third = add('third', 'a');
    const key = keyOf(third);
    slots.withdraw(third);
    release(first);
    const fourth = add('fourth', 'a');
    const fifth = add('fifth', 'a');
    expect(begun).toEqual(['first', 'second', 'fourth']);
    expect(keyOf(fifth)).toBe(key);

    slots.withdraw(fifth);
    release(second);
    release(fourth);
    for (const name of ['x', 'y', 'z']) add(name);
    expect(keyOf(add('sixth', 'a'))).not.toBe(key);
  });

  test('is not recorded without a limit per key', () => {
    const { add } = setUp({ slots: 1 });
    add('holder');
    const { queue } = add('one', 'a');
    expect(queue).toBeDefined();
    expect(add('another', 'b').queue).toBe(queue);
    expect(add('without').queue).toBe(queue);
  });

  test('that is full is not free, even if slots are', () => {
    const { slots, add, waiter } = setUp({ slots: 2, slotsPerKey: 1 });
    add('holder', 'a');
    const isFree = (key?: string): boolean => slots.isFree(waiter('next', key), 0);
    expect([isFree('a'), isFree('b'), isFree()]).toEqual([false, true, true]);
    add('other');
    expect([isFree('a'), isFree('b'), isFree()]).toEqual([false, false, false]);
  });
});

describe('the places of tickets that left the queue', () => {
  /** Some tickets stay, others come and leave, each with its own key and so its own place. */
  function fill(stay: number, leave: number) {
    const at = setUp({ slots: 1, slotsPerKey: 1 });
    const { slots, add } = at;
    const holder = add('holder');
    const stays = Array.from({ length: stay }, (_, i) => add(`stays ${i}`, `stays ${i}`));
    let heap: KeyQueue['heap'] | undefined;
    for (let index = 0; index < leave; index++) {
      const leaves = add('leaves', `leaves ${index}`);
      heap = leaves.queue?.heap;
      slots.withdraw(leaves);
    }
    return { ...at, holder, stays, places: () => heap?.size };
  }

  test.each([
    [0, 1_000, 1_000],
    [0, 1_001, 1],
    [0, 5_000, 1_000],
    [10, 990, 1_000],
    [10, 991, 11],
    // After a search without success, the next one comes at twice the number, so all are linear.
    [1_500, 502, 2_002],
    [1_500, 503, 1_501],
  ])('are dropped in time: if %i stay and %i leave, there are %i', (stay, leave, left) => {
    expect(fill(stay, leave).places()).toBe(left);
  });

  test('are dropped without affecting other places', () => {
    const { begun, holder, stays, add, release } = fill(20, 1_500);
    add('last', 'stays 7');
    for (const one of [holder, ...stays]) release(one);
    expect(begun).toEqual(['holder', ...stays.map((_, index) => `stays ${index}`), 'last']);
  });
});

test('a ticket that releases its slot while it begins has begun before the next one', () => {
  const { add, release, begun } = setUp({ slots: 1 });
  const holder = add('holder');
  for (const name of ['a', 'b', 'c']) {
    const one = add(name, undefined, () => {
      release(one);
      begun.push(`${name} has begun`);
    });
  }
  release(holder);
  expect(begun).toEqual(['holder', 'a', 'a has begun', 'b', 'b has begun', 'c', 'c has begun']);
});

test('the clock is not read while no ticket waits', () => {
  const { clock, add, release } = setUp({ slots: 1 });
  const holder = add('holder');
  const now = vi.spyOn(clock, 'now');
  release(holder);
  expect(now).not.toHaveBeenCalled();
});

test('without a rate, no ticket waits because of an older reading of the clock', () => {
  const { slots, waiter, begun } = setUp();
  slots.request(waiter('a'), 10);
  slots.request(waiter('b'), 5);
  expect(begun).toEqual(['a', 'b']);
});

describe('with a rate', () => {
  test('a ticket that leaves does not delay those behind it', async () => {
    const { clock, slots, add, begun } = setUp({ startsPerSecond: 10 });
    add('a');
    const b = add('b');
    add('c');
    slots.withdraw(b);
    await clock.advance(100);
    expect(begun).toEqual(['a', 'c']);
  });

  test('a timer is set only while a ticket waits for the next start', async () => {
    const { clock, slots, add, begun } = setUp({ startsPerSecond: 10 });
    add('a');
    expect(slots.bucket).toBeUndefined();
    add('b');
    expect(slots.bucket).toBeDefined();
    await clock.advance(100);
    expect(begun).toEqual(['a', 'b']);
    expect(slots.bucket).toBeUndefined();
  });

  test('no timer is set for a start that is due and waits for a slot', async () => {
    const { clock, slots, add, release, begun } = setUp({ startsPerSecond: 10, slots: 1 });
    const a = add('a');
    add('b');
    await clock.advance(100);
    expect(begun).toEqual(['a']);
    expect(slots.bucket).toBeUndefined();
    release(a);
    expect(begun).toEqual(['a', 'b']);
  });
});

test('no timer is set for tickets that wait for a slot', () => {
  const { slots, add, begun } = setUp({ slots: 1 });
  add('a');
  add('b');
  expect(begun).toEqual(['a']);
  expect(slots.bucket).toBeUndefined();
});
