import fc from 'fast-check';
import { show } from '../../src/kernel/bad-input.js';
import type { Snapshot } from '../../src/heartbeat/details/codec.js';

/** What is generated: a list of nodes that refer to later ones, so parts are shared at will. */
export interface Plan {
  readonly nodes: readonly NodePlan[];
  readonly root: Item;
}

/** A primitive, or a later node: how many come between it and the one that refers to it. */
type Item = { readonly value: unknown } | { readonly node: number };

type NodePlan =
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Item])[] }
  | { readonly kind: 'array' | 'set'; readonly items: readonly Item[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Item, Item])[] }
  | {
      readonly kind: 'error';
      readonly type: ErrorConstructor;
      readonly message: string;
      readonly cause: Item | undefined;
    }
  | { readonly kind: 'leaf'; readonly make: () => object };

const AWKWARD_KEYS = [
  '',
  '.',
  'a.b',
  'a\\.b',
  '\\',
  '\\\\',
  "['x']",
  '@@systole',
  '@@systole.value',
  '0',
  '01',
  '-1',
  'json',
  'meta',
  'values',
  'length',
  'toString',
  'hasOwnProperty',
  'then',
  'name',
  'cause',
  '__proto',
  '__proto__',
  '__proto__~',
  'constructor',
  'constructor~~',
  'prototype',
  'ключ',
  '👩‍👩‍👧',
  '\ud800',
  '\u0000',
  '\u2028',
];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(...AWKWARD_KEYS),
);

/** Every accepted value that is not an object, including `undefined`. */
export const primitive: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom<unknown>(
    null,
    undefined,
    NaN,
    Infinity,
    -Infinity,
    -0,
    0n,
    'undefined',
    Number.MAX_VALUE,
    Number.MIN_VALUE,
  ),
);

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;

const leaf: fc.Arbitrary<() => object> = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => () => new Date(date.getTime())),
  fc.constantFrom<[string, string]>(['a+', 'gi'], ['', ''], ['/\\\\"', 'u'], ['ü|\\n', 'msy']).map(
    ([source, flags]) =>
      () =>
        new RegExp(source, flags),
  ),
  fc.webUrl({ withQueryParameters: true }).map((url) => () => new URL(url)),
  fc
    .tuple(
      fc.constantFrom(...VIEWS),
      fc.array(fc.oneof(fc.double(), fc.constantFrom(NaN, -0, Infinity, -Infinity)), {
        maxLength: 5,
      }),
    )
    .map(
      ([View, numbers]) =>
        () =>
          new View(numbers),
    ),
);

function plan(size: number): fc.Arbitrary<Plan> {
  const item: fc.Arbitrary<Item> = fc.oneof(
    { weight: 2, arbitrary: primitive.map((value) => ({ value })) },
    { weight: 3, arbitrary: fc.nat(size - 1).map((node) => ({ node })) },
  );
  const items = fc.array(item, { maxLength: 5 });
  const node: fc.Arbitrary<NodePlan> = fc.oneof(
    fc.record({
      kind: fc.constant('object' as const),
      fields: fc.array(fc.tuple(text, item), { maxLength: 5 }),
    }),
    fc.record({ kind: fc.constantFrom('array' as const, 'set' as const), items }),
    fc.record({
      kind: fc.constant('map' as const),
      entries: fc.array(fc.tuple(item, item), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('error' as const),
      type: fc.constantFrom<ErrorConstructor>(Error, TypeError, RangeError),
      message: text,
      cause: fc.option(item, { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('leaf' as const), make: leaf }),
  );
  return fc.record({ nodes: fc.array(node, { minLength: size, maxLength: size }), root: item });
}

/** Plans for details that a heartbeat accepts. Only the root is never `undefined`. */
export const detailsPlan: fc.Arbitrary<Plan> = fc
  .integer({ min: 1, max: 6 })
  .chain(plan)
  .filter(({ root }) => 'node' in root || root.value !== undefined);

/** The details of a plan. Two calls give two values that share nothing. */
export function build({ nodes, root }: Plan): Snapshot {
  const made = nodes.map((node): object => {
    switch (node.kind) {
      case 'object':
        return {};
      case 'array':
        return [];
      case 'set':
        return new Set();
      case 'map':
        return new Map();
      case 'error':
        return new node.type(node.message);
      case 'leaf':
        return node.make();
    }
  });
  nodes.forEach((node, index) => {
    const self = made[index]!;
    const at = (item: Item): unknown => ('node' in item ? made[index + 1 + item.node] : item.value);
    if (node.kind === 'object') {
      for (const [name, item] of node.fields) {
        const property = { enumerable: true, writable: true, configurable: true };
        Object.defineProperty(self, name, { value: at(item), ...property });
      }
    } else if (node.kind === 'array') {
      for (const item of node.items) (self as unknown[]).push(at(item));
    } else if (node.kind === 'set') {
      for (const item of node.items) (self as Set<unknown>).add(at(item));
    } else if (node.kind === 'map') {
      for (const [name, item] of node.entries) {
        (self as Map<unknown, unknown>).set(at(name), at(item));
      }
    } else if (node.kind === 'error' && node.cause !== undefined) {
      Object.defineProperty(self, 'cause', {
        value: at(node.cause),
        writable: true,
        configurable: true,
      });
    }
  });
  return ('node' in root ? made[root.node] : root.value) as Snapshot;
}

/**
 * Where the two differ: undefined if nowhere. The actual details must be a tree, in which no object
 * is met twice. Of an error, name, message and cause count.
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  const met = new Set<object>();
  const compare = (a: unknown, b: unknown, path: string): string | undefined => {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      return Object.is(a, b) ? undefined : `${path}: ${show(a)} for ${show(b)}`;
    }
    if (met.has(a)) return `${path}: met twice`;
    met.add(a);
    if (b instanceof Error) return compareErrors(a, b, path);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: other prototype`;
    if (b instanceof Date) return compare((a as Date).getTime(), b.getTime(), path);
    if (b instanceof RegExp) return compare((a as RegExp).toString(), b.toString(), path);
    if (b instanceof URL) return compare((a as URL).href, b.href, path);
    if (ArrayBuffer.isView(b)) {
      return compareAll([...(a as Uint8Array)], [...(b as Uint8Array)], path);
    }
    if (b instanceof Map) {
      return compareAll([...(a as Map<unknown, unknown>)].flat(), [...b].flat(), path);
    }
    if (b instanceof Set) return compareAll([...(a as Set<unknown>)], [...b], path);
    return (
      compareAll(Reflect.ownKeys(a), Reflect.ownKeys(b), `${path} keys`) ??
      compareAll(Object.values(a), Object.values(b), path)
    );
  };
  const compareAll = (
    a: readonly unknown[],
    b: readonly unknown[],
    path: string,
  ): string | undefined => {
    if (a.length !== b.length) return `${path}: ${a.length} items for ${b.length}`;
    for (let index = 0; index < b.length; index++) {
      const found = compare(a[index], b[index], `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const compareErrors = (a: object, b: Error, path: string): string | undefined => {
    if (!(a instanceof Error)) return `${path}: no Error`;
    return (
      compare(a.name, b.name, `${path}.name`) ??
      compare(a.message, b.message, `${path}.message`) ??
      compare(a.cause, b.cause, `${path}.cause`)
    );
  };
  return compare(actual, expected, 'details');
}

/** Changes everything in it that can be changed. */
export function spoil(details: unknown): void {
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    const inside: unknown[] = [];
    if (value instanceof Map) inside.push(...([...value].flat() as unknown[]));
    else if (value instanceof Set) inside.push(...value);
    else if (value instanceof Error) inside.push(value.cause);
    else if (!ArrayBuffer.isView(value)) inside.push(...(Object.values(value) as unknown[]));
    inside.forEach(visit);
    if (Array.isArray(value)) value.push('spoilt');
    else if (value instanceof Map) value.clear();
    else if (value instanceof Set) value.clear();
    else if (value instanceof Error) value.message += 'spoilt';
    else if (value instanceof Date) value.setTime(1);
    else if (value instanceof URL) value.hash = 'spoilt';
    else if (ArrayBuffer.isView(value)) (value as Uint8Array).fill(7);
    else if (!(value instanceof RegExp)) (value as Record<string, unknown>).spoilt = true;
  };
  visit(details);
}
