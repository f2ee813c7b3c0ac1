/**
 * Heartbeat details as text, for a store. Only this file imports superjson, which writes JSON with
 * notes about types: `{"json":{"at":"2026-…"},"meta":{"values":{"at":["Date"]},"v":1}}`. A text may
 * be forged, so every note is checked before superjson gets the value that the note is about.
 */
import { SuperJSON } from 'superjson';
import { show } from '../../kernel/bad-input.js';
import { isPlain, likeIt, viewOf, type Registered } from './copy.js';
import { slowTexts } from './size.js';

/**
 * Writes instances of your classes as JSON and reads them back. Use a superjson instance with your
 * classes registered, or any object with the same two methods.
 */
export interface DetailsSerializer {
  /** Returns a form of the value that `JSON.stringify` can write. */
  serialize(value: unknown): {
    /** The value as JSON data. */
    json: unknown;
    /** What `json` lacks to restore the value; absent if it lacks nothing. */
    meta?: unknown;
  };
  /** Restores the value from what `JSON.parse` has read. */
  deserialize(payload: ReturnType<DetailsSerializer['serialize']>): unknown;
}

type Fields = Record<string, unknown>;

/** The notes that we write, each with the kind of JSON value that it is about. */
const OURS =
  /^(?:null undefined|string (?:number|Date|regexp|URL|custom,~bigint)|array (?:set|map|custom,~view)|object (?:Error|custom,~keys|custom,~instance))$/;

/** The notes that the user's serializer writes. No other notes are followed. */
const THEIRS = /^(?:object class|\w+ custom),/;

/** Keys that superjson refuses to write. */
const RESERVED = /^(?:__proto__|constructor|prototype)~*$/;

export class DetailsEncoding {
  readonly #superjson = new SuperJSON();
  readonly #serializer: DetailsSerializer | undefined;
  /** The text that the user's `registerCustom` made of an instance, for each copy of one. */
  readonly #texts = new WeakMap<object, string>();
  #isSlow = slowTexts();
  /** The values that a note has made. A second note on them is refused. */
  #made = new WeakSet();

  constructor(serializer: DetailsSerializer | undefined) {
    this.#serializer = serializer;
    const add = (name: string, isApplicable: unknown, serialize: unknown, deserialize: unknown) => {
      this.#superjson.registerCustom({ isApplicable, serialize, deserialize } as never, name);
    };
    const texts = this.#texts;
    const write = (copy: object): unknown => JSON.parse(texts.get(copy) as string);
    add('~instance', (value: object) => texts.has(value), write, this.#read);
    // Decimal digits would take quadratic time.
    add(
      '~bigint',
      (value: unknown) => typeof value === 'bigint',
      (value: bigint) => value.toString(16),
      (hex: string) => (hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)),
    );
    // Bytes, because JSON numbers would lose NaN and -0.
    add(
      '~view',
      (value: unknown) => ArrayBuffer.isView(value),
      (view: Uint8Array) => [view.constructor.name, ...new Uint8Array(view.buffer)],
      ([tag, ...bytes]: [string]) => viewOf(tag, Uint8Array.from(bytes).buffer) ?? refuse(tag),
    );
    add(
      '~keys',
      (value: unknown) => isFields(value) && Object.keys(value).some((key) => RESERVED.test(key)),
      (fields: Fields) => renamed(fields, (key) => `${key}~`),
      (fields: Fields) => renamed(fields, (key) => key.replace(/~$/, '')),
    );
  }

  /** The text of details that `copyDetails` has accepted. */
  encode(details: unknown): string {
    const { json, meta: { values } = {} } = this.#superjson.serialize(details);
    return JSON.stringify({ json, meta: values && { values, v: 1 } });
  }

  /** Reads details from a text. Throws for a text that `encode` cannot have written. */
  decode(text: string): unknown {
    this.#isSlow = slowTexts();
    this.#made = new WeakSet();
    const details = this.#read(JSON.parse(text));
    return details === undefined ? refuse('undefined') : details;
  }

  /** How to copy an instance of a registered class; undefined if its class is not registered. */
  readonly registered = (instance: object): Registered | undefined => {
    let [json, ...notes] = this.#ask(instance);
    if (notes[0]?.[0] === 'custom') {
      const text = JSON.stringify({ json, meta: { values: notes, v: 1 } });
      const copy = this.decode(text) as object;
      this.#texts.set(copy, text);
      return { copy, size: text.length };
    }
    // The class may be known even if superjson refuses its content, so we ask again without content.
    if (notes.length === 0) {
      const hollow = Object.fromEntries(Object.keys(instance).map((key) => [key, null]));
      [json, ...notes] = this.#ask(likeIt(instance, hollow));
    }
    const [kind, name] = notes[0] ?? [];
    if (kind !== 'class') return undefined;
    this.#superjson.registerClass(instance.constructor as never, name as string);
    const kept = Object.entries(instance).filter(([key]) => Object.hasOwn(json as object, key));
    return { fields: Object.fromEntries(kept) };
  };

  /** What the user's serializer writes for an instance: JSON, a note on the class, other notes. */
  #ask(instance: object): [json?: unknown, type?: readonly unknown[], inside?: unknown] {
    try {
      const { json, meta } = (this.#serializer as DetailsSerializer).serialize(instance);
      return [json, ...(meta as { values: [unknown[], unknown] }).values];
    } catch {
      return []; // nothing is registered
    }
  }

  readonly #read = (payload: unknown): unknown => {
    if (!isFields(payload) || !('json' in payload)) return refuse('no json');
    const { json, meta = { values: {}, v: 1 } } = payload;
    if (!isFields(meta) || Object.keys(meta).join() !== 'values,v' || meta['v'] !== 1) {
      return refuse('unknown meta');
    }
    const holder = { json };
    this.#follow(meta['values'], holder, 'json');
    return holder.json;
  };

  /** Follows the notes on what is inside a value, then the note on the value itself. */
  #follow(tree: unknown, holder: Fields, key: string): void {
    const [note, inside] = Array.isArray(tree) ? (tree as unknown[]) : [undefined, tree];
    for (const [path, subtree] of Object.entries(inside ?? {})) {
      let [at, name] = [holder, key];
      for (const step of stepsOf(path)) {
        [at, name] = [at[name] as Fields, step];
        const isInside = (Array.isArray(at) || isFields(at)) && Object.hasOwn(at, name);
        if (!isInside) refuse('a note on nothing');
      }
      if (!Array.isArray(subtree)) refuse('a bad note');
      this.#follow(subtree, at, name);
    }
    if (note !== undefined) holder[key] = this.#make(note, holder[key]);
  }

  #make(note: unknown, json: unknown): unknown {
    const name = String(note);
    const kind = json === null ? 'null' : Array.isArray(json) ? 'array' : typeof json;
    const theirs = THEIRS.test(`${kind} ${name}`) ? this.#serializer : undefined;
    const serializer = OURS.test(`${kind} ${name}`) ? this.#superjson : theirs;
    const isRefused = this.#made.has(json as object) || this.#isSlow(name, json);
    if (serializer === undefined || isRefused) {
      return refuse(`an unknown note ${show(name)}`);
    }
    const isClass = name.startsWith('class');
    const payload = { json: isClass ? {} : json, meta: { values: [note], v: 1 } };
    let made: unknown = serializer.deserialize(payload as never, { inPlace: true });
    // The serializer would call the setters of the class, so it does not get the fields.
    if (isClass) made = likeIt(made as object, json as object);
    if (typeof made === 'object' && made !== null) this.#made.add(made);
    return made;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlain(value);
}

function renamed(fields: Fields, rename: (key: string) => string): Fields {
  const name = (key: string): string => (RESERVED.test(key) ? rename(key) : key);
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [name(key), item]));
}

/**
 * The keys in one of superjson's paths, where dots and backslashes are escaped by a backslash. They
 * come one by one, because a forged path may be long and lead nowhere.
 */
function* stepsOf(path: string): Generator<string> {
  let rest = path.length + 1;
  for (const [whole, step] of `.${path}`.matchAll(/\.((?:\\[.\\]|[^.\\]+)*)/gy)) {
    rest -= whole.length;
    yield (step as string).replace(/\\(.)/g, '$1');
  }
  if (rest > 0) refuse('a note on nothing');
}

function refuse(what: string): never {
  throw new TypeError(`not heartbeat details: ${what}`);
}
