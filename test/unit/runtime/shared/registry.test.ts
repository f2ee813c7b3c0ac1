/** The list of open activities, alone. */
import { expect, test } from 'vitest';
import { Registry, type Registered } from '../../../../src/runtime/shared/registry.js';

const activity = (): Registered => ({ before: undefined, after: undefined });

test('an activity without an id is listed, and takes no place among the ids', () => {
  const registry = new Registry();
  const unnamed = activity();
  const named = activity();
  registry.add(unnamed, undefined);
  registry.add(named, 'id');
  expect(registry.all()).toEqual([unnamed, named]);
  expect(registry.find('id')).toBe(named);
  expect(registry.find(undefined as unknown as string)).toBeUndefined();
});

test('an activity leaves with its id, also one that was named later', () => {
  const registry = new Registry();
  const [first, second] = [activity(), activity()];
  registry.add(first, undefined);
  registry.name(first, 'first');
  registry.add(second, 'second');
  expect(registry.find('first')).toBe(first);
  registry.remove(first, 'first');
  expect(registry.find('first')).toBeUndefined();
  expect(registry.all()).toEqual([second]);
  expect(registry.open).toBe(1);
});
