/** Heartbeat details as text, for a store. The only file that imports superjson. */
import { SuperJSON } from 'superjson';
import type { CopyInstance } from './snapshot.js';

/**
 * What turns details into JSON and back: a superjson instance with your registered classes, or
 * anything with its two methods.
 */
export interface DetailsSerializer {
  serialize(value: unknown): { json: unknown; meta?: unknown };
  deserialize(payload: { json: unknown; meta?: unknown }): unknown;
}

/** The text of details that `copyDetails` has let through. */
export function encodeDetails(details: unknown, serializer: DetailsSerializer): string {
  return JSON.stringify(serializer.serialize(new Packer().pack(details)));
}

/** The details of a text; whatever the text is not fit for throws. */
export function decodeDetails(text: string, serializer: DetailsSerializer): unknown {
  const payload: unknown = JSON.parse(text);
  if (typeof payload !== 'object' || payload === null || !('json' in payload)) {
    throw new TypeError('not heartbeat details');
  }
  return new Unpacker().unpack(serializer.deserialize(payload));
}

/** superjson with nothing registered. Repeated objects are written once: a text cannot explode. */
export function defaultSerializer(): DetailsSerializer {
  return new SuperJSON({ dedupe: true });
}

/** Copies instances of the classes registered on a serializer. */
export function registeredInstances(serializer: DetailsSerializer): CopyInstance {
  return (instance, copyField) => {
    let written: ReturnType<DetailsSerializer['serialize']>;
    try {
      written = serializer.serialize(instance);
    } catch {
      return undefined;
    }
    const kind = rootAnnotation(written.meta);
    if (kind === 'custom') return serializer.deserialize(written) as object;
    if (kind !== 'class') return undefined;
    const copy = Object.create(Object.getPrototypeOf(instance) as object) as Record<
      string,
      unknown
    >;
    for (const key of Object.keys(written.json as object)) {
      copy[key] = copyField((instance as Record<string, unknown>)[key], key);
    }
    return copy;
  };
}

/** How superjson marks what it made of the outermost value: `[['class', id], ...]`. */
function rootAnnotation(meta: unknown): unknown {
  const values = (meta as { values?: unknown } | undefined)?.values;
  const root: unknown = Array.isArray(values) ? values[0] : undefined;
  return Array.isArray(root) ? root[0] : undefined;
}

/*
 * superjson loses shared references inside a Set or a Map key, NaN and -0 inside a typed array,
 * and references into an Error. So these four go to it as plain objects with a tag, and so do the
 * plain objects that happen to have a key of the tag's name.
 */
const TAG = '@@systole';

type Tagged =
  | { [TAG]: 'map'; value: [unknown, unknown][] }
  | { [TAG]: 'set'; value: unknown[] }
  | { [TAG]: 'view'; value: number[]; view: string }
  | { [TAG]: 'error'; value: { name: string; message: string; cause?: unknown } }
  | { [TAG]: 'object'; value: Record<string, unknown> };

class Packer {
  readonly #packed = new Map<object, unknown>();

  pack(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#packed.get(value);
    if (known !== undefined) return known;
    const items: unknown[] = [];
    if (Array.isArray(value)) return this.#fill(value, items, () => this.#packAll(value, items));
    if (value instanceof Map) {
      return this.#fill(value, { [TAG]: 'map', value: items }, () => {
        for (const [key, item] of value) items.push([this.pack(key), this.pack(item)]);
      });
    }
    if (value instanceof Set) {
      return this.#fill(value, { [TAG]: 'set', value: items }, () => this.#packAll(value, items));
    }
    if (value instanceof Error) return this.#packError(value);
    if (ArrayBuffer.isView(value)) {
      const view = Object.prototype.toString.call(value).slice(8, -1);
      const numbers = [...(value as unknown as Iterable<number>)];
      return this.#fill(value, { [TAG]: 'view', value: numbers, view }, noFill);
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return value; // a Date, a registered class
    const fields: Record<string, unknown> = {};
    const packed = TAG in value ? { [TAG]: 'object', value: fields } : fields;
    return this.#fill(value, packed, () => {
      for (const [key, item] of Object.entries(value)) fields[key] = this.pack(item);
    });
  }

  #packError(error: Error): unknown {
    const value: (Tagged & { [TAG]: 'error' })['value'] = {
      name: error.name,
      message: error.message,
    };
    return this.#fill(error, { [TAG]: 'error', value }, () => {
      if (Object.hasOwn(error, 'cause')) value.cause = this.pack(error.cause);
    });
  }

  #packAll(items: Iterable<unknown>, into: unknown[]): void {
    for (const item of items) into.push(this.pack(item));
  }

  /** Known before it is filled, so that a cycle ends. */
  #fill(value: object, packed: object, fill: () => void): object {
    this.#packed.set(value, packed);
    fill();
    return packed;
  }
}

class Unpacker {
  readonly #unpacked = new Map<object, unknown>();

  unpack(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#unpacked.get(value);
    if (known !== undefined) return known;
    if (Array.isArray(value)) {
      const array: unknown[] = this.#keep(value, []);
      for (const item of value) array.push(this.unpack(item));
      return array;
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return TAG in value ? this.#unpackTagged(value as Tagged) : this.#unpackFields(value, value);
  }

  #unpackTagged(tagged: Tagged): unknown {
    switch (tagged[TAG]) {
      case 'map': {
        const map = this.#keep(tagged, new Map());
        for (const [key, item] of tagged.value) map.set(this.unpack(key), this.unpack(item));
        return map;
      }
      case 'set': {
        const set = this.#keep(tagged, new Set());
        for (const item of tagged.value) set.add(this.unpack(item));
        return set;
      }
      case 'view': {
        const View = (globalThis as Record<string, unknown>)[tagged.view];
        if (!/^(?:Int|Uint|Float)\d+(?:Clamped)?Array$/.test(tagged.view))
          throw badTag(tagged.view);
        return this.#keep(tagged, new (View as new (of: number[]) => object)(tagged.value));
      }
      case 'error': {
        const { name, message } = tagged.value;
        const error = this.#keep(tagged, new Error(message));
        hide(error, 'name', name);
        if ('cause' in tagged.value) hide(error, 'cause', this.unpack(tagged.value.cause));
        return error;
      }
      case 'object':
        return this.#unpackFields(tagged, tagged.value);
      default:
        throw badTag((tagged as { [TAG]: unknown })[TAG]);
    }
  }

  #unpackFields(key: object, fields: object): Record<string, unknown> {
    const plain: Record<string, unknown> = this.#keep(key, {});
    for (const [name, item] of Object.entries(fields)) plain[name] = this.unpack(item);
    return plain;
  }

  #keep<T extends object>(value: object, unpacked: T): T {
    this.#unpacked.set(value, unpacked);
    return unpacked;
  }
}

/** An own property as errors have them: not enumerable. */
function hide(error: Error, key: 'name' | 'cause', value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true });
}

function badTag(tag: unknown): TypeError {
  return new TypeError(`not heartbeat details: ${String(tag)}`);
}

function noFill(): void {
  // A leaf: nothing in it refers to anything.
}
