/** How values look in the message of a failing test. */
import { show } from '../kernel/bad-input.js';

/** Like JSON, but with everything that JSON would lose or confuse: `Map{"a":NaN}`. Never throws. */
export function shown(value: unknown): string {
  try {
    return text(value, []);
  } catch {
    return show(value);
  }
}

function text(value: unknown, open: readonly object[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return show(value);
  if (value instanceof Date) return `Date(${Number.isNaN(+value) ? 'NaN' : value.toISOString()})`;
  if (value instanceof Error || value instanceof RegExp || value instanceof URL) {
    return String(value);
  }
  if (open.includes(value)) return '(a cycle)';
  return nameOf(value) + content(value, (item) => text(item, [...open, value]));
}

function content(value: object, item: (item: unknown) => string): string {
  const pair = ([key, one]: [unknown, unknown]): string => `${item(key)}:${item(one)}`;
  if (value instanceof Map) return `{${Array.from(value, pair).join()}}`;
  if (value instanceof Set) return `{${Array.from(value, item).join()}}`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return `[${Array.from(value as ArrayLike<unknown>, item).join()}]`;
  }
  return `{${Object.entries(value).map(pair).join()}}`;
}

/** The name of the value's class; empty for plain objects and arrays. */
function nameOf(value: object): string {
  const { constructor } = value;
  const plain = [Object, Array, undefined].includes(constructor as never);
  return plain || typeof constructor !== 'function' ? '' : constructor.name;
}
