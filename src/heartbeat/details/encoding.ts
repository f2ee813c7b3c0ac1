/**
 * Heartbeat details as text, for a store. The only file that imports superjson, which writes JSON
 * and notes on what JSON lacks: `{"json":{"at":"2026-…"},"meta":{"values":{"at":["Date"]},"v":1}}`.
 * A text may be forged, so a note is checked before superjson is given the value that it is on.
 */
import { SuperJSON } from 'superjson';
import { show } from '../../kernel/bad-input.js';
import { define, isPlain, viewOf, type Registered } from './copy.js';
import { Costs } from './size.js';

/**
 * Writes instances of your classes as JSON and reads them again: a superjson instance with the
 * classes registered, or anything with its two methods.
 */
export interface DetailsSerializer {
  /** Gives what `JSON.stringify` can write. */
  serialize(value: unknown): {
    /** The value as JSON knows it. */
    json: unknown;
    /** What is missing in `json` to make the value again; absent if nothing is. */
    meta?: unknown;
  };
  /** Gives the value again, from what `JSON.parse` has read. */
  deserialize(payload: {
    /** The value as JSON knows it. */
    json: unknown;
    /** What is missing in `json` to make the value again; absent if nothing is. */
    meta?: unknown;
  }): unknown;
}

type Fields = Record<string, unknown>;
type Payload = ReturnType<DetailsSerializer['serialize']>;

/** The notes that are written here, and the JSON that each is on. No others are followed. */
const NOTES =
  /^(?:null undefined|string (?:number|Date|regexp|URL|custom,~bigint)|array (?:set|map|custom,~view)|object (?:Error|custom,~keys|custom,~instance))$/;

/** Keys that superjson refuses to write. */
const RESERVED = /^(?:__proto__|constructor|prototype)~*$/;

export class DetailsEncoding {
  readonly #superjson = new SuperJSON();
  readonly #serializer: DetailsSerializer | undefined;
  /** How the copies of instances are written. */
  readonly #writers = new WeakMap<object, () => Payload>();
  #costs = new Costs();
  /** What a note has made, which takes no second one. */
  #made = new WeakSet();

  constructor(serializer: DetailsSerializer | undefined) {
    this.#serializer = serializer;
    const add = (name: string, isApplicable: unknown, serialize: unknown, deserialize: unknown) => {
      this.#superjson.registerCustom({ isApplicable, serialize, deserialize } as never, name);
    };
    const writers = this.#writers;
    const write = (copy: object): unknown => writers.get(copy)?.();
    add('~instance', (value: object) => writers.has(value), write, this.#read);
    // The work for decimal digits would be the square of their number.
    add(
      '~bigint',
      (value: unknown) => typeof value === 'bigint',
      (value: bigint) => value.toString(16),
      (hex: string) => (hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)),
    );
    // As numbers, NaN and -0 would be lost.
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

  /** The text of details that `copyDetails` has let through. */
  encode(details: unknown): string {
    const { json, meta } = this.#superjson.serialize(details);
    return JSON.stringify(payloadOf(json, meta?.values));
  }

  /** The details of a text; throws for what `encode` cannot have written. */
  decode(text: string): unknown {
    this.#costs = new Costs();
    this.#made = new WeakSet();
    const details = this.#read(JSON.parse(text));
    return details === undefined ? refuse('undefined') : details;
  }

  /** The copy of an instance; undefined if its class is not registered. */
  readonly registered = (instance: object): Registered | undefined => {
    let [json, ...notes] = this.#ask(instance);
    if (notes[0]?.[0] === 'custom') {
      const text = JSON.stringify(payloadOf(json, notes));
      const copy = this.decode(text) as object;
      this.#writers.set(copy, () => JSON.parse(text) as Payload);
      return { copy, size: text.length };
    }
    // A class is known even if superjson refuses what is inside, so it is asked again without.
    if (notes.length === 0) [json, ...notes] = this.#ask(likeIt(instance, Object.keys(instance)));
    const [type] = notes;
    if (type?.[0] !== 'class') return undefined;
    const copy = likeIt(instance);
    this.#writers.set(copy, () => {
      const fields = this.#superjson.serialize({ ...copy }); // details like any other
      return payloadOf(fields.json, [type, fields.meta?.values]);
    });
    return { copy, fields: Object.keys(json as object), size: 0 };
  };

  /** What the user's serializer writes of an instance: JSON, a note on the class, other notes. */
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
      return refuse('another meta');
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
      if (!Array.isArray(subtree)) refuse('no note');
      this.#follow(subtree, at, name);
    }
    if (note !== undefined) holder[key] = this.#make(note, holder[key]);
  }

  #make(note: unknown, json: unknown): unknown {
    const name = String(note);
    const kind = json === null ? 'null' : Array.isArray(json) ? 'array' : typeof json;
    const isOurs = NOTES.test(`${kind} ${name}`);
    if (this.#made.has(json as object) || (isOurs && this.#costs.isHigh(name, json as string))) {
      refuse(`a note ${show(name)} that this serializer does not write here`);
    }
    const payload = { json, meta: { values: [note], v: 1 } };
    const made: unknown = isOurs
      ? this.#superjson.deserialize(payload as never, { inPlace: true })
      : this.#makeInstance(note, payload);
    if (typeof made === 'object' && made !== null) this.#made.add(made);
    return made;
  }

  #makeInstance(note: unknown, { json, meta }: Payload): unknown {
    const kind: unknown = Array.isArray(note) ? note[0] : undefined;
    const serializer = kind === 'class' || kind === 'custom' ? this.#serializer : undefined;
    if (serializer === undefined || (kind === 'class' && !isFields(json))) {
      return refuse(`a note ${show(String(note))} that this serializer does not write here`);
    }
    if (kind === 'custom') return serializer.deserialize({ json, meta });
    const instance = serializer.deserialize({ json: {}, meta }) as object;
    // Assigned, the fields would call the setters of the class.
    for (const [key, item] of Object.entries(json as Fields)) define(instance, key, item);
    return instance;
  }
}

function payloadOf(json: unknown, values: unknown): Payload {
  return values === undefined ? { json } : { json, meta: { values, v: 1 } };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlain(value);
}

/** An instance of the same class, whose fields hold nothing. */
function likeIt(instance: object, fields: readonly string[] = []): object {
  const empty = Object.create(Object.getPrototypeOf(instance) as object) as object;
  for (const key of fields) define(empty, key, null);
  return empty;
}

function renamed(fields: Fields, rename: (key: string) => string): Fields {
  const entries = Object.entries(fields);
  const inOrder = entries.map(([key, item]) => [RESERVED.test(key) ? rename(key) : key, item]);
  return Object.fromEntries(inOrder) as Fields;
}

/** The keys in a path of superjson's, where a backslash is put before dots and backslashes. */
function stepsOf(path: string): string[] {
  const steps = [''];
  for (const part of path.match(/\\[.\\]|[^]/g) ?? []) {
    if (part === '\\') refuse('a note on nothing');
    if (part === '.') steps.push('');
    else steps.push(`${steps.pop() ?? ''}${part.slice(-1)}`);
  }
  return steps;
}

function refuse(what: string): never {
  throw new TypeError(`not heartbeat details: ${what}`);
}
