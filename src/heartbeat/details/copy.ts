/**
 * Heartbeat details are copied when they are given and again when they are handed out, so no later
 * change to an object ever shows. This walk decides what details may be; all that it lets through
 * comes back as it was, from memory and from a store.
 */
import { HeartbeatDetailsError } from '../../kernel/failures.js';

/**
 * Copies an instance of what the user registered; undefined for every other one. Without
 * `copyField` only by a transformation of the user's: fields are not all that makes the instance,
 * and a class that is registered for its fields alone would lose the rest.
 */
export type CopyInstance = (
  instance: object,
  copyField: ((value: unknown, key: string) => unknown) | undefined,
) => { readonly copy: object; readonly length: number } | 'fields alone' | undefined;

export interface DetailsCopy {
  readonly value: unknown;
  /** Six times this is at least the number of bytes its JSON takes: an escape is as long. */
  readonly length: number;
  /** At most the number of bytes its JSON takes. */
  readonly least: number;
}

const MAX_DEPTH = 100;
/** Six times these: `-1.7976931348623157e+308,`, `false,`, and the punctuation of a container. */
const LENGTH_OF_NUMBER = 5;
const LENGTH_OF_LITERAL = 1;
const LENGTH_OF_CONTAINER = 1;
/** What JSON lacks is written with a word on what it was, and its path. */
const LENGTH_OF_OTHER = 32;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A deep copy.
 *
 * @param enough walks no further once the JSON is sure to be longer
 * @throws HeartbeatDetailsError with the path of the first value that cannot be kept
 */
export function copyDetails(
  details: unknown,
  copyInstance: CopyInstance,
  enough = Infinity,
): DetailsCopy {
  if (typeof details !== 'object' || details === null) {
    if (isData(details)) {
      return { value: details, length: lengthOf(details), least: leastOf(details) };
    }
  } else {
    const flat = copyFlat(details);
    if (flat !== undefined) return flat;
  }
  const walk = new Walk(copyInstance, enough);
  const value = walk.copy(details, 0);
  return { value, length: walk.length, least: walk.least };
}

/** The common case, a plain object of primitives, without a walk; undefined for all others. */
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
  let length = LENGTH_OF_CONTAINER;
  let least = 0;
  for (const key in value) {
    const item = value[key];
    if ((typeof item === 'object' && item !== null) || !isData(item) || FORBIDDEN_KEYS.has(key)) {
      return undefined;
    }
    length += key.length + LENGTH_OF_LITERAL + lengthOf(item);
    least += key.length + leastOf(item);
  }
  return { value, length, least };
}

function isData(value: unknown): boolean {
  return typeof value !== 'function' && typeof value !== 'symbol';
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + LENGTH_OF_LITERAL;
  if (typeof value === 'number') return isInJson(value) ? LENGTH_OF_NUMBER : LENGTH_OF_OTHER;
  if (typeof value === 'bigint') return value.toString(16).length * 2 + LENGTH_OF_OTHER;
  return value === undefined ? LENGTH_OF_OTHER : LENGTH_OF_LITERAL;
}

function isInJson(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function leastOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 1;
}

type Step = string | number;

const REGISTER = ": pass its fields, or register its class on the runtime's serializer";

class Walk {
  length = 0;
  least = 0;
  readonly #enough: number;
  readonly #copyInstance: CopyInstance;
  readonly #seen = new Map<object, unknown>();
  readonly #path: Step[] = [];

  constructor(copyInstance: CopyInstance, enough: number) {
    this.#copyInstance = copyInstance;
    this.#enough = enough;
  }

  copy(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null) {
      if (!isData(value)) this.#refuse(typeof value);
      const length = lengthOf(value);
      this.length += length;
      this.least += leastOf(value);
      if (length >= LENGTH_OF_OTHER) this.#countPath();
      return value;
    }
    if (this.least > this.#enough) return undefined; // nobody will want the copy
    this.length += LENGTH_OF_CONTAINER;
    this.least += 2;
    const seen = this.#seen.get(value);
    if (seen !== undefined) {
      this.#countPath(); // it may be written as a reference
      return seen;
    }
    if (depth >= MAX_DEPTH) this.#refuse(`nested deeper than ${String(MAX_DEPTH)} levels`);
    try {
      return this.#copyObject(value, depth + 1);
    } catch (error) {
      if (error instanceof HeartbeatDetailsError) throw error;
      return this.#refuse('reading it throws', error); // a getter or a proxy of the user's
    }
  }

  #copyObject(value: object, depth: number): unknown {
    if (Array.isArray(value) && constructorName(value) === 'Array') {
      return this.#copyArray(value, depth);
    }
    if (isPlain(value)) return this.#copyFields(value, this.#keep(value, {}), depth);
    this.#countPath();
    // The tag is not fooled by a class of another realm, the constructor not by a subclass.
    const tag = Object.prototype.toString.call(value).slice(8, -1);
    const constructor = constructorName(value);
    if (ArrayBuffer.isView(value)) {
      const registered = constructor !== tag && this.#copyRegistered(value, tag, depth);
      return registered || this.#copyView(value, tag);
    }
    if (constructor === tag) {
      if (tag === 'Date') return this.#copyDate(value as Date);
      if (tag === 'RegExp') return this.#copyRegExp(value as RegExp);
      if (tag === 'URL') return this.#copyUrl(value as URL);
      if (tag === 'Map') return this.#copyMap(value as Map<unknown, unknown>, depth);
      if (tag === 'Set') return this.#copySet(value as Set<unknown>, depth);
    }
    return this.#copyRegistered(value, tag, depth) ?? this.#refuseInstance(tag, constructor);
  }

  /** For what JSON lacks: the path is written once more. */
  #countPath(): void {
    this.length += LENGTH_OF_OTHER;
    for (const step of this.#path) this.length += String(step).length + LENGTH_OF_LITERAL;
  }

  #copyRegistered(value: object, tag: string, depth: number): object | undefined {
    const isError = value instanceof Error || tag === 'Error';
    const fieldsOnly = !isError && !Array.isArray(value) && !BUILT_IN.has(tag);
    const instance = this.#copyInstance(
      value,
      fieldsOnly ? (field, key) => this.#at(key, field, depth) : undefined,
    );
    if (instance === 'fields alone') {
      const name = constructorName(value) ?? tag;
      return this.#refuse(`an instance of ${name}, more than its fields (see registerCustom)`);
    }
    if (instance === undefined) return isError ? this.#copyError(value as Error, depth) : undefined;
    this.length += instance.length;
    return this.#keep(value, instance.copy);
  }

  #refuseInstance(tag: string, constructor: string | undefined): never {
    if (tag === 'Promise') return this.#refuse('a promise');
    if (constructor === undefined || constructor === 'Object') {
      return this.#refuse('an object with a prototype of its own');
    }
    return this.#refuse(`an instance of ${constructor}`, undefined, REGISTER);
  }

  #copyArray(array: readonly unknown[], depth: number): unknown[] {
    const copy: unknown[] = this.#keep(array, []);
    for (let index = 0; index < array.length; index++) {
      if (!(index in array)) this.#refuseAt(index, 'an array hole');
      copy.push(this.#at(index, array[index], depth));
    }
    for (const key of Object.keys(array).slice(array.length)) {
      this.#refuseAt(key, 'a named property of an array');
    }
    return copy;
  }

  #copyFields(from: object, to: Record<string, unknown>, depth: number): object {
    for (const key of Reflect.ownKeys(from)) {
      if (typeof key === 'symbol') {
        if (Object.prototype.propertyIsEnumerable.call(from, key)) {
          this.#refuseAt(key.toString(), 'a symbol as key');
        }
        continue;
      }
      if (!Object.prototype.propertyIsEnumerable.call(from, key)) continue;
      if (FORBIDDEN_KEYS.has(key)) this.#refuseAt(key, 'this key is not allowed');
      this.length += key.length + LENGTH_OF_LITERAL;
      this.least += key.length;
      this.#path.push(key); // before the read: a getter that throws has a path too
      to[key] = this.copy((from as Record<string, unknown>)[key], depth);
      this.#path.pop();
    }
    return to;
  }

  #copyView(view: ArrayBufferView, tag: string): object {
    const make = VIEWS.get(tag);
    if (make === undefined) this.#refuse(tag);
    this.length += view.byteLength * 4;
    const { BYTES_PER_ELEMENT: size } = view as unknown as Uint8Array;
    this.least += (view.byteLength / size) * 2;
    return this.#keep(view, make(view));
  }

  #copyDate(date: Date): Date {
    if (Number.isNaN(date.getTime())) this.#refuse('an invalid Date');
    return this.#keep(date, new Date(date.getTime()));
  }

  #copyRegExp(expression: RegExp): RegExp {
    this.length += expression.source.length;
    return this.#keep(expression, new RegExp(expression));
  }

  #copyUrl(url: URL): URL {
    this.length += url.href.length;
    return this.#keep(url, new URL(url.href));
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const copy = this.#keep(map, new Map<unknown, unknown>());
    let index = 0;
    for (const [key, value] of map) {
      const name = typeof key === 'string' ? JSON.stringify(key) : `#${String(index)}`;
      const copiedKey = this.#at(`<key ${name}>`, key, depth);
      copy.set(copiedKey, this.#at(`<${name}>`, value, depth));
      index++;
    }
    return copy;
  }

  #copySet(set: ReadonlySet<unknown>, depth: number): Set<unknown> {
    const copy = this.#keep(set, new Set());
    let index = 0;
    for (const item of set) copy.add(this.#at(`<#${String(index++)}>`, item, depth));
    return copy;
  }

  /** Name, message and cause: what an error says. The stack stays where it was made. */
  #copyError(error: Error, depth: number): Error {
    const message = text(error.message);
    const copy = this.#keep(error, new Error(message));
    const name = text(error.name);
    this.length += message.length + name.length;
    Object.defineProperty(copy, 'name', { value: name, writable: true, configurable: true });
    if (Object.hasOwn(error, 'cause')) {
      Object.defineProperty(copy, 'cause', {
        value: this.#at('cause', error.cause, depth),
        writable: true,
        configurable: true,
      });
    }
    return copy;
  }

  /** Known before its contents are walked, so that a cycle meets its copy. */
  #keep<T extends object>(original: object, copy: T): T {
    this.#seen.set(original, copy);
    return copy;
  }

  #at(step: Step, value: unknown, depth: number): unknown {
    this.#path.push(step);
    const copy = this.copy(value, depth);
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

/** An error's own fields may hold anything. */
function text(value: unknown): string {
  return String(value);
}

function showStep(step: Step): string {
  if (typeof step === 'number') return `[${String(step)}]`;
  if (step.startsWith('<')) return step;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
    ? `.${step}`
    : `[${JSON.stringify(step)}]`;
}

/** Object.prototype of any realm, or no prototype at all. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return (
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype as object, 'hasOwnProperty') &&
    Object.prototype.toString.call(value) === '[object Object]'
  );
}

function constructorName(value: object): string | undefined {
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** What keeps its contents elsewhere than in fields, so that a subclass of it cannot be copied. */
const BUILT_IN: ReadonlySet<string> = new Set(['Date', 'RegExp', 'URL', 'Map', 'Set', 'Promise']);

type ViewConstructor = new (view: Uint8Array) => object;

const copyAs =
  (constructor: unknown) =>
  (view: ArrayBufferView): object =>
    new (constructor as ViewConstructor)(view as Uint8Array);

/** By tag, so a Buffer, which is a Uint8Array in disguise, becomes a plain one. */
const VIEWS: ReadonlyMap<string, (view: ArrayBufferView) => object> = /* @__PURE__ */ new Map(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
  ].map((view) => [view.name, copyAs(view)]),
);
