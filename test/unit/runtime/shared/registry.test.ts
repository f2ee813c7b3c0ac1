/** The list of open activities. */
import { expect, test } from 'vitest';
import { Registry, type Listed } from '../../../../src/runtime/shared/registry.js';

const activity = (): Listed => ({ before: undefined, after: undefined, changed: () => {} });

test('an activity without an id is listed without taking an id', () => {
  const registry = new Registry();
  const unnamed = activity();
  const named = activity();
  registry.move(unnamed, undefined, 'SCHEDULED');
  registry.move(named, undefined, 'SCHEDULED');
  registry.name(named, 'id');
  expect(registry.all()).toEqual([unnamed, named]);
  expect(registry.find('id')).toBe(named);
  expect(registry.find(undefined as unknown as string)).toBeUndefined();
});

test('an activity that has closed is no longer listed, and its id is free', () => {
  const registry = new Registry();
  const [first, second] = [activity(), activity()];
  for (const each of [first, second]) registry.move(each, undefined, 'SCHEDULED');
  registry.name(first, 'first');
  expect(registry.find('first')).toBe(first);
  registry.move(first, 'SCHEDULED', 'CLOSED');
  registry.forget('first');
  expect(registry.find('first')).toBeUndefined();
  expect(registry.all()).toEqual([second]);
  expect(registry.open).toBe(1);
});

test('activities are counted by phase', () => {
  const registry = new Registry();
  const [first, second] = [activity(), activity()];
  for (const each of [first, second]) registry.move(each, undefined, 'SCHEDULED');
  registry.move(first, 'SCHEDULED', 'WAITING');
  const counts = (): number[] => {
    const { scheduled, waiting, running, paused } = registry;
    return [scheduled, waiting, running, paused];
  };
  expect(counts()).toEqual([1, 1, 0, 0]);
  registry.move(first, 'WAITING', 'RUNNING');
  registry.move(second, 'SCHEDULED', 'PAUSED');
  expect(counts()).toEqual([0, 0, 1, 1]);
  registry.move(first, 'RUNNING', 'CLOSED');
  registry.move(second, 'PAUSED', 'CLOSED');
  expect(counts()).toEqual([0, 0, 0, 0]);
});

test('an activity that closes before it is scheduled is never listed', () => {
  const registry = new Registry();
  registry.move(activity(), undefined, 'CLOSED');
  expect(registry.open).toBe(0);
  expect(registry.all()).toEqual([]);
});
