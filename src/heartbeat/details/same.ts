/** Whether heartbeat details have changed: deep equality of two snapshots. */

/** True for equal data, in the same order where data has one. */
export function sameDetails(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a)) return sameLists(a, b as unknown[]);
  if (ArrayBuffer.isView(a)) return sameLists(numbersOf(a), numbersOf(b as typeof a));
  return sameLists(contentOf(a), contentOf(b)) && sameFields(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function sameFields(a: Fields, b: Fields): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && sameDetails(a[name], b[name]));
}

function sameLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => sameDetails(item, b[index]));
}

const NOTHING: readonly unknown[] = [];

/** What an object holds besides its fields. */
function contentOf(value: object): readonly unknown[] {
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof URL) return [value.href];
  if (value instanceof RegExp) return [String(value)];
  if (value instanceof Error) return [value.name, value.message, value.cause];
  return NOTHING;
}

function numbersOf(view: ArrayBufferView): number[] {
  return [...(view as unknown as Iterable<number>)];
}
