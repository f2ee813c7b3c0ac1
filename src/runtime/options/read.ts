/** Reads the options of calls, once for all calls with the same options. */
import type { ErrorType, RetryPolicy } from '../../retry/policy.js';
import type { ActivityOptions } from './activity-options.js';
import { OWN_OPTIONS, resolveOptions } from './resolve.js';
import { text, type ResolvedOptions } from './table.js';

const NO_OPTIONS: ActivityOptions = {};

/** The number of readings to keep. With more kinds of calls, options are read at each call. */
const KEPT = 16;

/**
 * Keeps the latest readings of options. A program starts most of its activities with the same few
 * options, and reading them costs half of a short call. Calls with the same options share one
 * reading, which also saves memory when many activities are in flight.
 */
export class OptionsReader {
  readonly #defaults: ActivityOptions | undefined;
  readonly #readings: Reading[] = [];
  #next = 0;

  /** @param defaults checked options; later changes to the object do not count */
  constructor(defaults: ActivityOptions | undefined) {
    this.#defaults = defaults && copyOf(defaults);
  }

  /** @throws TypeError that names the option, the value received and what is accepted */
  read(call: ActivityOptions = NO_OPTIONS): ResolvedOptions {
    if (!isComparable(call)) return resolveOptions(call, this.#defaults);
    for (const reading of this.#readings) {
      if (!reading.isOf(call)) continue;
      const { options } = reading;
      // The key often differs between calls that are otherwise the same.
      const concurrencyKey =
        text(call.concurrencyKey, 'concurrencyKey') ?? this.#defaults?.concurrencyKey;
      return options.concurrencyKey === concurrencyKey ? options : { ...options, concurrencyKey };
    }
    const given = copyOf(call);
    const reading = new Reading(given, resolveOptions(given, this.#defaults));
    // If the object inherits options, the copy does not have them.
    if (!reading.isOf(call)) return resolveOptions(call, this.#defaults);
    this.#readings[this.#next] = reading;
    this.#next = (this.#next + 1) % KEPT;
    return reading.options;
  }
}

/** The options that calls gave, and the result of reading them. */
class Reading {
  readonly options: ResolvedOptions;
  readonly #given: Fields;
  readonly #policy: Fields | undefined;

  constructor(given: ActivityOptions, options: ResolvedOptions) {
    this.options = options;
    this.#given = new Fields(given);
    this.#policy = given.retryPolicy && new Fields(given.retryPolicy);
  }

  isOf(call: ActivityOptions): boolean {
    if (!this.#given.areThoseOf(call)) return false;
    const { retryPolicy } = call;
    if (retryPolicy === undefined) return this.#policy === undefined;
    return this.#policy?.areThoseOf(retryPolicy) === true;
  }
}

type Values = Readonly<Record<string, unknown>>;

/** Stands for a value that is compared elsewhere or does not matter. */
const ANY = Symbol();
const NOT_COMPARED = [...OWN_OPTIONS, 'concurrencyKey', 'retryPolicy'];

/** The fields of a call or of its policy, in order, for a fast comparison. */
class Fields {
  readonly #names: string[] = [];
  readonly #values: unknown[] = [];

  constructor(object: object) {
    for (const name in object) {
      this.#names.push(name);
      this.#values.push(NOT_COMPARED.includes(name) ? ANY : (object as Values)[name]);
    }
  }

  areThoseOf(object: object): boolean {
    let count = 0;
    for (const name in object) {
      if (name !== this.#names[count]) return false;
      const value = this.#values[count++];
      if (value !== ANY && !isSame(value, (object as Values)[name])) return false;
    }
    return count === this.#names.length;
  }
}

/** Whether two values are the same. The only objects are lists of error types. */
function isSame(kept: unknown, given: unknown): boolean {
  if (kept === given) return true;
  if (!Array.isArray(kept) || !Array.isArray(given)) return false;
  return kept.length === given.length && kept.every((type, index) => type === given[index]);
}

/** Whether the fields of a call can be compared. Getters of a class would be missed. */
function isComparable(call: ActivityOptions): boolean {
  try {
    return isPlain(call) && (call.retryPolicy === undefined || isPlain(call.retryPolicy));
  } catch {
    return false; // it cannot be read
  }
}

/** Whether a value is a plain object. Asking for the constructor is faster than the prototype. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && value.constructor === Object;
}

/** A copy of the options of a call, which later changes do not affect. */
function copyOf(call: ActivityOptions): ActivityOptions {
  const { retryPolicy } = call;
  return retryPolicy === undefined
    ? { ...call }
    : { ...call, retryPolicy: copyOfPolicy(retryPolicy) };
}

function copyOfPolicy(policy: RetryPolicy): RetryPolicy {
  const types: readonly ErrorType[] | undefined = policy.nonRetryableErrorTypes;
  return Array.isArray(types)
    ? { ...policy, nonRetryableErrorTypes: Array.from<ErrorType>(types) }
    : { ...policy };
}
