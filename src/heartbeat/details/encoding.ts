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
  serialize(value: unknown): { json: unknown; meta?: unknown };
  /** Gives the value again, from what `JSON.parse` has read. */
  deserialize(payload: { json: unknown; meta?: unknown }): unknown;
}

type Fields = Record<string, unknown>;
type Payload = ReturnType<DetailsSerializer['serialize']>;

/** The notes that are followed, by the JSON that they may be on: no others are written here. */
const NOTES: Readonly<Record<string, RegExp>> = {
  null: /^undefined$/,
  string: /^(?:number|Date|regexp|URL|custom,~bigint)$/,
  array: /^(?:set|map|custom,~view)$/,
  object: /^(?:Error|custom,~keys|custom,~instance)$/,
};

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
    add(
      '~instance',
      (value: object) => this.#writers.has(value),
      (copy: object) => this.#writers.get(copy)?.(),
      this.#read,
    );
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
      ([tag, ...bytes]: [string, ...number[]]) => viewOf(tag, Uint8Array.from(bytes).buffer),
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
    if (details === undefined) throw notDetails('undefined');
    return details;
  }

  /** The copy of an instance; undefined if its class is not registered. */
  readonly registered = (instance: object): Registered | undefined => {
    const written = this.#ask(instance);
    // A class is known although what is inside cannot be written, so it is asked for without.
    const { type, json, inside } =
      written ?? this.#ask(likeIt(instance, Object.keys(instance))) ?? {};
    if (type?.[0] === 'class') {
      const copy = likeIt(instance);
      this.#writers.set(copy, () => {
        const fields = this.#superjson.serialize({ ...copy }); // details like any other
        return payloadOf(fields.json, [type, fields.meta?.values]);
      });
      return { copy, fields: Object.keys(json as object), size: 0 };
    }
    if (written === undefined || type?.[0] !== 'custom') return undefined;
    const text = JSON.stringify(payloadOf(json, [type, inside]));
    const copy = this.decode(text) as object;
    this.#writers.set(copy, () => JSON.parse(text) as Payload);
    return { copy, size: text.length };
  };

  /** What the user's serializer makes of an instance: its first note is on the class. */
  #ask(instance: object): { json: unknown; type: unknown[]; inside: unknown } | undefined {
    try {
      const { json, meta } = (this.#serializer as DetailsSerializer).serialize(instance);
      const [type, inside] = (meta as { values: [unknown[], unknown] }).values;
      return { json, type, inside };
    } catch {
      return undefined;
    }
  }

  readonly #read = (payload: unknown): unknown => {
    if (!isFields(payload) || !('json' in payload)) throw notDetails('without json');
    const { json, meta = payloadOf(json, {}).meta } = payload;
    if (!isFields(meta) || Object.keys(meta).join() !== 'values,v' || meta['v'] !== 1) {
      throw notDetails('of its meta');
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
        const next = at[name];
        const isInside = Array.isArray(next) || isFields(next);
        if (!isInside || !Object.hasOwn(next, step)) throw notDetails('with a note on nothing');
        [at, name] = [next as Fields, step];
      }
      if (!Array.isArray(subtree)) throw notDetails('with a note that is none');
      this.#follow(subtree, at, name);
    }
    if (note === undefined) return;
    const made = this.#make(note, holder[key]);
    if (typeof made === 'object' && made !== null) this.#made.add(made);
    holder[key] = made;
  }

  #make(note: unknown, json: unknown): unknown {
    const name = String(note);
    const kind = json === null ? 'null' : Array.isArray(json) ? 'array' : typeof json;
    if (this.#made.has(json as object)) throw notDetails('with two notes on one value');
    const meta = { values: [note], v: 1 };
    if (NOTES[kind]?.test(name) !== true) return this.#makeInstance(note, json, meta);
    const problem = this.#costs.problemOf(name, json);
    if (problem !== undefined) throw notDetails(`with ${problem}`);
    const made: unknown = this.#superjson.deserialize({ json, meta } as never, { inPlace: true });
    if (made === undefined && json !== null) throw notDetails('with a view of another kind');
    return made;
  }

  #makeInstance(note: unknown, json: unknown, meta: unknown): unknown {
    const type: unknown = Array.isArray(note) ? note[0] : undefined;
    const isKnown = this.#serializer !== undefined && (type === 'class' || type === 'custom');
    if (!isKnown) throw notDetails(`with a note ${show(String(note))} that does not fit`);
    if (type === 'custom') return this.#serializer.deserialize({ json, meta });
    if (!isFields(json)) throw notDetails('of an instance without fields');
    const instance = this.#serializer.deserialize({ json: {}, meta }) as object;
    // Assigned, they would call the setters of the class.
    for (const [field, item] of Object.entries(json)) define(instance, field, item);
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
  return Object.fromEntries(
    entries.map(([key, item]) => [RESERVED.test(key) ? rename(key) : key, item]),
  );
}

/** The keys in a path of superjson's, where a backslash is put before dots and backslashes. */
function stepsOf(path: string): string[] {
  const steps = [''];
  for (const part of path.match(/\\[.\\]|[^]/g) ?? []) {
    if (part === '\\') throw notDetails('with a note on nothing');
    if (part === '.') steps.push('');
    else steps.push(`${steps.pop() ?? ''}${part.slice(-1)}`);
  }
  return steps;
}

function notDetails(why: string): TypeError {
  return new TypeError(`not heartbeat details: ${why}`);
}
