/**
 * Heartbeat details are copied when they are given and again when they are handed out, so no later
 * change to an object ever shows. This walk decides what details may be. They are a tree: a value
 * that is met twice is copied twice, and a cycle is refused.
 */
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { CONTAINER, Costs, INDEX, NOTE, QUOTES, sizeOf } from './size.js';

/** The copy of an instance of the user's, and the fields that are still to be copied into it. */
export interface Registered {
  readonly copy: object;
  readonly fields?: readonly string[];
  readonly size: number;
}

export type FindRegistered = (instance: object) => Registered | undefined;

export interface DetailsCopy {
  readonly value: unknown;
  /** A bound of the bytes it takes: see `size.ts`. */
  readonly size: number;
}

const MAX_DEPTH = 100;

/**
 * A deep copy. The walk ends early, and the copy is not whole, once its size is over the limit.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept
 */
export function copyDetails(
  details: unknown,
  find: FindRegistered = () => undefined,
  limit = Infinity,
): DetailsCopy {
  if (typeof details !== 'object' || details === null) {
    if (isData(details)) return { value: details, size: sizeOf(details, 0) };
  } else {
    const flat = copyFlat(details);
    if (flat !== undefined) return flat;
  }
  const walk = new Walk(find, limit);
  const value = walk.copy(details, 0);
  return { value, size: walk.size };
}

/** Copies a plain object of primitives, the common case, without a walk; undefined for all others. */
function copyFlat(details: object): DetailsCopy | undefined {
  let value: Record<string, unknown>;
  try {
    if (Object.getPrototypeOf(details) !== Object.prototype) return undefined;
    if (Object.getOwnPropertySymbols(details).length > 0) return undefined;
    // Copied first and checked after, so that a getter is called once.
    value = { ...details };
  } catch {
    return undefined; // the walk finds out which getter it was
  }
  let size = CONTAINER;
  for (const key in value) {
    const item = value[key];
    if ((typeof item === 'object' && item !== null) || !isData(item)) return undefined;
    size += key.length + QUOTES + sizeOf(item, key.length);
  }
  return { value, size };
}

const isData = (value: unknown): boolean =>
  typeof value !== 'function' && typeof value !== 'symbol';

type Step = string | number;

const REGISTER = ": pass its fields, or register its class on the runtime's serializer";

class Walk {
  size = 0;
  readonly #find: FindRegistered;
  readonly #limit: number;
  readonly #path: Step[] = [];
  /** The objects that the walk is inside of. */
  readonly #open: object[] = [];
  readonly #costs = new Costs();

  constructor(find: FindRegistered, limit: number) {
    this.#find = find;
    this.#limit = limit;
  }

  /** @param reach the length of the path from the nearest object that JSON lacks */
  copy(value: unknown, reach: number): unknown {
    if (typeof value !== 'object' || value === null) {
      if (!isData(value)) this.#refuse(typeof value);
      this.size += sizeOf(value, reach);
      return value;
    }
    if (this.size > this.#limit) return undefined; // nobody will want the copy
    if (this.#open.includes(value)) this.#refuse('a cycle');
    if (this.#open.length >= MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    this.size += CONTAINER;
    this.#open.push(value);
    try {
      return this.#copyObject(value, reach);
    } catch (error) {
      if (error instanceof HeartbeatDetailsError) throw error;
      return this.#refuse('reading it throws', error); // a getter or a proxy of the user's
    } finally {
      this.#open.pop();
    }
  }

  #copyObject(value: object, reach: number): unknown {
    if (isPlain(value)) return this.#copyFields(value, {}, Reflect.ownKeys(value), reach);
    const name = classNameOf(value);
    if (Array.isArray(value) && name === 'Array') return this.#copyArray(value, reach);
    this.size += NOTE + reach;
    // The tag is not fooled by a class of another realm, the class not by a subclass.
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    const isError = value instanceof Error || tag === 'Error' || tag === 'DOMException';
    const isBuiltIn = BUILT_IN.test(tag);
    const registered = isBuiltIn && tag === name ? undefined : this.#find(value);
    if (registered !== undefined) {
      const { copy, fields, size } = registered;
      this.size += size;
      if (fields === undefined) return copy;
      if (!isBuiltIn && !isError) return this.#copyFields(value, copy, fields, 0);
      this.#refuse(`an instance of ${name}, more than its fields (see registerCustom)`);
    }
    if (ArrayBuffer.isView(value)) return this.#copyView(value, tag);
    if (isError) return this.#copyError(value as Error);
    if (tag === 'Promise') return this.#refuse('a promise');
    if (isBuiltIn && tag === name) return this.#copyBuiltIn(value, tag);
    if (name === undefined || name === 'Object') {
      return this.#refuse('an object with a prototype of its own');
    }
    return this.#refuse(`an instance of ${name}`, undefined, REGISTER);
  }

  #copyArray(array: readonly unknown[], reach: number): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < array.length; index++) {
      if (!(index in array)) this.#refuseAt(index, 'an array hole');
      copy.push(this.#at(index, array[index], reach + INDEX));
    }
    const [name] = Object.keys(array).slice(array.length);
    if (name !== undefined) this.#refuseAt(name, 'a named property of an array');
    return copy;
  }

  #copyFields(from: object, to: object, keys: readonly PropertyKey[], reach: number): object {
    for (const key of keys as (string | symbol)[]) {
      if (!Object.prototype.propertyIsEnumerable.call(from, key)) continue;
      if (typeof key === 'symbol') return this.#refuseAt(key.toString(), 'a symbol as key');
      this.size += key.length + QUOTES;
      this.#path.push(key); // before the read: a getter that throws has a path too
      const item = this.copy((from as Fields)[key], reach + key.length + 1);
      this.#path.pop();
      // Never to be assigned to: `__proto__`, and whatever else is inherited.
      if (key in to) define(to, key, item);
      else (to as Fields)[key] = item;
    }
    return to;
  }

  #copyView(view: ArrayBufferView, tag: string): object {
    this.size += 2 * view.byteLength;
    return viewOf(tag, view) ?? this.#refuse(tag);
  }

  #copyBuiltIn(value: object, tag: string): object {
    switch (tag) {
      case 'Date': {
        const time = (value as Date).getTime();
        if (Number.isNaN(time)) this.#refuse('an invalid Date');
        return new Date(time);
      }
      case 'RegExp':
        return new RegExp(
          this.#counted('regexp', (value as RegExp).source),
          (value as RegExp).flags,
        );
      case 'URL':
        return new URL(this.#counted('URL', (value as URL).href));
      case 'Map':
        return this.#copyMap(value as Map<unknown, unknown>);
      default:
        return this.#copySet(value as Set<unknown>);
    }
  }

  #copySet(set: ReadonlySet<unknown>): Set<unknown> {
    let index = 0;
    return new Set(Array.from(set, (item) => this.#at(`<#${index++}>`, item, INDEX)));
  }

  #counted(type: string, text: string): string {
    this.size += text.length;
    return this.#costs.isHigh(type, text) ? this.#refuse('slow to read back') : text;
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    let index = 0;
    for (const [key, value] of map) {
      const name = typeof key === 'string' ? JSON.stringify(key) : `#${index}`;
      const copiedKey = this.#at(`<key ${name}>`, key, 2 * INDEX);
      copy.set(copiedKey, this.#at(`<${name}>`, value, 2 * INDEX));
      index++;
    }
    return copy;
  }

  /** Copies name, message and cause: what an error says. The stack stays where it was made. */
  #copyError(error: Error): Error {
    const [name, message] = [error.name, error.message].map(String) as [string, string];
    const copy = new Error(message);
    this.size += '"name":"","message":"",'.length + name.length + message.length;
    define(copy, 'name', name, false);
    const cause = Object.hasOwn(error, 'cause') ? error.cause : undefined;
    if (cause !== undefined) define(copy, 'cause', this.#at('cause', cause, 6), false);
    return copy;
  }

  #at(step: Step, value: unknown, reach: number): unknown {
    this.#path.push(step);
    const copy = this.copy(value, reach);
    this.#path.pop();
    return copy;
  }

  #refuseAt(step: Step, kind: string): never {
    this.#path.push(step);
    return this.#refuse(kind);
  }

  #refuse(kind: string, cause?: unknown, advice = ''): never {
    const path = `details${this.#path.map(showStep).join('')}`;
    throw new HeartbeatDetailsError(
      `${path}: ${kind}; heartbeat details must be data that can be copied and stored${advice}`,
      cause === undefined ? { path } : { path, cause },
    );
  }
}

type Fields = Record<string, unknown>;

export function showStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (step.startsWith('<')) return step;
  const isName = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step);
  return isName ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** True for an object with the Object.prototype of any realm, or with no prototype at all. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype as object, 'hasOwnProperty') &&
    Object.prototype.toString.call(value) === '[object Object]'
  );
}

function classNameOf(value: object): string | undefined {
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** The classes of the language that hold more than their fields. */
const BUILT_IN = /^(?:Date|RegExp|URL|Map|Set|Error|Promise|\w*Array)$/;

/** Defines a field, without calling a setter that the object inherits. */
export function define(to: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(to, key, { value, enumerable, writable: true, configurable: true });
}

/** A typed array of JSON's numbers, by its tag: that of a Buffer is Uint8Array. */
export function viewOf(tag: string, from: ArrayBufferLike | ArrayBufferView): object | undefined {
  if (!/^(?:(?:Ui|I)nt(?:8|16|32)|Uint8Clamped|Float(?:32|64))Array$/.test(tag)) return undefined;
  const View = Reflect.get(globalThis, tag) as new (of: typeof from) => object;
  return new View(from);
}
