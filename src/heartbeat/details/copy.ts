/**
 * Heartbeat details are copied when they come in and again when they are given out, so a later change
 * to an object never shows. This walk decides what details may be. They are a tree: a value that
 * occurs twice is copied twice, and a cycle is refused.
 */
import { printable, quote, shortened } from '../../kernel/text.js';
import { HeartbeatDetailsError } from '../../kernel/errors.js';
import { CONTAINER, INDEX, NOTE, QUOTES, sizeOf, slowTexts, tooLarge } from './size.js';

/** What the user's serializer makes of an instance: a copy of it, or the fields to copy. */
export type Registered = { copy: object; size: number } | { copy?: undefined; fields: object };

type FindRegistered = (instance: object) => Registered | undefined;

const MAX_DEPTH = 100;

/**
 * Makes a deep copy, with a lower bound of its size in bytes: see `size.ts`.
 *
 * @throws HeartbeatDetailsError with the path of the first value that cannot be copied, or when the
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
  /** The objects that the walk is inside. */
  readonly #open: object[] = [];
  #isSlow?: ReturnType<typeof slowTexts>;

  constructor(find: FindRegistered, limit: number) {
    this.#find = find;
    this.#limit = limit;
  }

  /** @param reach the length of the path from the nearest object that needs a note */
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
      return this.#refuse('reading it throws', error); // the user's getter or proxy
    }
  }

  #copyObject(value: object, reach: number): object {
    if (isPlain(value)) return this.#copyFields(value, reach);
    const name = classNameOf(value);
    if (name === 'Array' && Array.isArray(value)) return this.#copyArray(value, reach);
    this.#count(NOTE + reach);
    // The tag is right for classes of other realms, and the class is right for subclasses.
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
      this.#refuse(`an instance of ${name}, which needs registerCustom`);
    }
    if (tag === 'Error') return this.#copyError(value as Error);
    if (ArrayBuffer.isView(value)) {
      this.#count(2 * value.byteLength);
      return viewOf(tag, value) ?? this.#refuse(tag);
    }
    if (tag === 'Promise') return this.#refuse('a promise');
    if (isBuiltIn && tag === name) return this.#copyBuiltIn(value, tag);
    if (name === 'Object') return this.#refuse('an object with its own prototype');
    return this.#refuse(`an instance of ${name}`, undefined, REGISTER);
  }

  /** @param owner the object that the fields are part of */
  #copyFields(from: object, reach: number, owner = from): Fields {
    const fields = this.#read(from);
    const [symbol] = Object.getOwnPropertySymbols(fields);
    if (symbol !== undefined) this.#refuseAt(symbol.toString(), 'a symbol key');
    for (const key in fields) {
      const item = fields[key];
      this.#count(key.length + QUOTES);
      if (isPrimitive(item)) this.#count(sizeOf(item, reach + key.length));
      else if (Object.hasOwn(fields, key))
        fields[key] = this.#at(owner, key, item, reach + key.length + 1);
    }
    return fields;
  }

  /** Copies the fields of an object as own fields, even `__proto__`. */
  #read(value: object): Fields {
    try {
      return { ...value };
    } catch (error) {
      for (const key of Object.keys(value)) {
        this.#path.push(key);
        Reflect.get(value, key); // throws again, now with a path
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
    if (name !== undefined) this.#refuseAt(name, 'a named array property');
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

  /** Copies the name, message and cause of an error, but not its stack. */
  #copyError(error: Error): Error {
    const [name, message] = [error.name, error.message].map(String);
    const said: Fields = { name, message };
    if (Object.hasOwn(error, 'cause') && error.cause !== undefined) said['cause'] = error.cause;
    const copy = new Error(message, this.#copyFields(said, 0, error)); // with the cause, if any
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
      `${path}: ${kind}; heartbeat details must be data that can be copied${advice}`,
      cause === undefined ? { path } : { path, cause },
    );
  }
}

type Fields = Record<string, unknown>;

/** Whether a value needs no copy. Symbols do not count, because they are refused like functions. */
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

/** Whether an object has the Object.prototype of any realm, or no prototype. */
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

/** The built-in classes that hold more than their fields. */
const BUILT_IN = /^(?:Date|RegExp|URL|Map|Set|Error|Promise|\w*Array)$/;

/** Makes an instance of the same class with these fields. Calls no setter and no constructor. */
export function likeIt(instance: object, fields: object): object {
  const prototype = Object.getPrototypeOf(instance) as object;
  return Object.create(prototype, Object.getOwnPropertyDescriptors(fields)) as object;
}

/** A typed array by its tag; undefined for BigInt arrays. A Buffer has the tag Uint8Array. */
export function viewOf(tag: string, from: ArrayBufferLike | ArrayBufferView): object | undefined {
  if (!/^(?:(?:Ui|I)nt(?:8|16|32)|Uint8Clamped|Float(?:32|64))Array$/.test(tag)) return undefined;
  const View = Reflect.get(globalThis, tag) as new (of: typeof from) => object;
  return new View(from);
}
