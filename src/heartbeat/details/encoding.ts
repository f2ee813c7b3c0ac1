/** Heartbeat details as text, for a store. The only file that imports superjson. */
import { SuperJSON } from 'superjson';
import type { CopyInstance } from './copy.js';

/**
 * What turns details into JSON and back: a superjson instance with your registered classes, or
 * anything with its two methods.
 */
export interface DetailsSerializer {
  /** What `JSON.stringify` can write. */
  serialize(value: unknown): { json: unknown; meta?: unknown };
  /** The value again, from what `JSON.parse` has read. */
  deserialize(payload: { json: unknown; meta?: unknown }): unknown;
}

/** superjson with nothing registered. */
export function defaultSerializer(): DetailsSerializer {
  return new SuperJSON();
}

/** The text of details that `copyDetails` has let through. */
export function encodeDetails(details: unknown, serializer: DetailsSerializer): string {
  return JSON.stringify(serializer.serialize(new Packer(serializer).pack(details)));
}

/** The details of a text; whatever the text is not fit for throws. */
export function decodeDetails(text: string, serializer: DetailsSerializer): unknown {
  const payload: unknown = JSON.parse(text, refuseProto);
  if (!isObject(payload) || !('json' in payload)) throw notDetails('without json');
  if ('meta' in payload && !isObject(payload.meta)) throw notDetails('of its meta');
  const details = new Unpacker().unpack(serializer.deserialize(payload));
  if (details === undefined) throw notDetails('undefined');
  return details;
}

/** No details have that key, and superjson would leave it out in silence. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw notDetails('with a key __proto__');
  return value;
}

/** Copies instances of what is registered on a serializer. */
export function registeredInstances(serializer: DetailsSerializer): CopyInstance {
  return (instance, copyField) => {
    const { kind, written } = registration(instance, serializer);
    if (kind === 'custom') {
      const length = JSON.stringify(written?.json ?? null).length;
      return {
        copy: serializer.deserialize({ ...written, json: written?.json }) as object,
        length,
      };
    }
    if (kind !== 'class') return undefined;
    if (copyField === undefined) return 'fields alone';
    const copy = emptyLike(instance);
    for (const key of Object.keys(written?.json as object)) {
      copy[key] = copyField((instance as Record<string, unknown>)[key], key);
    }
    return { copy, length: 0 };
  };
}

/** How a serializer writes an instance: superjson marks the outermost value `[['class', id], …]`. */
function registration(
  instance: object,
  serializer: DetailsSerializer,
): { kind: unknown; written?: ReturnType<DetailsSerializer['serialize']> } {
  try {
    const written = serializer.serialize(instance);
    const values = (written.meta as { values?: unknown } | undefined)?.values;
    const root: unknown = Array.isArray(values) ? values[0] : undefined;
    return { kind: Array.isArray(root) ? root[0] : undefined, written };
  } catch {
    return { kind: undefined };
  }
}

function emptyLike(instance: object): Record<string, unknown> {
  return Object.create(Object.getPrototypeOf(instance) as object) as Record<string, unknown>;
}

/*
 * What superjson does not bring back is told to it in plain objects with a tag: NaN and -0 inside a
 * typed array, whatever Errors and instances refer to, and objects met again, which it loses inside
 * a Set, a Map key or an instance, and may write out as often as they are met. An object that has a
 * key of the tag's name goes into one too.
 */
const TAG = '@@systole';

class Packer {
  /** By the order in which they are met. */
  readonly #met = new Map<object, number>();
  readonly #serializer: DetailsSerializer;

  constructor(serializer: DetailsSerializer) {
    this.#serializer = serializer;
  }

  readonly pack = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const met = this.#met.get(value);
    if (met !== undefined) return { [TAG]: 'same', value: met };
    this.#met.set(value, this.#met.size);
    if (isJust(value, Array<unknown>)) return value.map(this.pack);
    if (isJust(value, Map))
      return { [TAG]: 'map', value: Array.from(value, (e) => e.map(this.pack)) };
    if (isJust(value, Set)) return { [TAG]: 'set', value: Array.from(value, this.pack) };
    if (isJust(value, Error)) {
      const { name, message } = value;
      const cause = Object.hasOwn(value, 'cause') ? { cause: this.pack(value.cause) } : undefined;
      return { [TAG]: 'error', value: { name, message, ...cause } };
    }
    if (ArrayBuffer.isView(value) && !this.#isCustom(value)) {
      const numbers = [...(value as unknown as Iterable<number>)];
      return {
        [TAG]: 'view',
        value: numbers,
        of: Object.prototype.toString.call(value).slice(8, -1),
      };
    }
    if (isJust(value, Object)) {
      const fields = this.#fields(value);
      return TAG in value ? { [TAG]: 'object', value: fields } : fields;
    }
    if (registration(value, this.#serializer).kind !== 'class') return value; // a Date, a custom
    return { [TAG]: 'instance', value: this.#fields(value), of: emptyLike(value) };
  };

  /** A view of a class of its own, such as a Buffer, may be registered. */
  #isCustom(view: ArrayBufferView): boolean {
    const own = Object.prototype.toString.call(view) !== `[object ${view.constructor.name}]`;
    return own && registration(view, this.#serializer).kind === 'custom';
  }

  #fields(value: object): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.pack(item)]));
  }
}

class Unpacker {
  readonly #met: unknown[] = [];

  unpack(value: unknown): unknown {
    if (!isObject(value)) return value;
    if (isJust(value, Array<unknown>)) return this.#fill(value, this.#meet([]));
    if (Object.getPrototypeOf(value) !== Object.prototype) return this.#meet(value);
    if (!(TAG in value)) return this.#assign(value, this.#meet({}));
    const tagged = value as { [TAG]: unknown; value?: unknown; of?: unknown };
    switch (tagged[TAG]) {
      case 'same': {
        const met = typeof tagged.value === 'number' ? this.#met[tagged.value] : undefined;
        if (met === undefined) throw notDetails('of a reference to nothing');
        return met;
      }
      case 'map': {
        const map = this.#meet(new Map<unknown, unknown>());
        for (const entry of list(tagged.value)) {
          const [key, item] = list(entry);
          map.set(this.unpack(key), this.unpack(item));
        }
        return map;
      }
      case 'set': {
        const set = this.#meet(new Set());
        for (const item of list(tagged.value)) set.add(this.unpack(item));
        return set;
      }
      case 'view': {
        if (!/^(?:Ui|I)nt(?:8|8Clamped|16|32)Array$|^Float(?:32|64)Array$/.test(String(tagged.of)))
          break;
        const View = (globalThis as Record<string, unknown>)[String(tagged.of)];
        return this.#meet(new (View as new (of: unknown) => object)(list(tagged.value)));
      }
      case 'error': {
        if (!isObject(tagged.value)) break;
        const { name, message, ...rest } = tagged.value as Error;
        const error = this.#meet(new Error(message));
        hide(error, 'name', name);
        if ('cause' in rest) hide(error, 'cause', this.unpack(rest.cause));
        return error;
      }
      case 'object':
        return this.#assign(tagged.value, this.#meet({}));
      case 'instance':
        if (!isObject(tagged.of)) break;
        return this.#assign(tagged.value, this.#meet(tagged.of));
    }
    throw notDetails(`of a tag ${String(tagged[TAG])}`);
  }

  #fill(items: readonly unknown[], into: unknown[]): unknown[] {
    for (const item of items) into.push(this.unpack(item));
    return into;
  }

  #assign(fields: unknown, to: object): object {
    if (!isObject(fields)) throw notDetails('without fields');
    for (const [key, item] of Object.entries(fields)) {
      (to as Record<string, unknown>)[key] = this.unpack(item);
    }
    return to;
  }

  /** Known before it is filled, so that what is in it may refer to it. */
  #meet<T>(value: T): T {
    this.#met.push(value);
    return value;
  }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw notDetails('without a list');
  return value;
}

/** An own property as errors have them: not enumerable. */
function hide(error: Error, key: 'name' | 'cause', value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true });
}

/** Of that class, and of none derived from it. */
function isJust<T extends object>(value: object, of: abstract new () => T): value is T {
  return Object.getPrototypeOf(value) === of.prototype;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function notDetails(why: string): TypeError {
  return new TypeError(`not heartbeat details: ${why}`);
}
