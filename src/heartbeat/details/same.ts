/** Whether heartbeat details have changed: deep equality of two snapshots. */

/** Whether two snapshots are equal. The order counts in lists, Maps and Sets. */
export function sameDetails(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) || ArrayBuffer.isView(a)) return sameLists(a as List, b as List);
  return sameLists(contentOf(a), contentOf(b)) && sameFields(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;
type List = readonly unknown[];

function sameFields(a: Fields, b: Fields): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && sameDetails(a[name], b[name]));
}

function sameLists(a: List, b: List): boolean {
  return a.length === b.length && a.every((item, index) => sameDetails(item, b[index]));
}

/** The content of an object that is not in its fields. */
function contentOf(value: object): List {
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof URL) return [value.href];
  if (value instanceof RegExp) return [String(value)];
  if (value instanceof Error) return [value.name, value.message, value.cause];
  return [];
}
