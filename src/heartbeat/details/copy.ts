/**
 * Heartbeat details are copied when they are given and again when they are handed out, so no later
 * change to an object ever shows. This walk decides what details may be. They are a tree: a value
 * that is met twice is copied twice, and a cycle is refused.
 */
import { printable, quote, shortened } from '../../kernel/text.js';
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { CONTAINER, INDEX, NOTE, QUOTES, sizeOf, slowTexts, tooLarge } from './size.js';

/** What the user's serializer knows of an instance: a copy of it, or the fields that it copies. */
export type Registered = { copy: object; size: number } | { copy?: undefined; fields: object };

export type FindRegistered = (instance: object) => Registered | undefined;

const MAX_DEPTH = 100;

/**
 * A deep copy, and a bound of the bytes that it takes: see `size.ts`.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept, and once the
 * size is over the limit
 */
export function copyDetails(
  details: unknown,
  find: FindRegistered = () => undefined,
  limit = Infinity,
): { readonly value: unknown; readonly size: number } {
  const walk = new Walk(find, limit);
  const value = walk.copy(details, 0);
  return { value, size: walk.size };
}

type Step = string | number;

const REGISTER = ": pass its fields, or register its class on the runtime's serializer";

class Walk {
  size = 0;
  readonly #find: FindRegistered;
  readonly #limit: number;
  readonly #path: Step[] = [];
  /** The objects that the walk is inside of. */
  readonly #open: object[] = [];
  #isSlow?: ReturnType<typeof slowTexts>;

  constructor(find: FindRegistered, limit: number) {
    this.#find = find;
    this.#limit = limit;
  }

  /** @param reach the length of the path from the nearest object that JSON lacks */
  copy(value: unknown, reach: number): unknown {
    if (isPrimitive(value)) {
      this.#count(sizeOf(value, reach));
      return value;
    }
    if (typeof value !== 'object' || value === null) return this.#refuse(typeof value);
    if (this.#open.includes(value)) this.#refuse('a cycle');
    if (this.#open.length >= MAX_DEPTH) this.#refuse(`nested deeper than ${MAX_DEPTH} levels`);
    this.#count(CONTAINER);
    try {
      return this.#copyObject(value, reach);
    } catch (error) {
      if (error instanceof HeartbeatDetailsError) throw error;
      return this.#refuse('reading it throws', error); // a getter or a proxy of the user's
    }
  }

  #copyObject(value: object, reach: number): object {
    if (isPlain(value)) return this.#copyFields(value, reach);
    const name = classNameOf(value);
    if (name === 'Array' && Array.isArray(value)) return this.#copyArray(value, reach);
    this.#count(NOTE + reach);
    // The tag is not fooled by a class of another realm, the class not by a subclass.
    const ownTag = Object.prototype.toString.call(value).slice(8, -1);
    const tag = value instanceof Error || ownTag === 'DOMException' ? 'Error' : ownTag;
    const isBuiltIn = BUILT_IN.test(tag);
    const registered = isBuiltIn && tag === name ? undefined : this.#find(value);
    if (registered?.copy !== undefined) {
      this.#count(registered.size);
      return registered.copy;
    }
    if (registered !== undefined) {
      if (!isBuiltIn) return likeIt(value, this.#copyFields(registered.fields, 0, value));
      this.#refuse(`an instance of ${name}, more than its fields (see registerCustom)`);
    }
    if (tag === 'Error') return this.#copyError(value as Error);
    if (ArrayBuffer.isView(value)) {
      this.#count(2 * value.byteLength);
      return viewOf(tag, value) ?? this.#refuse(tag);
    }
    if (tag === 'Promise') return this.#refuse('a promise');
    if (isBuiltIn && tag === name) return this.#copyBuiltIn(value, tag);
    if (name === 'Object') return this.#refuse('an object with a prototype of its own');
    return this.#refuse(`an instance of ${name}`, undefined, REGISTER);
  }

  /** @param owner the object that the fields are part of */
  #copyFields(from: object, reach: number, owner = from): Fields {
    const fields = this.#read(from);
    const [symbol] = Object.getOwnPropertySymbols(fields);
    if (symbol !== undefined) this.#refuseAt(symbol.toString(), 'a symbol as key');
    for (const key in fields) {
      const item = fields[key];
      this.#count(key.length + QUOTES);
      if (isPrimitive(item)) this.#count(sizeOf(item, reach + key.length));
      else if (Object.hasOwn(fields, key))
        fields[key] = this.#at(owner, key, item, reach + key.length + 1);
    }
    return fields;
  }

  /** The fields of an object, all of them its own then, `__proto__` too. */
  #read(value: object): Fields {
    try {
      return { ...value };
    } catch (error) {
      for (const key of Object.keys(value)) {
        this.#path.push(key);
        Reflect.get(value, key); // throws again, and has a path now
        this.#path.pop();
      }
      throw error;
    }
  }

  #copyArray(array: readonly unknown[], reach: number): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < array.length; index++) {
      if (!(index in array)) this.#refuseAt(index, 'an array hole');
      copy.push(this.#at(array, index, array[index], reach + INDEX));
    }
    const [name] = Object.keys(array).slice(array.length);
    if (name !== undefined) this.#refuseAt(name, 'a named property of an array');
    return copy;
  }

  #copyBuiltIn(value: object, tag: string): object {
    if (tag === 'Set') {
      const copy = new Set<unknown>();
      for (const item of value as Set<unknown>) {
        copy.add(this.#at(value, `<#${copy.size}>`, item, INDEX));
      }
      return copy;
    }
    if (tag === 'Map') {
      const copy = new Map<unknown, unknown>();
      for (const [key, item] of value as Map<unknown, unknown>) {
        const name = typeof key === 'string' ? JSON.stringify(shortened(key, 60)) : `#${copy.size}`;
        const copiedKey = this.#at(value, `<key ${name}>`, key, 2 * INDEX);
        copy.set(copiedKey, this.#at(value, `<${name}>`, item, 2 * INDEX));
      }
      return copy;
    }
    if (tag === 'Date') {
      const date = new Date(value as Date);
      return Number.isNaN(date.getTime()) ? this.#refuse('an invalid Date') : date;
    }
    const text = tag === 'URL' ? (value as URL).href : (value as RegExp).source;
    this.#count(text.length);
    this.#isSlow ??= slowTexts();
    if (this.#isSlow(tag, text)) this.#refuse('slow to read back');
    return tag === 'URL' ? new URL(text) : new RegExp(text, (value as RegExp).flags);
  }

  /** Copies name, message and cause: what an error says. The stack stays where it was made. */
  #copyError(error: Error): Error {
    const [name, message] = [error.name, error.message].map(String);
    const said: Fields = { name, message };
    if (Object.hasOwn(error, 'cause') && error.cause !== undefined) said['cause'] = error.cause;
    const copy = new Error(message, this.#copyFields(said, 0, error)); // with a cause, if it has one
    return Object.defineProperty(copy, 'name', { value: name, writable: true, configurable: true });
  }

  #at(owner: object, step: Step, value: unknown, reach: number): unknown {
    if (isPrimitive(value)) return this.copy(value, reach);
    this.#open.push(owner);
    this.#path.push(step);
    const copy = this.copy(value, reach);
    this.#path.pop();
    this.#open.pop();
    return copy;
  }

  #count(bytes: number): void {
    this.size += bytes;
    if (this.size > this.#limit) throw tooLarge(`more than ${this.size}`, this.#limit);
  }

  #refuseAt(step: Step, kind: string): never {
    this.#path.push(step);
    return this.#refuse(kind);
  }

  #refuse(kind: string, cause?: unknown, advice = ''): never {
    const path = printable(`details${this.#path.map(showStep).join('')}`, 10_000);
    throw new HeartbeatDetailsError(
      `${path}: ${kind}; heartbeat details must be data that can be copied and stored${advice}`,
      cause === undefined ? { path } : { path, cause },
    );
  }
}

type Fields = Record<string, unknown>;

/** True for everything that needs no copy. Symbols are refused, as functions are. */
function isPrimitive(value: unknown): boolean {
  if (typeof value === 'object') return value === null;
  return typeof value !== 'function' && typeof value !== 'symbol';
}

export function showStep(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (step.startsWith('<')) return step;
  const isName = step.length <= 60 && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step);
  return isName ? `.${step}` : `[${quote(step)}]`;
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

/** The name of an object's class; 'Object' if it has none. */
function classNameOf(value: object): string {
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'Object';
}

/** The classes of the language that hold more than their fields. */
const BUILT_IN = /^(?:Date|RegExp|URL|Map|Set|Error|Promise|\w*Array)$/;

/** An instance of the same class with these fields. No setter and no constructor is called. */
export function likeIt(instance: object, fields: object): object {
  const prototype = Object.getPrototypeOf(instance) as object;
  return Object.create(prototype, Object.getOwnPropertyDescriptors(fields)) as object;
}

/** A typed array of JSON's numbers, by its tag: that of a Buffer is Uint8Array. */
export function viewOf(tag: string, from: ArrayBufferLike | ArrayBufferView): object | undefined {
  if (!/^(?:(?:Ui|I)nt(?:8|16|32)|Uint8Clamped|Float(?:32|64))Array$/.test(tag)) return undefined;
  const View = Reflect.get(globalThis, tag) as new (of: typeof from) => object;
  return new View(from);
}
