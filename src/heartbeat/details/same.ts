/** Whether heartbeat details have changed: deep equality of two snapshots. */
import type { Snapshot } from './codec.js';

/** True for equal data, in the same order where data has one. */
export function sameDetails(a: Snapshot | undefined, b: Snapshot | undefined): boolean {
  return same(a, b, new Map());
}

type Compared = Map<object, object>;

function same(a: unknown, b: unknown, compared: Compared): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  // A pair met again is part of a cycle, or has been compared: a difference shows elsewhere.
  if (compared.get(a) === b) return true;
  compared.set(a, b);
  if (a instanceof Map) return sameLists([...a], [...(b as typeof a)], compared);
  if (a instanceof Set) return sameLists([...a], [...(b as typeof a)], compared);
  if (Array.isArray(a)) return sameLists(a, b as unknown[], compared);
  if (ArrayBuffer.isView(a)) {
    return sameLists([...(a as never as number[])], [...(b as never as number[])], compared);
  }
  if (a instanceof Date) return a.getTime() === (b as Date).getTime();
  if (a instanceof URL) return a.href === (b as URL).href;
  if (a instanceof RegExp)
    return a.source === (b as RegExp).source && a.flags === (b as RegExp).flags;
  if (a instanceof Error && !sameErrors(a, b as Error, compared)) return false;
  return sameFields(a as Fields, b as Fields, compared);
}

type Fields = Readonly<Record<string, unknown>>;

function sameLists(a: readonly unknown[], b: readonly unknown[], compared: Compared): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index], compared));
}

function sameFields(a: Fields, b: Fields, compared: Compared): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name], compared));
}

function sameErrors(a: Error, b: Error, compared: Compared): boolean {
  return a.name === b.name && a.message === b.message && same(a.cause, b.cause, compared);
}
