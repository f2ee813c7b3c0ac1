/** How users' values look in timelines and in the messages of failing tests. */
import { show } from '../kernel/bad-input.js';
import { printable } from '../kernel/text.js';

/** Like JSON, but with everything that JSON would lose or confuse: `Map{"a":NaN}`. Never throws. */
export function shown(value: unknown): string {
  return written(value, Infinity);
}

/** The beginning of that text, on one line. It costs no more for a large value. */
export function briefly(value: unknown, limit: number): string {
  return printable(written(value, limit), limit);
}

function written(value: unknown, limit: number): string {
  try {
    return new Writer(limit).text(value, []);
  } catch {
    return show(value);
  }
}

class Writer {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  text(value: unknown, open: readonly object[]): string {
    if (typeof value === 'object' && value !== null && isOpen(value)) {
      if (open.includes(value)) return '(a cycle)';
      return nameOf(value) + this.#content(value, [...open, value]);
    }
    const text = this.#leaf(value);
    this.#left -= text.length + 1;
    return text;
  }

  #leaf(value: unknown): string {
    if (typeof value === 'string') {
      return JSON.stringify(value.length > this.#left + 1 ? value.slice(0, this.#left + 1) : value);
    }
    if (Object.is(value, -0)) return '-0';
    if (typeof value !== 'object' || value === null) return show(value);
    if (value instanceof Date) return `Date(${Number.isNaN(+value) ? 'NaN' : value.toISOString()})`;
    return (value as Error | RegExp | URL).toString();
  }

  #content(value: object, open: readonly object[]): string {
    const item = (one: unknown): string => this.text(one, open);
    const pair = ([key, one]: [unknown, unknown]): string => `${item(key)}:${item(one)}`;
    if (value instanceof Map) return `{${this.#list(value, pair)}}`;
    if (value instanceof Set) return `{${this.#list(value, item)}}`;
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      return `[${this.#list(value as Iterable<unknown>, item)}]`;
    }
    return `{${this.#list(Object.keys(value), (key) =>
      pair([key, (value as Record<string, unknown>)[key]]),
    )}}`;
  }

  #list<Item>(items: Iterable<Item>, write: (item: Item) => string): string {
    const parts: string[] = [];
    for (const item of items) {
      if (this.#left < 0) {
        parts.push('...');
        break;
      }
      parts.push(write(item));
    }
    return parts.join();
  }
}

/** Whether a value is written with its content. */
function isOpen(value: object): boolean {
  return ![Date, Error, RegExp, URL].some((closed) => value instanceof closed);
}

/** The name of the value's class; empty for plain objects and arrays. */
function nameOf(value: object): string {
  const { constructor } = value;
  const plain = [Object, Array, undefined].includes(constructor as never);
  return plain || typeof constructor !== 'function' ? '' : constructor.name;
}
