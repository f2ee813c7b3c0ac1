/** Refuses bad input, with the same wording for every option of every call. */
import { isThenable } from './promises.js';
import { refusal } from './stack.js';
import { printable, quote } from './text.js';

/** Larger bigints are not written out: a bigint of one megabyte would take seconds. */
const HUGE = 10n ** 60n;

/** A short text about a value, for an error message. Never throws. */
export function show(value: unknown): string {
  try {
    return shown(value);
  } catch {
    return typeof value === 'function' ? 'a function' : 'an object'; // it cannot be read
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'bigint')
    return value < HUGE && value > -HUGE ? `${value}n` : 'a huge bigint';
  if (typeof value === 'function')
    return value.name === '' ? 'a function' : `function ${printable(value.name, 60)}`;
  if (typeof value !== 'object' || value === null) return printable(String(value), 60);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)
    ?.constructor?.name;
  const named = typeof name === 'string' && name !== 'Object' && name !== '';
  return named ? `an instance of ${printable(name, 60)}` : 'an object';
}

const SHOWN_OF_LIST = 3;

/** A short text about the first of several values. */
export function showAll(values: readonly unknown[]): string {
  const first = values.slice(0, SHOWN_OF_LIST).map(show).join(', ');
  return values.length > SHOWN_OF_LIST ? `${first}, ...` : first;
}

/** Makes the TypeError for an option with a value that it does not accept. */
export function badOption(name: string, value: unknown, accepted: string): TypeError {
  return badInput(`${name}: received ${show(value)}; expected ${accepted}`);
}

/** Makes the TypeError for a refused call. Its stack starts where the call was made. */
export function badInput(message: string): TypeError {
  return refusal(new TypeError(message));
}

/** Reads one option. Returns its default for `undefined`, and throws a TypeError for a bad value. */
export type Read<Value, Result> = (value: Value | undefined, name: string) => Result;

/** Makes the reader of an option whose value is used as it is. */
export function option<Value, Unset = undefined>(
  accepted: string,
  isAccepted: (value: Value) => boolean,
  unset?: Unset,
): Read<Value, Value | Unset> {
  return (value, name) => {
    if (value === undefined) return unset as Unset;
    if (isAccepted(value)) return value;
    throw badOption(name, value, accepted);
  };
}

/** Whether a value has all of these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  const object = value as Readonly<Record<string, unknown>> | null | undefined;
  return names.every((name) => typeof object?.[name] === 'function');
}

/**
 * Refuses a promise as a result, because it may still reject.
 *
 * @throws TypeError for a promise
 */
export function checkResult(result: unknown): void {
  if (isThenable(result)) throw badOption('complete', result, 'the awaited value');
}

/** Whether a value is a `Uint8Array`, even one from another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

/** The option names of one call, and what to say about the names that other libraries use. */
export interface OptionNames {
  /** What messages call these options, such as `ActivityOptions`. */
  readonly of: string;
  /** An example of good options, such as `{ startDelay: '5s' }`. */
  readonly example: string;
  readonly known: readonly string[];
  /** What to use instead of a name from another library. */
  readonly elsewhere?: (name: string) => string | undefined;
}

/**
 * Refuses values that are not objects, and unknown names.
 *
 * @throws TypeError that says what to use instead, or the nearest known name, or all known names
 */
export function checkNames(options: object, names: OptionNames): void {
  if (!isFields(options)) {
    throw badOption(names.of, options, `an object such as ${names.example}`);
  }
  for (const name in options) {
    if (!names.known.includes(name)) throw unknownOption(name, names);
  }
}

/** Whether a value can be an object of options. */
export function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The hint for a name; undefined if the table has none. */
export function hints(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function unknownOption(name: string, { of, known, elsewhere }: OptionNames): TypeError {
  const hint = elsewhere?.(name);
  const advice = hint === undefined ? nearest(name, known) : `here it is ${hint}`;
  return badInput(`${of} has no option ${quote(name)}; ${advice}`);
}

/** Suggests the known name with the fewest edits, if at most a third of the word changes. */
function nearest(name: string, known: readonly string[]): string {
  const word = name.slice(0, 60).toLowerCase();
  const edits = known.map((candidate) => editDistance(word, candidate.toLowerCase()));
  const fewest = Math.min(...edits);
  const near = known[edits.indexOf(fewest)];
  return near === undefined || fewest > Math.max(2, Math.ceil(word.length / 3))
    ? `known options: ${known.join(', ')}`
    : `did you mean ${quote(near)}?`;
}

/** The Levenshtein distance, computed one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const letter of from) {
    const above = row;
    let left = Infinity;
    row = above.map((edits, index) => {
      const kept = (above[index - 1] ?? Infinity) + (letter === to[index - 1] ? 0 : 1);
      return (left = Math.min(edits + 1, left + 1, kept));
    });
  }
  return row.at(-1) ?? 0;
}
